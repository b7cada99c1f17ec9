/** One command, run once: bounded in time, and ended with all that it has started. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ProbeOutcome } from './types.js';

export interface CommandOrder {
  file: string;
  /** With the name of the program first. */
  argv: readonly string[];
  timeoutMs: number;
  env: NodeJS.ProcessEnv;
  /** Where it runs; left out: here. */
  directory?: string;
  /** Whom it runs as; null or left out: as we do. */
  owner?: { uid: number; gid: number } | null;
  /** Where its output goes: nowhere, or where ours goes. */
  output: 'ignore' | 'inherit';
}

/**
 * Never rejects. `signal` ends it early, as a failure.
 * @param started is told the id of the session that the command leads
 */
export async function runCommand(
  order: CommandOrder,
  signal?: AbortSignal,
  started?: (session: number) => void,
): Promise<ProbeOutcome> {
  const { timeoutMs } = order;
  const late = AbortSignal.timeout(timeoutMs);
  const bound = signal === undefined ? late : AbortSignal.any([late, signal]);
  const child = start(order);
  if (child.pid !== undefined) started?.(child.pid);
  const end = () => endGroup(child);
  bound.addEventListener('abort', end);
  try {
    const [code, killedBy] = await once(child, 'exit');
    if (code !== null) return { type: 'exited', code };
    return failed(late.aborted ? `did not end within ${timeoutMs / 1000} s` : `was ended by ${killedBy}`);
  } catch (error) {
    return failed(`cannot be run: ${(error as Error).message}`);
  } finally {
    bound.removeEventListener('abort', end);
    endGroup(child);
  }
}

function start({ file, argv, env, directory, owner, output }: CommandOrder): ChildProcess {
  const [argv0 = file, ...words] = argv;
  const place = directory === undefined ? {} : { cwd: directory };
  return spawn(file, words, { argv0, env, detached: true, stdio: ['ignore', output, output], ...place, ...owner });
}

const failed = (how: string): ProbeOutcome => ({ type: 'failed', of: 'command', cause: `the command ${how}` });

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
