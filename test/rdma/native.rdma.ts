/** The contract of a channel, in a guest, where the absence of verbs is a failure. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { repository } from '../consensus/interpose/group.js';
import { theGuests } from './guests.js';

const program = path.join(repository, 'build/native/gaia-native-tests');
const limitMs = 240_000;

async function run(cases: string): Promise<void> {
  const guest = theGuests().get(1);
  const variables = `GAIA_REQUIRE_VERBS=1 GAIA_VERBS_HOST=${guest.host}`;
  const command = `cd /tmp && env ${variables} timeout ${limitMs / 1000} ${program} --no-colors -tc='${cases}'`;
  const { status, output } = await guest.run(command, limitMs + 10_000);
  assert.equal(status, 0, output);
  assert.match(output, /test cases: +[1-9]\d* \| +[1-9]\d* passed \| 0 failed/);
}

describe('native tests in a guest', function () {
  this.timeout(limitMs + 20_000);

  it('every transport keeps the contract of a channel, verbs among them', () => run('channel:*'));
});
