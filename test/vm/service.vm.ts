/** A replicated guest as an app of a local cluster, as a user sees it: posted, covered, its primary lost, covered again. */
import assert from 'node:assert/strict';
import { witnessSlot } from '../../framework/replicated-guest.js';
import { portOf, type System, until } from '../e2e/system.js';
import type { RespConnection } from '../resp.js';
import { inSlot, primary } from './guest-app.js';
import { app, GuestCluster } from './guest-cluster.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';

/** Acknowledged one after another on one connection. */
const writes = 100;

describe('a replicated guest in a cluster', function () {
  this.timeout(20 * patienceMs);
  let cluster: GuestCluster;
  let system: System;
  before(async () => {
    cluster = await GuestCluster.start(4);
    system = cluster.system;
  });
  after(() => system?.stop());

  async function write(client: RespConnection, from: number): Promise<number> {
    for (let value = from + 1; value <= from + writes; value++)
      assert.equal(await client.call('INCR', 'counter'), String(value));
    return from + writes;
  }

  it('is covered, and loses its primary, but no connection of the witness and no acknowledged write', async () => {
    await cluster.deploy({}, { cpus: 0.3, replication: { protocol: 'vm', suspicionMs: 5000 } });
    const before = await cluster.covered();
    assert.equal(new Set(before.members.map(({ agentId }) => agentId)).size, 3);
    const client = await redisAt(portOf(inSlot(before, witnessSlot)));
    const written = await write(client, 0);
    cluster.lose(primary(before));
    const now = await write(client, written);
    const after = await cluster.covered(before.guest.primary as number);
    assert.equal(after.guest.primary, before.guest.backup);
    assert.ok((after.guest.backup as number) > witnessSlot + 1, 'a new member is the backup');
    assert.equal(await write(client, now), 3 * writes);
    client.close();
  });

  it('leaves an agent that is drained, its primary by a fail-over, and serves on', async () => {
    const before = await cluster.covered();
    const client = await redisAt(portOf(inSlot(before, witnessSlot)));
    const { host, member } = primary(before);
    const drained = await system.gaia('drain', host, '--detach');
    assert.equal(drained.status, 0, drained.stderr);
    const after = await cluster.covered(member);
    assert.deepEqual(
      after.members.filter((one) => one.host === host),
      [],
    );
    assert.equal(await write(client, 3 * writes), 4 * writes);
    client.close();
    assert.equal((await system.gaia('drain', host, '--end')).status, 0);
  });

  it('is shown by the command line with who has which part, and keeps three members', async () => {
    const shown = await system.gaia('app', 'show', app);
    assert.match(shown.stdout, /guest: member 4 is its primary, covered by member 5/);
    assert.match(shown.stdout, /each but the witness with 0.3 cpus/);
    for (const part of [/primary \(covered\)/, /backup/, /witness/]) assert.match(shown.stdout, part);
    const scaled = await system.gaia('app', 'scale', app, '1');
    assert.equal(scaled.status, 4);
    assert.match(scaled.stderr, /a replicated guest has 3 members/);
  });

  it('is steered by the command line: a round, and the backup goes on with the connections and all that was written', async () => {
    const before = await cluster.covered();
    const status = await system.gaia('vm', 'status', app);
    const { primary: runs, backup } = before.guest;
    assert.match(status.stdout, new RegExp(`covered: member ${runs} runs it, member ${backup} would go on`));
    const client = await redisAt(portOf(inSlot(before, witnessSlot)));
    const written = Number(await client.call('GET', 'counter'));
    const synced = await system.gaia('vm', 'sync', app);
    assert.equal(synced.status, 0, synced.stderr);
    await until('the round is counted', patienceMs, async () =>
      / operator\b/.test((await system.gaia('vm', 'status', app)).stdout),
    );
    const moved = await system.gaia('vm', 'failover', app);
    assert.equal(moved.status, 0, moved.stderr);
    assert.match(moved.stdout, new RegExp(`member ${backup} is the primary`));
    const now = await write(client, written);
    const after = await cluster.covered(runs as number);
    assert.equal(after.guest.primary, backup);
    assert.equal(await write(client, now), written + 2 * writes);
    client.close();
  });
});
