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
    await system.request('DELETE', `/v2/apps${id}`);
    await until('the servers have ended', 20_000, async () => system.servers().length === 0);
  });
});
