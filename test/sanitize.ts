/**
 * `npm run test:native:sanitize [address] [thread]`: the native tests under AddressSanitizer with
 * UndefinedBehaviorSanitizer, and under ThreadSanitizer, from builds of their own. A report of either is a failure.
 * Closes with "N passed, N failed". Bounded: half an hour each.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Counts, finish } from './mocha.js';
import { runNative } from './native.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const secondsMax = 1800;
/** Under a sanitizer everything takes several times as long, and a group's timings stay what they are; bounds of tests do not. */
const patience = { GAIA_PATIENCE: '5' };
const kinds = {
  address: { sanitizers: 'address,undefined', env: { ASAN_OPTIONS: 'detect_leaks=1:exitcode=99' } },
  thread: { sanitizers: 'thread', env: { TSAN_OPTIONS: 'exitcode=99:halt_on_error=0:second_deadlock_stack=1' } },
};

function build(directory: string, sanitizers: string): void {
  for (const args of [
    ['-S', join(root, 'consensus/native'), '-B', directory, `-DGAIA_SANITIZE=${sanitizers}`],
    ['--build', directory, '-j2', '--target', 'gaia-native-tests'],
  ]) {
    const run = spawnSync('cmake', args, { encoding: 'utf8', timeout: secondsMax * 1000 });
    if (run.status !== 0) throw new Error(`cmake ${args.join(' ')} failed:\n${run.stdout}${run.stderr}`);
  }
}

const words = process.argv.slice(2);
const unknown = words.filter((word) => !(word in kinds));
if (unknown.length > 0) {
  console.error(`unknown sanitizer "${unknown.join(' ')}"; use address, thread or nothing (both)`);
  process.exit(2);
}
const parts: Counts[] = [];
for (const [name, { sanitizers, env }] of Object.entries(kinds)) {
  if (words.length > 0 && !words.includes(name)) continue;
  const directory = join(root, `build/sanitize-${name}`);
  build(directory, sanitizers);
  const counts = await runNative(join(directory, 'gaia-native-tests'), [], { ...env, ...patience }, secondsMax);
  console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed`);
  parts.push(counts);
}
finish(...parts);
