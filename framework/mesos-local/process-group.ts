import type { ChildProcess } from 'node:child_process';

/** A signal to all processes of the group that a detached child leads; nothing if it never started or all have ended. */
export function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended.
  }
}
