/** Who is who among the processes of a system, and what they share. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerProcesses } from '../../framework/mesos-local/agent/process-tree.js';
import type { System } from '../e2e/system.js';

export const kinds = ['framework', 'executor', 'replica', 'gateway', 'program', 'mesos'] as const;
export type Kind = (typeof kinds)[number];

/** By the name of its program. `program`: one behind a gateway. */
const programs: Record<string, Kind> = {
  'redis-server': 'replica',
  'gaia-gateway': 'gateway',
  'gaia-static-server': 'program',
};

/** Kinds by process ids. */
export function census(system: System): Map<number, Kind> {
  const { masterPid, agents } = system.mesos;
  const found = new Map<number, Kind>([[system.frameworkPid, 'framework']]);
  for (const pid of [masterPid, ...agents.map((agent) => agent.pid)]) found.set(pid, 'mesos');
  for (const pid of containerProcesses(join(system.directory, 'mesos'), null)) {
    const kind = kindOf(read(`/proc/${pid}/cmdline`));
    if (kind !== null) found.set(pid, kind);
  }
  return found;
}

/** Of those that agents have started, by the command line as /proc has it. Null: of no kind that is watched. */
export function kindOf(commandLine: string): Kind | null {
  const words = commandLine.split('\0');
  const name = words[0]?.split(' ')[0]?.split('/').at(-1) ?? '';
  if (words.some((word) => word.endsWith('/executor/main.js'))) return 'executor';
  return programs[name] ?? null;
}

/** Files in shared memory that any of these processes has mapped. */
export function sharedFiles(pids: Iterable<number>): Set<string> {
  const files = new Set<string>();
  for (const pid of pids) for (const [file] of read(`/proc/${pid}/maps`).matchAll(/\/dev\/shm\/\S+/g)) files.add(file);
  return files;
}

/** Empty when the process has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
