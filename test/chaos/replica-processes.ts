/** Replicas as the processes they are, whoever knows of them: found in /proc, which is this run's own. */
import { readFileSync, readlinkSync } from 'node:fs';
import { pids } from '../../executor/pids.js';

export interface ReplicaProcess {
  pid: number;
  /** Its executor, unless that has ended. */
  parent: number;
  /** `id@generation` */
  group: string;
  slot: number;
  member: number;
  /** The address of its machine. */
  host: string;
}

export const nameOf = ({ group, slot, member }: Pick<ReplicaProcess, 'group' | 'slot' | 'member'>): string =>
  `${group} slot ${slot} member ${member}`;

/** On the network that this process is on: others may be of another run, on machines of its own. */
export const isOnThisNetwork = ({ pid }: Pick<ReplicaProcess, 'pid'>): boolean =>
  networkOf(`${pid}`) === networkOf('self');

/** Null: it has ended. */
function networkOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return null;
  }
}

/** Sorted by group, slot and member. */
export function replicaProcesses(): ReplicaProcess[] {
  const found = pids().flatMap((pid) => replicaProcess(pid) ?? []);
  // Clones of a replica, such as the one that writes Redis' snapshot, are none themselves.
  const parents = new Set(found.map(({ pid }) => pid));
  return found
    .filter(({ parent }) => !parents.has(parent))
    .sort((a, b) => a.group.localeCompare(b.group) || a.slot - b.slot || a.member - b.member);
}

/** Null: it is none, or ends just now. */
function replicaProcess(pid: number): ReplicaProcess | null {
  try {
    const conf = readFileSync(`/proc/${pid}/cwd/.gaia/replica.conf`, 'utf8');
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return null;
    const said = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(conf)?.[1] ?? '';
    const [slot, member, host = ''] = said('self').split(',');
    return { pid, parent: Number(parent), group: said('group'), slot: Number(slot), member: Number(member), host };
  } catch {
    return null;
  }
}
