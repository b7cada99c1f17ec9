/** Replicas that are moved while a client writes: nothing acknowledged is lost, and the agents are empty. */
import assert from 'node:assert/strict';
import { type Group, leader, redisSpec, System, until } from './system.js';
import { Writer } from './writer.js';

describe('moves', function () {
  this.timeout(180_000);
  let system: System;

  before(async () => {
    system = await System.start();
  });
  after(() => system?.stop());

  const hosts = (group: Group) => group.replicas.map(({ host }) => host).sort();
  const gaia = async (...args: string[]) => {
    const ran = await system.gaia(...args);
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    return ran.stdout;
  };

  it('drain the agent of the leader, then a zone, under load', async () => {
    const id = '/moves/drained';
    await system.deploy(redisSpec(id));
    await system.deploy({ id: '/moves/plain', cmd: 'exec sleep 1000', cpus: 0.1, mem: 16, instances: 4 });
    const led = leader(await system.whole(id));
    const writer = new Writer(system, id);
    await gaia('drain', led.host, '--timeout', '90');
    const moved = await system.whole(id);
    assert.ok(!hosts(moved).includes(led.host), hosts(moved).join(' '));
    await gaia('drain', 'zone=b', '--timeout', '90');
    const last = await system.whole(id);
    const { body } = await system.request('GET', '/v2/tasks');
    const drains = (await system.request('GET', '/v2/placement/drains')).body.drains;
    const drained = drains.flatMap(({ agents }: { agents: { hostname: string }[] }) =>
      agents.map((one) => one.hostname),
    );
    assert.deepEqual(
      body.tasks.filter(({ host }: { host: string }) => drained.includes(host)),
      [],
    );
    assert.equal(body.tasks.length, 7);
    assert.deepEqual(system.servers().length, 3);
    assert.deepEqual(await writer.stop(), []);
    assert.ok(writer.acknowledged.length > 500, `${writer.acknowledged.length} writes`);
    await gaia('drain', '--end', led.host);
    await gaia('drain', '--end', 'zone=b');
    assert.deepEqual(hosts(await system.whole(id)), hosts(last));
  });

  it('rebalance what a drain has left crowded, under load', async () => {
    const id = '/moves/drained';
    const before = await system.whole(id);
    const writer = new Writer(system, id);
    const told = await gaia('rebalance', '--timeout', '90');
    assert.match(told, /\/moves\/drained \d: agent-\d -> agent-\d/);
    const after = await system.whole(id);
    assert.notDeepEqual(hosts(after), hosts(before));
    assert.deepEqual(await writer.stop(), []);
    for (const app of [id, '/moves/plain']) await system.request('DELETE', `/v2/apps${app}`);
    await until('the servers have ended', 20_000, async () => system.servers().length === 0);
  });

  it('go on when the framework is killed in the middle of a drain', async () => {
    const id = '/moves/crash';
    await system.deploy(redisSpec(id, { instances: 2 }));
    const before = await system.whole(id, 2);
    const writer = new Writer(system, id);
    await gaia('drain', 'rack=r1', 'rack=r3', '--detach');
    await until('a successor is placed', 30_000, async () => system.servers().length > 2);
    process.kill(system.frameworkPid, 'SIGKILL');
    const ran = await system.upAgain();
    assert.equal(ran.status, 0, ran.stderr);
    const { drains } = (await system.request('GET', '/v2/placement/drains')).body;
    assert.deepEqual([drains.length, drains[0].wanted], [1, { rack: ['r1', 'r3'] }]);
    await until('the agents are empty', 60_000, async () => {
      const { body } = await system.request('GET', '/v2/placement/drains');
      return body.drains[0].tasks === 0;
    });
    assert.ok(hosts(before).some((host) => host !== 'agent-3' && host !== 'agent-4'));
    assert.ok(hosts(await system.whole(id, 2)).every((host) => host === 'agent-3' || host === 'agent-4'));
    assert.deepEqual(await writer.stop(), []);
    await system.request('DELETE', `/v2/apps${id}`);
    await gaia('drain', '--end', 'rack=r1', 'rack=r3');
    await until('the servers have ended', 20_000, async () => system.servers().length === 0);
  });

  it('preempt a replica and a task under load, which come back when there is room', async () => {
    const id = '/moves/preempted';
    const sleep = { cmd: 'exec sleep 1000', mem: 16, instances: 2 };
    await system.deploy(redisSpec(id, { cpus: 1.2 }));
    await system.whole(id);
    await system.deploy({ ...sleep, id: '/moves/low', cpus: 1.2, priority: 1 });
    const running = async (app: string) => {
      const { body } = await system.request('GET', `/v2/apps${app}/tasks`);
      return body.tasks.filter(({ state }: { state: string }) => state === 'TASK_RUNNING').length;
    };
    await until('all agents are in use', 30_000, async () => (await running('/moves/low')) === 2);
    const writer = new Writer(system, id);
    await system.deploy({ ...sleep, id: '/moves/important', cpus: 1.5, priority: 5 });
    await until('the important tasks run', 60_000, async () => (await running('/moves/important')) === 2);
    const reduced = await system.group(id);
    assert.deepEqual([reduced.group.state, system.servers().length, await running('/moves/low')], ['degraded', 2, 1]);
    assert.match(await gaia('explain', id), /preempted by \/moves\/important/);
    assert.match(
      await gaia('app', 'show', '/moves/low'),
      /it is preempted by \/moves\/important, which has priority 5/,
    );
    await system.request('DELETE', '/v2/apps/moves/important');
    await system.whole(id);
    await until('the task is back', 30_000, async () => (await running('/moves/low')) === 2);
    assert.deepEqual(await writer.stop(), []);
    assert.ok(writer.acknowledged.length > 500, `${writer.acknowledged.length} writes`);
  });
});
