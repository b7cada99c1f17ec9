/** A replicated redis-server whose three members run in three guests and replicate over RDMA. */
import type { Group } from '../consensus/interpose/group.js';
import { allOver, commands, patienceMs, seed, startGroupInGuests, workUnder } from './group.js';

describe(`a replicated redis-server in guests (seed ${seed}, ${commands} commands a test)`, function () {
  this.timeout(4 * patienceMs);
  let group: Group;

  before(async () => {
    group = await startGroupInGuests('verbs');
  });
  after(() => group?.stop());

  it('goes through the same states on all replicas, every connection over verbs', async () => {
    await workUnder(group, async () => {});
    await allOver(group.living(), 'verbs');
  });

  it('loses nothing acknowledged when the leader is killed under load, and takes a new member', async () => {
    await workUnder(group, async () => {
      const leader = await group.leader();
      await group.kill(leader);
      await group.leader();
      await group.replace(leader.address.slot);
    });
    await allOver(group.living(), 'verbs');
  });
});
