import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installation } from '../../../framework/installation.js';

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the compiled `gaia` as a process of its own, as users do. */
export function gaia(
  args: string[],
  input = '',
  env: Record<string, string> = {},
  onOutput: (stdout: string) => void = () => undefined,
): Promise<Run> {
  const program = join(installation.root, 'dist/framework/cli/main.js');
  const { GAIA_API: _outer, ...outer } = process.env;
  const child = spawn(process.execPath, [program, ...args], { env: { ...outer, LC_ALL: 'C.UTF-8', ...env } });
  const run: Run = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    run.stdout += chunk;
    onOutput(run.stdout);
  });
  child.stderr.on('data', (chunk) => {
    run.stderr += chunk;
  });
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...run, code })));
}
