import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

export interface Thread {
  number: number;
  name: string;
  /** Processor time so far. */
  us: number;
}

/** Of the threads that a process has; nothing of one that ends meanwhile. */
export function threadsOf(pid: number): Thread[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).flatMap((number) => readThread(`${tasks}/${number}`, Number(number)));
}

/** Linux' Documentation/scheduler/sched-stats.rst: the first number of schedstat is nanoseconds on a processor. */
function readThread(directory: string, number: number): Thread[] {
  try {
    const [ns] = readFileSync(`${directory}/schedstat`, 'utf8').split(' ');
    return [{ number, name: readFileSync(`${directory}/comm`, 'utf8').trim(), us: Number(ns) / 1000 }];
  } catch {
    return [];
  }
}

export const sumUs = (threads: Thread[]): number => threads.reduce((sum, { us }) => sum + us, 0);

/** Of all threads of a process so far. */
export const processorUs = (pid: number): number => sumUs(threadsOf(pid));

/** The processors that this process may use. */
export function processors(): number[] {
  const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number) as [number, number?];
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** All threads that a process has, and those that they start, run there only. */
export function pin(pid: number, where: number[]): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', where.join(','), `${pid}`]);
}

/** All threads that a process has, and those that they start, run when no other wants the processor. */
export function giveWay(pid: number): void {
  for (const { number } of threadsOf(pid)) setPriority(number, constants.priority.PRIORITY_LOW);
}

/** Keeps a processor from sleeping until it is killed; whoever else wants the processor has it. */
export function keepAwake(processor: number): ChildProcess {
  const busy = [process.execPath, '-e', 'for (;;);'];
  return spawn('taskset', ['--cpu-list', `${processor}`, 'chrt', '--idle', '0', ...busy], { stdio: 'ignore' });
}
