/**
 * `npm test`: the native tests, then every mocha file below dist/test, in one process each; closes with one line
 * "N passed, N failed, N skipped". Arguments narrow the mocha files: `npm test -- placement executor/task`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Counts, finish, runMocha } from './mocha.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the doctest executable; one test case counts as one test. */
function runNative(): Counts {
  const program = join(root, 'build/native/gaia-native-tests');
  if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run build" first`);
  const run = spawnSync(program, ['--no-intro', '--no-version', '--no-colors'], { encoding: 'utf8', timeout: 300_000 });
  process.stdout.write(`native\n${run.stdout}${run.stderr}`);
  const summary = /test cases:\s+\d+ \|\s+(\d+) passed \|\s+(\d+) failed \|\s+(\d+) skipped/.exec(run.stdout);
  if (!summary) return { passed: 0, failed: 1, skipped: 0 };
  const failed = Number(summary[2]);
  return {
    passed: Number(summary[1]),
    failed: run.status === 0 ? failed : Math.max(1, failed),
    skipped: Number(summary[3]),
  };
}

function testFiles(words: string[]): string[] {
  const files = readdirSync(join(root, 'dist/test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js') && existsSync(join(root, 'test', name.replace(/\.js$/, '.ts'))))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
  return files.sort().map((name) => join(root, 'dist/test', name));
}

const words = process.argv.slice(2);
const native = words.length === 0 || words.includes('native') ? runNative() : { passed: 0, failed: 0, skipped: 0 };
finish(native, await runMocha(testFiles(words)));
