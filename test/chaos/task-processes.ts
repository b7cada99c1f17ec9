/** Tasks of plain apps as the processes they are, whoever knows of them: found in /proc, which is this run's own. */
import { readFileSync, statSync } from 'node:fs';
import { pids } from '../../executor/pids.js';
import { plainApps, plainCommand, volumePath } from './apps.js';

export interface TaskProcess {
  pid: number;
  app: string;
  task: string;
  /** Which folder it keeps its files in, by device and number; null: it has none. */
  volume: string | null;
}

/** That live at one moment: what is there before it and after it. */
export function taskProcesses(): TaskProcess[] {
  const before = new Set(found().map(nameOf));
  return found().filter((one) => before.has(nameOf(one)));
}

const nameOf = ({ pid, task }: TaskProcess): string => `${pid} ${task}`;

function found(): TaskProcess[] {
  return pids().flatMap((pid) => taskProcess(pid) ?? []);
}

/** Null: it is none, or ends just now. */
function taskProcess(pid: number): TaskProcess | null {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
    if (words.join(' ') !== plainCommand) return null;
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    const said = (name: string) => environment.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
    const app = said('MARATHON_APP_ID');
    const task = said('MESOS_TASK_ID');
    if (task === undefined || !plainApps.some(({ id }) => id === app)) return null;
    return { pid, app: app as string, task, volume: volumeOf(pid) };
  } catch {
    return null;
  }
}

function volumeOf(pid: number): string | null {
  const folder = statSync(`/proc/${pid}/cwd/${volumePath}`, { throwIfNoEntry: false });
  return folder === undefined ? null : `${folder.dev}:${folder.ino}`;
}
