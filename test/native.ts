import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Counts } from './mocha.js';

/** Runs a doctest executable, at most ten minutes or `secondsMax`; one test case counts as one test. */
export async function runNative(
  program: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
  secondsMax = 600,
): Promise<Counts> {
  if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run build" first`);
  const child = spawn(program, ['--no-intro', '--no-version', '--no-colors', ...args], {
    timeout: secondsMax * 1000,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const status = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  process.stdout.write(`native\n${output}${errors}`);
  return countsOf(output, await status);
}

function countsOf(output: string, status: number | null): Counts {
  const summary = /test cases:\s+\d+ \|\s+(\d+) passed \|\s+(\d+) failed \|\s+(\d+) skipped/.exec(output);
  const failures = failedCases(output);
  if (!summary)
    return { passed: 0, failed: 1, skipped: 0, failures: [...failures, `native tests, which ended with ${status}`] };
  const failed = Number(summary[2]);
  return {
    passed: Number(summary[1]),
    failed: status === 0 ? failed : Math.max(1, failed),
    skipped: Number(summary[3]),
    failures,
  };
}

/** The cases whose heads stand above an ERROR; doctest writes a head above the messages of a case, failed or not. */
function failedCases(output: string): string[] {
  const parts = output.split(/^={10,}$/m).filter((part) => /\bERROR: /.test(part));
  return [...new Set(parts.flatMap((part) => /^TEST CASE:\s+(.+)$/m.exec(part)?.[1] ?? []))];
}
