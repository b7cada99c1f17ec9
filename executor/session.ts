/** What /proc knows about the processes of one session: every program gets a session of its own. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { pids } from './pids.js';

export interface SessionMember {
  pid: number;
  processGroup: number;
}

/** Living members of the session, zombies not counted: those are dead and only wait for their parent. */
export function sessionMembers(session: number): SessionMember[] {
  return pids()
    .flatMap(readStat)
    .filter((process) => process.session === session && process.state !== 'Z' && process.state !== 'X')
    .map(({ pid, processGroup }) => ({ pid, processGroup }));
}

/** Empty when the process has ended meanwhile. The name in parentheses may hold spaces and parentheses (proc(5)). */
function readStat(pid: number): (SessionMember & { state: string; session: number })[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', , processGroup, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [{ pid, state, processGroup: Number(processGroup), session: Number(session) }];
  } catch {
    return [];
  }
}

/** Whether a member of the session listens on this TCP port; null when /proc does not tell. */
export function sessionListens(session: number, port: number): boolean | null {
  try {
    const listening = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningSockets(file, port)));
    return sessionMembers(session).some(({ pid }) => openFiles(pid).some((file) => listening.has(file)));
  } catch {
    return null;
  }
}

/** Columns of /proc/net/tcp: slot, local address:port in hex, remote, state (0A = LISTEN), ..., inode as the tenth. */
function listeningSockets(file: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync(file, 'utf8').split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(suffix) && columns[3] === '0A')
    .map((columns) => `socket:[${columns[9]}]`);
}

function openFiles(pid: number): string[] {
  try {
    const directory = `/proc/${pid}/fd`;
    return readdirSync(directory).map((descriptor) => readlinkSync(`${directory}/${descriptor}`));
  } catch {
    return [];
  }
}
