/** The promise of the README, as a user sees it: an unmodified Redis goes on through the death of its leader. */
import assert from 'node:assert/strict';
import { RespConnection } from '../resp.js';
import { type Group, leaderOf, portOf, redisSpec, System, until } from './system.js';

const APP = '/demo/ledger';

describe('a replicated Redis', function () {
  this.timeout(180_000);
  let system: System;
  let group: Group;

  before(async () => {
    system = await System.start();
    await system.deploy(redisSpec(APP));
    group = await system.whole(APP);
  });
  after(() => system?.stop());

  it('has its replicas on three agents in different racks and both zones', async () => {
    const { body } = await system.request('GET', `/v2/apps${APP}`);
    const tasks = body.app.tasks as { slaveId: string; zone: string }[];
    assert.equal(new Set(tasks.map((task) => task.slaveId)).size, 3);
    assert.equal(new Set(tasks.map((task) => task.zone)).size, 2);
    const placement = await system.request('GET', `/v2/apps${APP}/placement`);
    assert.match(JSON.stringify(placement.body), /any one/);
  });

  it('takes writes through the address of every replica', async () => {
    for (const replica of group.replicas) {
      const client = await RespConnection.open(portOf(replica));
      assert.equal(await client.call('SET', `through-${replica.member}`, 'yes'), 'OK');
      client.close();
    }
    const reader = await RespConnection.open(portOf(group.replicas[0] as { address: string }));
    for (const replica of group.replicas) assert.equal(await reader.call('GET', `through-${replica.member}`), 'yes');
    reader.close();
  });

  it('keeps every acknowledged write when the leader is killed, and is whole again on another agent', async () => {
    const leader = leaderOf(group);
    assert.ok(leader?.pid);
    const survivors = group.replicas.filter((replica) => replica !== leader);
    const client = await RespConnection.open(portOf(survivors[0] as { address: string }));
    let acknowledged = 0;
    for (; acknowledged < 500; acknowledged++) await client.call('INCR', 'counter');
    client.close();

    const killedAt = Date.now();
    process.kill(leader.pid, 'SIGKILL');
    await until('a write on a survivor', 10_000, async () => {
      const again = await RespConnection.open(portOf(survivors[0] as { address: string }));
      try {
        const value = await again.call('INCR', 'counter');
        assert.equal(Number(value), acknowledged + 1);
        return true;
      } finally {
        again.close();
      }
    });
    assert.ok(Date.now() - killedAt < 1000, `writes came back after ${Date.now() - killedAt} ms`);

    const before = group.replicas.map((replica) => replica.member);
    group = await system.replaced(APP, leader.member);
    const added = group.replicas.filter((replica) => !before.includes(replica.member));
    assert.equal(added.length, 1);
    assert.notEqual(added[0]?.agentId, leader.agentId, 'the replacement is on another agent');
    await until('the replacement has caught up', 10_000, async () => {
      const now = await system.group(APP);
      return now.replicas.find((replica) => replica.member === added[0]?.member)?.lagEntries === 0;
    });
    assert.deepEqual(
      group.replicas.map((replica) => replica.divergence),
      [null, null, null],
    );
  });

  it('tells the story', async () => {
    const ran = await system.gaia('app', 'show', APP);
    assert.equal(ran.status, 0, ran.stderr);
    for (const part of [/signal|SIGKILL/i, /lead/i, /replace/i, /whole/i]) assert.match(ran.stdout, part);
    const explained = await system.gaia('explain', APP);
    assert.equal(explained.status, 0, explained.stderr);
    assert.match(explained.stdout, /score/);
  });

  it('serves the data from the replacement after the other replicas of the first day are gone too', async () => {
    for (let round = 0; round < 2; round++) {
      group = await system.whole(APP);
      const oldest = [...group.replicas].sort((a, b) => a.member - b.member)[0];
      assert.ok(oldest?.pid);
      process.kill(oldest.pid, 'SIGKILL');
      await until('the death is seen', 10_000, async () => (await system.group(APP)).group.state !== 'whole');
    }
    group = await system.whole(APP);
    const client = await RespConnection.open(portOf(group.replicas[0] as { address: string }));
    assert.equal(await client.call('GET', 'counter'), '501');
    client.close();
  });
});
