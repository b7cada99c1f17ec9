/**
 * The cluster as whoever watches it is shown it (`/v2/watch`): short rows, thousands of them. A row stays the same object as long as
 * nothing in it changes, so what has changed between two pictures is found by comparing references.
 */
import type { TaskState } from '../mesos-http-client/index.js';
import type { DeploymentView, FrameworkView, GroupView, QueueView } from '../service.js';

export interface Picture {
  /** ISO 8601. */
  at: string;
  master: FrameworkView['master'];
  agents: ReadonlyMap<string, AgentRow>;
  apps: ReadonlyMap<string, AppRow>;
  tasks: ReadonlyMap<string, TaskRow>;
  deployments: readonly DeploymentView[];
  /** Those that have waited longest, bounded; `waiting` of their apps has all. */
  queue: readonly QueuedRow[];
}

export interface Amounts {
  cpus: number;
  mem: number;
  disk: number;
  gpus: number;
}

export interface AgentRow {
  id: string;
  hostname: string;
  region: string | null;
  zone: string | null;
  /** As texts. */
  attributes: Record<string, string>;
  /** When it last offered, less what was put there since; `total`: with what tasks of ours have there. Null: it has not offered yet. */
  free: Amounts | null;
  total: Amounts | null;
  /** Since the framework started. */
  offered: boolean;
  draining: boolean;
  /** Its maintenance window, milliseconds since 1970; left out: none is known. */
  unavailable?: { startMs: number; durationMs: number | null };
}

export interface AppRow {
  id: string;
  instances: number;
  cpus: number;
  mem: number;
  replicated: boolean;
  vm: boolean;
  version: string;
  group: Pick<GroupView, 'state' | 'caughtUp' | 'leader'> | null;
  tasksRunning: number;
  tasksStaged: number;
  tasksHealthy: number;
  tasksUnhealthy: number;
  /** Tasks that have no place yet. */
  waiting: number;
  deploymentIds: string[];
  deleting?: true;
  /** Outputs of its replicas were seen to differ. */
  diverged?: true;
}

/** What does not apply is left out. */
export interface TaskRow {
  id: string;
  appId: string;
  agentId: string;
  state: TaskState;
  startedAt: string | null;
  slot?: number;
  role?: string;
  /** Of an app with health checks; null: not all have said anything yet. */
  healthy?: boolean | null;
}

export type QueuedRow = Pick<QueueView, 'appId' | 'count' | 'since' | 'waitsFor' | 'sentence' | 'delaySecondsLeft'>;
