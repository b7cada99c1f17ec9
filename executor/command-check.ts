/** A command that checks the program: run beside it, and ended with all that it started when its time is up, or the executor is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ProbeOutcome } from '../framework/probes/types.js';
import { Guardian } from './guardian.js';
import type { Owner } from './owner.js';

export interface Surroundings {
  directory: string;
  env: Record<string, string>;
  owner: Owner | null;
}

/** Never rejects. What the command writes is nobody's: the sandbox's files are the program's alone. */
export async function runCommand(
  shell: string,
  timeoutMs: number,
  { directory: cwd, env, owner }: Surroundings,
  ended: AbortSignal,
): Promise<ProbeOutcome> {
  const late = AbortSignal.timeout(timeoutMs);
  const bound = AbortSignal.any([late, ended]);
  const guardian = new Guardian();
  const child = spawn('/bin/sh', ['-c', shell], { cwd, env, detached: true, stdio: 'ignore', ...owner });
  if (child.pid !== undefined) guardian.watch(child.pid);
  const end = () => endGroup(child);
  bound.addEventListener('abort', end);
  try {
    const [code, signal] = await once(child, 'exit');
    if (code !== null) return { type: 'exited', code };
    return failed(late.aborted ? `did not end within ${timeoutMs / 1000} s` : `was ended by ${signal}`);
  } catch (error) {
    return failed(`cannot be run: ${(error as Error).message}`);
  } finally {
    bound.removeEventListener('abort', end);
    endGroup(child);
    guardian.dismiss();
  }
}

const failed = (how: string): ProbeOutcome => ({ type: 'failed', of: 'command', cause: `the command ${how}` });

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
