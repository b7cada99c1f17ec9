/** gaia-native-tests in guests, where the absence of verbs is a failure. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { repository } from '../consensus/interpose/group.js';
import type { Guest } from './guest.js';

export const programs = path.join(repository, 'build/native');
export const limitMs = 240_000;

/** Runs the cases that the patterns name, but for those behind a `!`; a failure has the output as its message. */
export async function runNativeTests(
  guest: Guest,
  patterns: string[],
  variables: Record<string, string> = {},
): Promise<void> {
  const all = { GAIA_REQUIRE_VERBS: '1', GAIA_VERBS_HOST: guest.host, GAIA_PATIENCE: '10', ...variables };
  const given = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  const program = path.join(programs, 'gaia-native-tests');
  const words = patterns.map((one) => (one.startsWith('!') ? `-tce='${one.slice(1)}'` : `-tc='${one}'`));
  // Soft-iWARP holds root, too, to the limit of locked memory.
  const command = ['ulimit -l unlimited; cd /tmp && env', ...given, 'timeout', limitMs / 1000, program, ...words];
  const { status, output } = await guest.run([...command, '--no-colors'].join(' '), limitMs + 10_000);
  assert.equal(status, 0, output);
  assert.match(output, /test cases: +[1-9]\d* \| +[1-9]\d* passed \| 0 failed/);
}
