import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Counts } from './mocha.js';

/** Runs a doctest executable, at most five minutes or `secondsMax`; one test case counts as one test. */
export function runNative(program: string, args: string[] = [], env: NodeJS.ProcessEnv = {}, secondsMax = 300): Counts {
  if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run build" first`);
  const run = spawnSync(program, ['--no-intro', '--no-version', '--no-colors', ...args], {
    encoding: 'utf8',
    timeout: secondsMax * 1000,
    maxBuffer: 256 << 20,
    env: { ...process.env, ...env },
  });
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
