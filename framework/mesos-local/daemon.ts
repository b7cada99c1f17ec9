import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { identify, isAlive } from './agent/process-tree.js';
import type { ContainerProcess } from './agent/state.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const POLL_MS = 20;
const END_TIMEOUT_MS = 5000;

export interface DaemonOrder {
  /** Arguments of `main.js`. */
  args: string[];
  /** What starts a program where the daemon runs; empty: here. */
  enter: readonly string[];
  /** Gets both outputs. */
  logPath: string;
  /** True: the daemon outlives its starter. False: it ends with it, whatever the end. */
  detached: boolean;
  readyTimeoutMs: number;
}

export interface Daemon {
  process: ContainerProcess;
  url: string;
}

/**
 * Starts a master or an agent and waits for its line of readiness.
 * @throws Error with the end of its output if it ends, or is not ready in time
 */
export async function startDaemon(order: DaemonOrder): Promise<Daemon> {
  mkdirSync(dirname(order.logPath), { recursive: true });
  writeFileSync(order.logPath, '');
  const log = openSync(order.logPath, 'a');
  const args = order.detached ? order.args : [...order.args, '--exit-on-stdin-end'];
  const stdin = order.detached ? 'ignore' : 'pipe';
  const [program = process.execPath, ...words] = [...order.enter, process.execPath, MAIN, ...args];
  const child = spawn(program, words, { detached: true, stdio: [stdin, log, log] });
  closeSync(log);
  child.unref();
  (child.stdin as { unref?: () => void } | null)?.unref?.();
  const url = await readiness(child, order);
  const identity = child.pid === undefined ? null : identify(child.pid);
  if (!identity) throw new Error(`${order.args[0]} ended: ${tail(order.logPath)}`);
  return { process: identity, url };
}

async function readiness(child: ChildProcess, { logPath, args, readyTimeoutMs }: DaemonOrder): Promise<string> {
  const deadlineMs = Date.now() + readyTimeoutMs;
  let spawnError: Error | null = null;
  child.once('error', (error) => {
    spawnError = error;
  });
  while (Date.now() < deadlineMs) {
    const line = readFileSync(logPath, 'utf8')
      .split('\n')
      .slice(0, -1)
      .find((text) => text.startsWith('{"role"'));
    if (line) return (JSON.parse(line) as { url: string }).url;
    if (spawnError || child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`mesos-local ${args[0]} did not start: ${spawnError ?? tail(logPath)}`);
    }
    await sleep(POLL_MS);
  }
  child.kill('SIGKILL');
  throw new Error(`mesos-local ${args[0]} was not ready within ${readyTimeoutMs} ms; its log is ${logPath}`);
}

const LOG_TAIL_BYTES = 2000;

function tail(path: string): string {
  return readFileSync(path, 'utf8').slice(-LOG_TAIL_BYTES).trim();
}

/** @returns false if the process had ended before (its pid may be another one's by now) */
export function signalDaemon(daemon: ContainerProcess, signal: NodeJS.Signals): boolean {
  if (!isAlive(daemon)) return false;
  process.kill(daemon.pid, signal);
  return true;
}

/** SIGKILL, and waits for the end. @throws Error if it does not end */
export async function killDaemon(daemon: ContainerProcess): Promise<void> {
  signalDaemon(daemon, 'SIGKILL');
  const deadlineMs = Date.now() + END_TIMEOUT_MS;
  while (isAlive(daemon)) {
    if (Date.now() > deadlineMs) throw new Error(`process ${daemon.pid} does not end`);
    await sleep(POLL_MS);
  }
}

export const logPathOf = (directory: string, name: string): string => join(directory, 'log', `${name}.log`);
