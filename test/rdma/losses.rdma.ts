/** What groups over RDMA lose besides processes: a cable, packets, a machine, a device. */
import assert from 'node:assert/strict';
import type { Group, Replica } from '../consensus/interpose/group.js';
import * as inGuests from './group.js';

const { allOver, commands, connection, guestOf, leaderAmong, patienceMs, seed, waitFor, workUnder } = inGuests;

/** From the loss until the others say that they are not connected: half a second of retries, on emulated processors. */
const noticeMsMax = 10_000;

const withoutDevice = /the RDMA device was removed/;

describe(`a group in guests loses (seed ${seed}, ${commands} commands a test)`, function () {
  this.timeout(4 * patienceMs);
  let group: Group;

  after(() => group?.stop());

  const othersOf = (one: Replica) => group.living().filter((other) => other !== one);

  /** Resolves when each of the others says, within the bound, that it is not connected to this one, for that reason. */
  async function noticed(lost: Replica, reason: RegExp): Promise<void> {
    const from = Date.now();
    const others = othersOf(lost);
    const seen = () => others.map((other) => connection(other, lost));
    const told = () => seen().every((one) => one.transport === 'none' && reason.test(one.reason));
    await waitFor('the others do not say that it is gone, and why', told, () => JSON.stringify(seen()));
    const took = Date.now() - from;
    assert.ok(took <= noticeMsMax, `noticed after ${took} ms`);
  }

  /** It follows again; or it has given up in the middle of a long turn, as a leader then must, and is replaced. */
  async function comesBack(old: Replica): Promise<void> {
    const others = othersOf(old);
    const connected = () => others.every((other) => connection(other, old).transport === 'verbs');
    await waitFor(
      'it stays away',
      () => !old.alive || connected(),
      () => JSON.stringify(old.state),
    );
    if (old.alive) return;
    assert.match(old.fatal ?? '', /in the middle of a long turn/);
    old.fatal = null; // expected: nobody has to hear of it
    await group.replace(old.address.slot, patienceMs);
  }

  describe('over verbs:', () => {
    before(async () => {
      group = await inGuests.startGroupInGuests('verbs');
      await allOver(group.living(), 'verbs');
    });
    after(() => group?.stop());

    it('its leader’s cable: another one leads, clients go on, it comes back, nothing acknowledged is lost', async () => {
      await workUnder(group, async (progress) => {
        const old = await group.leader();
        await guestOf(old).cable(false);
        await noticed(old, /^verbs ended: /);
        await leaderAmong(othersOf(old));
        const deposed = () => !old.alive || old.state?.role !== 'leader';
        await waitFor('the old leader leads on', deposed, () => JSON.stringify(old.state));
        await progress();
        await guestOf(old).cable(true);
        await comesBack(old);
      });
    });

    it('a follower’s packets: retries are exhausted, clients go on, it follows again', async () => {
      await workUnder(group, async (progress) => {
        const leader = await group.leader();
        const follower = othersOf(leader)[0] as Replica;
        await guestOf(follower).expect('tc qdisc add dev eth0 root netem loss 100%');
        await noticed(follower, /^verbs ended: transport retry counter exceeded$/);
        await progress();
        await guestOf(follower).expect('tc qdisc del dev eth0 root');
        await allOver(group.living(), 'verbs');
      });
    });

    it('its leader’s machine: another one leads, and a new member joins when the machine is back', async () => {
      await workUnder(group, async (progress) => {
        const old = await group.leader();
        await guestOf(old).kill();
        await noticed(old, /^verbs ended: /);
        await leaderAmong(othersOf(old));
        await progress();
        await guestOf(old).boot();
        await group.replace(old.address.slot, patienceMs);
      });
      await allOver(group.living(), 'verbs');
    });

    it('a follower’s device: it says so and stays unconnected, the others go on', async () => {
      const leader = await group.leader();
      const follower = othersOf(leader)[0] as Replica;
      await workUnder(group, async (progress) => {
        await guestOf(follower).expect('rdma link del rxe0');
        await noticed(follower, /the member offers none \(the RDMA device was removed\)/);
        for (const other of othersOf(follower)) assert.match(connection(follower, other).reason, withoutDevice);
        await progress();
        await guestOf(follower).expect('rdma link add rxe0 type rxe netdev eth0');
        await group.kill(follower);
        await group.replace(follower.address.slot, patienceMs);
      });
      await allOver(group.living(), 'verbs');
    });
  });

  describe('with transport auto:', () => {
    before(async () => {
      group = await inGuests.startGroupInGuests('auto');
      await allOver(group.living(), 'verbs');
    });
    after(() => group?.stop());

    it('its leader’s device: that one goes on over tcp and says why, the others over verbs', async () => {
      const leader = await group.leader();
      await workUnder(group, async (progress) => {
        await guestOf(leader).expect('rdma link del rxe0');
        for (const other of othersOf(leader)) await allOver([leader, other], 'tcp');
        for (const other of othersOf(leader)) assert.match(connection(leader, other).reason, withoutDevice);
        await progress();
      });
      await allOver(othersOf(leader), 'verbs');
      await guestOf(leader).expect('rdma link add rxe0 type rxe netdev eth0');
    });
  });
});
