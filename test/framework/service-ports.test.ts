/** Ports for load balancers: given out once, kept as long as the app wants any. */
import assert from 'node:assert/strict';
import { buildOver, call } from './api/harness.js';
import { settled } from './model/running.js';
import { World } from './model/world.js';
import { WorldService } from './model/world-service.js';

const small = { cmd: 'exec sleep 1000', cpus: 0.1, mem: 16 };

describe('service ports', () => {
  let world: World;

  function begin(max = 20_000): void {
    world = new World();
    world.servicePorts = { min: 10_000, max };
    world.crash();
    world.connect();
    buildOver(new WorldService(world), { now: () => world.now });
  }
  const send = async (method: string, url: string, body?: object) => {
    const answer = await call(method, url, body);
    world.until(settled);
    return answer;
  };
  const portsOf = (id: string) => world.app(id).spec.portDefinitions.map(({ port }) => port);
  const ports = (...list: number[]) => ({ portDefinitions: list.map((port) => ({ port })) });
  const tasksOf = (id: string) => world.app(id).tasks.map((task) => task.id);

  it('are given in place of 0, each once, and shown with the app, its tasks and where they are', async () => {
    begin();
    const made = await call('POST', '/v2/apps', { id: '/a', ...small, ...ports(0, 10_001) });
    assert.deepEqual(
      made.body.portDefinitions.map(({ port }: { port: number }) => port),
      [10_000, 10_001],
    );
    world.until(settled);
    await send('PUT', '/v2/groups', {
      apps: [{ id: 'a', ...small, ...ports(0, 10_001) }],
      groups: [
        {
          id: 'g',
          apps: [
            { id: 'b', ...small, ...ports(0, 0) },
            { id: 'c', ...small },
          ],
        },
      ],
    });
    assert.deepEqual([portsOf('/a'), portsOf('/g/b'), portsOf('/g/c')], [[10_000, 10_001], [10_002, 10_003], [10_004]]);
    const { body } = await call('GET', '/v2/apps/g/b/tasks');
    assert.deepEqual(body.tasks[0].servicePorts, [10_002, 10_003]);
    assert.ok(
      body.tasks[0].ports.every((port: number) => port >= 31_000),
      'tasks have ports of their agent',
    );
    const { body: text } = await call('GET', '/v2/apps/g/c/tasks', undefined, { accept: 'text/plain' });
    assert.match(text, /^g_c\t10004\t/);
    const { marathon_config } = (await call('GET', '/v2/info')).body;
    assert.deepEqual([marathon_config.local_port_min, marathon_config.local_port_max], [10_000, 20_000]);
  });

  it('stay when the app is sent again, and nothing is restarted; an app that goes gives its own back', async () => {
    begin();
    await send('POST', '/v2/apps', { id: '/a', ...small, ...ports(0, 0) });
    const before = tasksOf('/a');
    await send('PUT', '/v2/apps/a?partialUpdate=false', { ...small, ...ports(0, 0), instances: 2 });
    assert.deepEqual([portsOf('/a'), tasksOf('/a').includes(before[0] ?? '')], [[10_000, 10_001], true]);
    await send('PUT', '/v2/apps/a', { ...ports(0, 8080, 0) });
    assert.deepEqual(portsOf('/a'), [10_000, 8080, 10_001]);
    await send('PUT', '/v2/apps/a', { ...ports(10_001, 0) });
    assert.deepEqual(portsOf('/a'), [10_001, 10_000]);
    await send('DELETE', '/v2/apps/a');
    await send('POST', '/v2/apps', { id: '/b', ...small });
    assert.deepEqual(portsOf('/b'), [10_000]);
  });

  it('are not given where ports are those of agents, and refused by name when none is left', async () => {
    begin(10_001);
    await send('POST', '/v2/apps', { id: '/agents', ...small, ...ports(0), requirePorts: true });
    assert.deepEqual(portsOf('/agents'), [0]);
    await send('POST', '/v2/apps', { id: '/two', ...small, ...ports(0, 0) });
    const { status, body } = await call('POST', '/v2/apps', { id: '/more', ...small });
    assert.equal(status, 422);
    assert.match(
      body.details[0].errors[0],
      /"\/more" can be given no service port: all from 10000 to 10001 are taken; give/,
    );
    assert.equal((await send('POST', '/v2/apps', { id: '/none', ...small, portDefinitions: [] })).status, 201);
  });
});
