/** The promise of the README, as a user sees it: an unmodified Redis goes on through the death of its leader. */
import assert from 'node:assert/strict';
import { Exposition } from '../exposition.js';
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

  it('shows Prometheus metrics that move with the load', async () => {
    const scrape = async () => new Exposition(await (await fetch(`${system.apiUrl}/metrics`)).text());
    const leader = leaderOf(group);
    assert.ok(leader);
    const labels = { app: APP, member: String(leader.member) };
    const commits = async () => (await scrape()).value('gaia_replica_commit_latency_seconds_count', labels);
    const before = await until('the first metrics', 60_000, commits);
    const client = await RespConnection.open(portOf(leader));
    for (let i = 0; i < 1000; i++) await client.call('INCR', 'measured');
    client.close();
    const after = await until('metrics of the load, of all', 60_000, async () => {
      const now = await scrape();
      const applied = now.samples('gaia_replica_applied_index', { app: APP }).map(({ value }) => value);
      const counted = now.value('gaia_replica_commit_latency_seconds_count', labels) > before + 800;
      return counted && applied.length === 3 && applied.every((index) => index > 1000) ? now : null;
    });
    const latencies = after.value('gaia_replica_commit_latency_seconds_sum', labels);
    assert.ok(latencies > 0 && latencies < 60, `${latencies} s`);
    assert.ok(after.value('gaia_replica_commit_bytes_sum', labels) > 1000 * '*2 INCR measured'.length);
    for (const { member } of group.replicas)
      assert.equal(after.samples('gaia_replica_connected', { app: APP, member: String(member) }).length, 2);
    assert.ok(after.value('gaia_offers_received_total') > 0);
    assert.equal(after.value('gaia_tasks_launched_total'), 3);
    const shown = await system.gaia('app', 'show', APP);
    assert.match(shown.stdout, /commits of the leader: [\d,]+, p50 \S+ [µm]s, p99 \S+ [µm]s, \d+ bytes each/);
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
    await until('a write on a survivor', 60_000, async () => {
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
    await until('the replacement has caught up', 60_000, async () => {
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
      await until('the death is seen', 60_000, async () => (await system.group(APP)).group.state !== 'whole');
    }
    group = await system.whole(APP);
    const client = await RespConnection.open(portOf(group.replicas[0] as { address: string }));
    assert.equal(await client.call('GET', 'counter'), '501');
    client.close();
  });
});
