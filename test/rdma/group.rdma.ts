/** A replicated redis-server whose three members run in three guests and replicate over RDMA. */
import assert from 'node:assert/strict';
import { compareLiving } from '../consensus/interpose/exactness.js';
import type { Group } from '../consensus/interpose/group.js';
import { findLosses, runWorkload } from '../consensus/interpose/workload.js';
import { allOver, patienceMs, startGroupInGuests } from './group.js';

const seed = Number(process.env.GAIA_SEED ?? 20261125);
const commands = Number(process.env.GAIA_COMMANDS ?? 1500);
const clients = 6;

describe(`a replicated redis-server in guests (seed ${seed}, ${commands} commands a test)`, function () {
  this.timeout(4 * patienceMs);
  let group: Group;

  before(async () => {
    group = await startGroupInGuests('verbs');
  });
  after(() => group?.stop());

  /** Runs the workload, and a fault from when half of the commands are acknowledged. */
  async function workUnder(fault: () => Promise<unknown>): Promise<void> {
    let course: Promise<unknown> | undefined;
    const onProgress = (done: number) => {
      if (course !== undefined || done < commands / 2) return;
      course = fault();
      course.catch(() => {}); // it fails the test when the workload is through
    };
    const first = await group.client((await group.leader()).address.slot);
    await first.call('FLUSHALL');
    first.close();
    const ports = () => group.living().map((replica) => replica.clientPort);
    const ledger = await runWorkload({ seed, clients, commands, ports, onProgress });
    assert.ok(course !== undefined);
    await course;
    const client = await group.client((await group.leader()).address.slot);
    assert.deepEqual(await findLosses(ledger, client), []);
    // Replicas hash what they answer, followers too: equal outputs are equal digests.
    assert.match(String(await client.call('DEBUG', 'DIGEST')), /^[0-9a-f]{40}$/);
    client.close();
    await assertEqual();
  }

  async function assertEqual(): Promise<void> {
    await group.quiesce();
    for (const { turns, differences } of compareLiving(group)) {
      assert.deepEqual(differences.slice(0, 3), []);
      assert.ok(turns > 10, `only ${turns} turns compared`);
    }
    for (const { state } of group.living()) {
      assert.deepEqual(state?.unexpected, {});
      assert.equal(state?.divergence, null);
    }
  }

  it('goes through the same states on all replicas, every connection over verbs', async () => {
    await workUnder(async () => {});
    await allOver(group, 'verbs');
  });

  it('loses nothing acknowledged when the leader is killed under load, and takes a new member', async () => {
    await workUnder(async () => {
      const leader = await group.leader();
      await group.kill(leader);
      await group.leader();
      await group.replace(leader.address.slot);
    });
    await allOver(group, 'verbs');
  });
});
