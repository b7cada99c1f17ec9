import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Starts a Node program that outlives us, with its output in `logFile`. Gives its process id. */
export function startDetached(program: string, args: string[], logFile: string): number {
  const log = openSync(logFile, 'a', 0o600);
  const argv = ['--enable-source-maps', program, ...args];
  const child = spawn(process.execPath, argv, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  if (child.pid === undefined) throw new Error(`${program} could not be started`);
  child.unref();
  return child.pid;
}

/** Is `pid` still the program that has `word` in its command line? Process ids are used again, command lines tell. */
export function isRunning(pid: number, word: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
  } catch {
    return false;
  }
}

const TERM_GRACE_MS = 5000;
const POLL_INTERVAL_MS = 50;

/** SIGTERM, then SIGKILL after a grace. Resolves when the process has gone; does nothing when it is another one. */
export async function stopProcess(pid: number, word: string): Promise<void> {
  if (!isRunning(pid, word)) return;
  process.kill(pid, 'SIGTERM');
  const deadlineMs = performance.now() + TERM_GRACE_MS;
  while (isRunning(pid, word)) {
    if (performance.now() > deadlineMs) process.kill(pid, 'SIGKILL');
    await sleep(POLL_INTERVAL_MS);
  }
}

/** The end of a log, for the message of a failure. */
export function logTail(file: string, lines: number): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}
