/**
 * `npm test`: the native tests, then every mocha file below dist/test, two at a time; closes with what failed and one line
 * "N passed, N failed, N skipped". Arguments narrow the mocha files: `npm test -- placement executor/task`.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { finish, runMocha } from './mocha.js';
import { runNative } from './native.js';
import { ownTemporaryFolder } from './temporary.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

function testFiles(words: string[]): string[] {
  const files = readdirSync(join(root, 'dist/test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js') && existsSync(join(root, 'test', name.replace(/\.js$/, '.ts'))))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
  return files.sort().map((name) => join(root, 'dist/test', name));
}

/** Most tests wait for clusters most of the time: two at a time halve the wait and still leave a processor to each. */
const lanes = 2;
const words = process.argv.slice(2);
const leftBehind = ownTemporaryFolder();
const native = words.length === 0 || words.includes('native');
// The native tests alone: many of them measure in milliseconds who is suspected, and when.
const parts = native ? [await runNative(join(root, 'build/native/gaia-native-tests'))] : [];
const counts = await runMocha(testFiles(words), { lanes });
finish(...parts, counts, leftBehind());
