/** gaia-native-tests in guests, where the absence of verbs is a failure. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { repository } from '../consensus/interpose/group.js';
import type { Guest } from './guest.js';
import { theGuests } from './guests.js';

const programs = path.join(repository, 'build/native');
const limitMs = 240_000;
const peerPort = 7300;

/** Groups whose members can share a guest's memory and need no more than a device. */
const groups = [
  'three members apply',
  'a new member joins by replay',
  'leadership is handed over',
  'a stopped follower',
  'leadership goes round',
  'members are replaced',
  'disk: a whole group',
  'disk: all members are killed',
];

async function run(guest: Guest, cases: string, variables: Record<string, string> = {}): Promise<void> {
  const all = { GAIA_REQUIRE_VERBS: '1', GAIA_VERBS_HOST: guest.host, GAIA_PATIENCE: '10', ...variables };
  const given = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  const program = path.join(programs, 'gaia-native-tests');
  // Soft-iWARP holds root, too, to the limit of locked memory.
  const command = `ulimit -l unlimited; cd /tmp && env ${given.join(' ')} timeout ${limitMs / 1000} ${program} --no-colors -tc='${cases}'`;
  const { status, output } = await guest.run(command, limitMs + 10_000);
  assert.equal(status, 0, output);
  assert.match(output, /test cases: +[1-9]\d* \| +[1-9]\d* passed \| 0 failed/);
}

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

describe('native tests in guests', function () {
  this.timeout(limitMs + 20_000);

  it('verbs keeps the contract of a channel over Soft-RoCE', () => run(theGuests().get(1), 'channel:*'));

  it('verbs keeps the contract of a channel over Soft-iWARP', async function () {
    if (theGuests().siwMissing !== null) this.skip();
    await theGuests().withSiw(() => run(theGuests().get(1), 'channel:*'));
  });

  it('verbs keeps the contract of a channel between two guests', async () => {
    const [caller, owner] = [theGuests().get(1), theGuests().get(2)];
    await withOwners(owner, () => run(caller, 'channel:*', { GAIA_VERBS_PEER: `${owner.host}:${peerPort}` }));
  });

  // A process for each: members that are forked cannot use a device that their parent has opened.
  for (const name of groups) it(`over verbs in a guest: ${name}`, () => run(theGuests().get(3), `${name}*`));
});
