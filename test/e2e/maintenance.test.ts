/** Maintenance windows of the master's schedule: new tasks keep away, what runs moves away, inverse offers are answered, what is called off is forgotten. */
import assert from 'node:assert/strict';
import { System, until } from './system.js';

const hourNs = 3_600e9;

describe('beside a maintenance schedule', function () {
  this.timeout(180_000);
  let system: System;

  before(async () => {
    system = await System.start({ agents: 3 });
  });
  after(() => system?.stop());

  const page = async (path: string, body?: object) => {
    const init = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    const answer = await fetch(`${system.mesos.masterUrl}${path}`, init);
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer;
  };
  const schedule = (...hostnames: string[]) => {
    const unavailability = { start: { nanoseconds: Date.now() * 1e6 }, duration: { nanoseconds: hourNs } };
    const machine_ids = hostnames.map((hostname) => ({ hostname, ip: '127.0.0.1' }));
    return page('/maintenance/schedule', { windows: hostnames.length > 0 ? [{ machine_ids, unavailability }] : [] });
  };
  const plain = (id: string, instances: number) => ({ id, cmd: 'exec sleep 1000', cpus: 0.1, mem: 32, instances });
  const run = async (spec: { id: string; instances: number; constraints?: string[][] }) => {
    await system.deploy(spec);
    await until(`${spec.id} runs`, 60_000, async () => {
      const { body } = await system.request('GET', `/v2/apps${spec.id}`);
      return body.app.tasksRunning === spec.instances;
    });
  };
  const hostsOf = async (id: string): Promise<string[]> => {
    const { body } = await system.request('GET', `/v2/apps${id}`);
    return body.app.tasks.map(({ host }: { host: string }) => host);
  };
  const answersOf = async (): Promise<string[]> => {
    const status = (await (await page('/maintenance/status')).json()) as {
      draining_machines?: { statuses?: { status: string }[] }[];
    };
    return (status.draining_machines ?? []).flatMap(({ statuses }) => (statuses ?? []).map((one) => one.status));
  };

  it('new tasks avoid the agent, what runs there moves when a successor runs, and then its inverse offer is accepted', async () => {
    await run(plain('/there', 1));
    const [host] = (await hostsOf('/there')) as [string];
    await schedule(host);
    await run(plain('/new', 4));
    assert.equal((await hostsOf('/new')).includes(host), false);
    await until('the task has moved', 60_000, async () => {
      const hosts = await hostsOf('/there');
      return hosts.length === 1 && hosts[0] !== host;
    });
    await until('the agent may go', 90_000, async () => (await answersOf()).includes('ACCEPT'));
    const { body } = await system.request('GET', '/v2/apps/there');
    const told = body.app.story.filter(({ text }: { text: string }) => text.includes(`was stopped: ${host} goes down`));
    assert.equal(told.length, 1);
    assert.match(told[0].text, /goes down: maintenance has begun at .*Z, and takes 60 min$/);
  });

  it('an agent whose window is called off is as good as others again', async () => {
    const all = ['/there', '/new'].map(hostsOf);
    const busy = (await Promise.all(all)).flat();
    await schedule(...new Set(busy));
    await schedule();
    assert.deepEqual(await answersOf(), []);
    const unique = [['hostname', 'UNIQUE']];
    await run({ ...plain('/everywhere', 3), constraints: unique });
    const { body } = await system.request('GET', '/v2/apps/everywhere/placement');
    assert.doesNotMatch(JSON.stringify(body), /maintenance/);
  });
});
