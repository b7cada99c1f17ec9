/** Doors at addresses of IPv6. A group of its own: what a guest's port says to clients of UDP leaves by one of the doors that lead to it. */
import assert from 'node:assert/strict';
import { Client } from './client.js';
import { GuestGroup } from './guest-group.js';
import { ToyGuest } from './toy-guest.js';

describe('a replicated guest with a door of IPv6', () => {
  it('answers clients there, each with its own', async () => {
    const group = await GuestGroup.start([{ protocol: 'udp', guestPort: 7, host: '::1' }]);
    const guest = await ToyGuest.plug(group.member(1).socket);
    const clients = ['x', 'y'].map((name) => new Client(name, group.member(3).ports[0] as number, '::1'));
    try {
      await group.formed();
      for (const text of ['hello', 'again']) await Promise.all(clients.map((one) => one.isAnswered(text)));
      assert.deepEqual(
        clients.map(({ answers }) => answers),
        [
          ['x hello', 'x again'],
          ['y hello', 'y again'],
        ],
      );
    } finally {
      guest.unplug();
      for (const client of clients) await client.close();
      await group.stop();
    }
  }).timeout(60_000);
});
