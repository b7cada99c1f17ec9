/** What a run needs of the system it is about, whosever machines it is on. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Api } from '../e2e/system.js';
import { FrameworkProcess } from '../framework-process.js';
import type { OwnCluster } from './own-cluster.js';
import type { ReplicaProcess } from './replica-processes.js';
import type { TaskProcess } from './task-processes.js';

/** Of the schedulers; what is theirs in Mesos is told by it from what is others'. */
export const role = 'gaia-chaos';
export const principal = 'chaos';
export const readyMaxMs = 60_000;

export interface Cluster {
  /** For files of the run. */
  readonly directory: string;
  /** Null: they are somebody else's, with masters and agents, and nothing is done to them. */
  readonly machines: OwnCluster | null;
  /** That have been started; they may have ended. */
  readonly schedulers: readonly FrameworkProcess[];
  /** Of a scheduler that runs, if one does: whichever it is passes requests on to the leader. */
  readonly api: Api;
  /** Host names of agents. */
  readonly agents: readonly string[];
  readonly masterUrls: readonly string[];
  /** What outlives replicas of durability disk is below these folders. */
  readonly disks: readonly string[];
  /** Where agents keep persistent volumes, as far as this host sees it. */
  readonly volumes: readonly string[];
  /** The processes that are replicas of the run's groups, whoever knows of them. */
  replicas(): ReplicaProcess[];
  /** Those that are tasks of its plain apps. */
  tasks(): TaskProcess[];
  /** What is started again when it has ended. */
  readonly kept: readonly Kept[];
  stop(): Promise<void>;
}

export interface Kept {
  name: string;
  pid: () => number | undefined;
  start: () => Promise<void> | void;
}

/** Where all have written what they do. */
export const logsOf = (directory: string): string => join(directory, 'mesos', 'log');

/** Where nobody runs any more the request fails, as one that is not answered. */
export function apiOfAny(schedulers: readonly FrameworkProcess[]): Api {
  const usable = schedulers.filter(({ ended, url }) => !ended && url !== '');
  return new Api(usable[Math.floor(Math.random() * usable.length)]?.url ?? '');
}

/** Also in place of one that has ended: their logs are one. */
export async function startScheduler(
  schedulers: FrameworkProcess[],
  at: number,
  args: string[],
  enter: string[] = [],
): Promise<void> {
  const before = schedulers[at]?.log ?? '';
  const scheduler = new FrameworkProcess([...args, '--role', role, '--principal', principal], enter);
  scheduler.log = before;
  schedulers[at] = scheduler;
  await scheduler.ready(readyMaxMs);
}

export function keptSchedulers(schedulers: readonly FrameworkProcess[], start: (at: number) => Promise<void>): Kept[] {
  return schedulers.map((_, at) => ({
    name: `scheduler-${at + 1}`,
    pid: () => schedulers[at]?.process.pid,
    start: () => start(at),
  }));
}

export function endSchedulers(schedulers: readonly FrameworkProcess[], directory: string): void {
  for (const [at, { process, log }] of schedulers.entries()) {
    process.kill('SIGKILL');
    writeFileSync(join(logsOf(directory), `scheduler-${at + 1}.log`), log);
  }
}
