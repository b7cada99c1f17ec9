import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { CommandInfo, KillPolicy, TaskInfo } from '../mesos-http-client/types.js';
import { commandLine } from './command-line.js';
import { signalGroup } from './process-group.js';

/** The command of a task as Mesos' executors start and end it: it leads a process group that is ended as a whole. */

const KILL_GRACE_MS = 3000;
/** The longest time a timer can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const AT_ONCE: KillPolicy = { grace_period: { nanoseconds: 0 } };

export function startCommand(command: CommandInfo, options: Pick<SpawnOptions, 'cwd' | 'env' | 'stdio'>): ChildProcess {
  const { file, argv } = commandLine(command);
  return spawn(file, argv.slice(1), { argv0: argv[0] ?? file, detached: true, ...options });
}

/** SIGTERM, and SIGKILL after the grace period of the KILL, else of the task. */
export function terminate(child: ChildProcess, { kill_policy }: TaskInfo, policy: KillPolicy | undefined): void {
  signalGroup(child, 'SIGTERM');
  const grace = policy?.grace_period ?? kill_policy?.grace_period;
  setTimeout(() => signalGroup(child, 'SIGKILL'), grace ? grace.nanoseconds / 1e6 : KILL_GRACE_MS).unref();
}

/** Calls `late` when the task's `max_completion_time` is over, unless the command has ended by then. */
export function whenLate(child: ChildProcess, { max_completion_time }: TaskInfo, late: () => void): void {
  if (max_completion_time === undefined) return;
  const timer = setTimeout(late, Math.min(max_completion_time.nanoseconds / 1e6, TIMER_MS_MAX));
  child.once('exit', () => clearTimeout(timer));
}
