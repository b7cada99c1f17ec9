import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerProcess } from './state.js';

/**
 * Which processes belong to a container, from /proc. Without cgroups there is no single sure sign, so four are used:
 * the session of the executor, descent from it, MESOS_SANDBOX in the environment, and a working directory in the
 * sandbox (of processes without a terminal: a person looking around there is left alone).
 */

interface ProcessEntry {
  pid: number;
  parent: number;
  session: number;
  terminal: number;
  startTicks: number;
}

const KILL_ROUNDS_MAX = 40;
const KILL_ROUND_MS = 25;

/** The living process of that id; null also for a zombie. Fields as in proc_pid_stat(5). */
function readProcess(pid: number): ProcessEntry | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  const [parent, session, terminal, startTicks] = [1, 3, 4, 19].map((index) => Number(fields[index]));
  return { pid, parent, session, terminal, startTicks } as ProcessEntry;
}

function listProcesses(): ProcessEntry[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readProcess(Number(pid))).filter((entry) => entry !== null);
}

/** Identifies a process for later, when its pid may be another one's. Null if it has ended. */
export function identify(pid: number): ContainerProcess | null {
  const entry = readProcess(pid);
  return entry && { pid, startTicks: entry.startTicks };
}

export function isAlive({ pid, startTicks }: ContainerProcess): boolean {
  return readProcess(pid)?.startTicks === startTicks;
}

/** Null for processes of others, and for those that have just ended. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** The sandbox a process was started in or stands in, by its environment or working directory. */
function sandboxOf({ pid, terminal }: ProcessEntry): string | null {
  const environment = attempt(() => readFileSync(`/proc/${pid}/environ`, 'utf8')) ?? '';
  const variable = environment.split('\0').find((entry) => entry.startsWith('MESOS_SANDBOX='));
  if (variable) return variable.slice('MESOS_SANDBOX='.length);
  return terminal === 0 ? attempt(() => readlinkSync(`/proc/${pid}/cwd`)) : null;
}

const isInside = (path: string | null, directory: string): boolean =>
  path !== null && (path === directory || path.startsWith(`${directory}/`));

function withDescendants(roots: ReadonlySet<number>, processes: readonly ProcessEntry[]): Set<number> {
  const members = new Set(roots);
  for (let size = -1; size !== members.size; ) {
    size = members.size;
    for (const { pid, parent } of processes) if (members.has(parent)) members.add(pid);
  }
  return members;
}

/**
 * Living processes of the containers in `directory` (a sandbox, or a folder of sandboxes).
 * @param leader the executor's process, which may have ended
 */
export function containerProcesses(directory: string, leader: ContainerProcess | null): number[] {
  const processes = listProcesses();
  const usable = leader && (isAlive(leader) || !readProcess(leader.pid)) ? leader.pid : null;
  const roots = processes.filter(
    (entry) => (usable !== null && entry.session === usable) || isInside(sandboxOf(entry), directory),
  );
  const members = withDescendants(new Set(roots.map(({ pid }) => pid)), processes);
  members.delete(process.pid);
  return [...members];
}

/** Sends SIGKILL until no process of the containers is left, at most about a second. @returns the survivors */
export async function killContainerProcesses(directory: string, leader: ContainerProcess | null): Promise<number[]> {
  for (let round = 0; round < KILL_ROUNDS_MAX; round++) {
    const pids = containerProcesses(directory, leader);
    if (pids.length === 0) return [];
    for (const pid of pids) attempt(() => process.kill(pid, 'SIGKILL'));
    await sleep(KILL_ROUND_MS);
  }
  return containerProcesses(directory, leader);
}
