/** Changes of a living group: transports by force, scaling and restarting under a client that writes all the time. */
import assert from 'node:assert/strict';
import { leader, redisSpec, System, until } from './system.js';
import { Writer } from './writer.js';

const longestPauseMaxMs = 2000;

describe('a group that is changed', function () {
  this.timeout(120_000);
  let system: System;

  before(async () => {
    system = await System.start();
  });
  after(() => system?.stop());

  const remove = async (id: string) => {
    await system.request('DELETE', `/v2/apps${id}`);
    await until('the servers have ended', 60_000, async () => system.servers().length === 0);
  };

  for (const transport of ['tcp', 'shm']) {
    it(`heals over ${transport}, and is shown with it`, async () => {
      const id = `/changes/over-${transport}`;
      await system.deploy(redisSpec(id, { replication: { transport } }));
      const before = await system.whole(id);
      const writer = new Writer(system, id);
      const lost = leader(before);
      process.kill(lost.pid, 'SIGKILL');
      const group = await system.replaced(id, lost.member);
      const used = group.replicas.flatMap(({ transports }) => transports?.filter(({ connected }) => connected) ?? []);
      assert.deepEqual([...new Set(used.map((one) => one.transport))], [transport]);
      const rows = (await system.gaia('app', 'show', id)).stdout
        .split('\n')
        .filter((line) => /TASK_RUNNING/.test(line));
      assert.equal(rows.length, 3);
      for (const row of rows) assert.match(row, new RegExp(`\\b${transport}\\b`));
      assert.deepEqual(await writer.stop(), []);
      await remove(id);
    });
  }

  it('moves leadership under load at once, without a lost write', async () => {
    const id = '/changes/led';
    await system.deploy(redisSpec(id));
    const before = leader(await system.whole(id));
    const writer = new Writer(system, id);
    const slot = (before.slot + 1) % 3;
    for (const args of [['--to', String(slot)], ['--to', String(before.slot)], []]) {
      const moved = await system.gaia('app', 'transfer', id, ...args);
      assert.equal(moved.status, 0, moved.stdout + moved.stderr);
    }
    assert.notEqual(leader(await system.whole(id)).slot, before.slot);
    assert.deepEqual(await writer.stop(), []);
    assert.ok(writer.longestPauseMs < longestPauseMaxMs, `${Math.round(writer.longestPauseMs)} ms`);
    await remove(id);
  });

  it('scales 3, 5, 3 and restarts without a lost write or a long pause', async () => {
    const id = '/changes/scaled';
    await system.deploy(redisSpec(id));
    const first = await system.whole(id);
    const writer = new Writer(system, id);
    for (const instances of ['5', '3']) {
      const scaled = await system.gaia('app', 'scale', id, instances, '--timeout', '60');
      assert.equal(scaled.status, 0, scaled.stdout + scaled.stderr);
      await system.whole(id, Number(instances));
    }
    const restarted = await system.gaia('app', 'restart', id, '--timeout', '60');
    assert.equal(restarted.status, 0, restarted.stdout + restarted.stderr);
    const last = await system.whole(id);
    const old = new Set(first.replicas.map(({ member }) => member));
    assert.ok(
      last.replicas.every(({ member }) => !old.has(member)),
      'every replica is a new one',
    );
    assert.deepEqual(await writer.stop(), []);
    assert.ok(writer.acknowledged.length > 1000, `${writer.acknowledged.length} writes`);
    assert.ok(
      writer.longestPauseMs < longestPauseMaxMs,
      `the longest pause was ${Math.round(writer.longestPauseMs)} ms`,
    );
    await remove(id);
  });
});
