/** The contract of a channel (channel_contract_test), over verbs alone. */
import path from 'node:path';
import type { Guest } from './guest.js';
import { theGuests } from './guests.js';
import { limitMs, programs, runNativeTests } from './native.js';

const cases = 'channel:*';
const peerPort = 7300;
const attemptsMax = 3;

/**
 * Emulated processors on a busy machine stand still for longer than the half second after which a device gives up, even than
 * the two seconds of the control channel: no breach of anything.
 */
const standstill = /verbs ended: (transport retry counter exceeded|Connection timed out)/;

/** Runs `work` while that guest gives an owner of its own to each connection at `peerPort`. */
async function withOwners(guest: Guest, work: () => Promise<void>): Promise<void> {
  const owner = `${path.join(programs, 'gaia-channel-owner')} ${guest.host}`;
  const listen = `TCP-LISTEN:${peerPort},bind=${guest.host},reuseaddr,fork`;
  await guest.expect(`socat ${listen} EXEC:"${owner}" >/tmp/owners 2>&1 & echo $! >/tmp/owners.pid`);
  await guest.expect(`until ss -ltn | grep -q :${peerPort}; do sleep 0.1; done`);
  try {
    await work();
  } catch (error) {
    throw new Error(`${(error as Error).message}\nowners: ${await guest.expect('cat /tmp/owners')}`);
  } finally {
    await guest.expect('kill $(cat /tmp/owners.pid)');
  }
}

/** Again, when the connection ended in the middle of a case. */
async function despiteStandstills(work: () => Promise<void>, attempts = attemptsMax): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (attempts === 1 || !standstill.test((error as Error).message)) throw error;
    await despiteStandstills(work, attempts - 1);
  }
}

describe('the contract of a channel over verbs', function () {
  this.timeout(attemptsMax * (limitMs + 20_000));

  it('is kept over Soft-RoCE', () => runNativeTests(theGuests().get(1), [cases]));

  it('is kept over Soft-iWARP, but for large writes in quick succession', async function () {
    if (theGuests().siwMissing !== null) this.skip();
    await theGuests().withSiw(() => runNativeTests(theGuests().get(1), [cases, '!*random operations*']));
  });

  it('is kept between two guests', async () => {
    const [caller, owner] = [theGuests().get(1), theGuests().get(2)];
    const peer = { GAIA_VERBS_PEER: `${owner.host}:${peerPort}` };
    await despiteStandstills(() => withOwners(owner, () => runNativeTests(caller, [cases], peer)));
  });
});
