/** A command that checks the program: run beside it, and ended with all that it started when its time is up, or the executor is killed. */
import { runCommand as runOnce } from '../framework/probes/command.js';
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
  surroundings: Surroundings,
  ended: AbortSignal,
): Promise<ProbeOutcome> {
  const guardian = new Guardian();
  const order = {
    file: '/bin/sh',
    argv: ['/bin/sh', '-c', shell],
    timeoutMs,
    output: 'ignore' as const,
    ...surroundings,
  };
  try {
    return await runOnce(order, ended, (session) => guardian.watch(session));
  } finally {
    guardian.dismiss();
  }
}
