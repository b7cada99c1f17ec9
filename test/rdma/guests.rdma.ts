/** What the other tests here stand on: guests that reach each other's memory, with rdma-core's own tools. */
import assert from 'node:assert/strict';
import type { Guest } from './guest.js';
import { theGuests } from './guests.js';

const rounds = 20;
const commandLimitMs = 60_000;

/** Ends when an RDMA listener is there. */
const listening = 'until rdma resource show cm_id | grep -q LISTEN; do sleep 0.1; done';

/** Ends when no server is left: the next client would take it for its own. */
const ended = 'while pidof rping; do sleep 0.1; done';

/** rping writes and reads the other's memory in turns and compares what it gets. */
async function ping(from: Guest, to: Guest): Promise<void> {
  const options = `-a ${to.host} -C ${rounds} -S 4000 -v`;
  await to.expect(`rping -s ${options} >/tmp/rping 2>&1 & ${listening}`);
  const output = await from.expect(`timeout 50 rping -c ${options}`, commandLimitMs);
  const pings = output.match(/^ping data: rdma-ping-\d+: /gm) ?? [];
  assert.equal(pings.length, rounds, output);
  await to.expect(ended);
}

async function pingAround(): Promise<void> {
  const { list } = theGuests();
  for (const [i, guest] of list.entries()) await ping(guest, list[(i + 1) % list.length] as Guest);
}

describe('guests', function () {
  this.timeout(180_000);

  it('write and read each other’s memory over Soft-RoCE', async () => {
    await pingAround();
  });

  it('write and read each other’s memory over Soft-iWARP', async function () {
    if (theGuests().siwMissing !== null) this.skip();
    await theGuests().withSiw(pingAround);
  });
});
