/** What `/v2/watch` and the other resources of the API tell the page, as far as the page reads it. */

/** Mem and disk in MB. */
export interface Amounts {
  cpus: number;
  mem: number;
  disk: number;
}

export interface AgentRow {
  id: string;
  hostname: string;
  region: string | null;
  zone: string | null;
  attributes: Record<string, string>;
  /** Null: not known, and nothing is guessed. */
  total: Amounts | null;
  free: Amounts | null;
  /** Something since the framework started. */
  offered: boolean;
  /** It takes nothing and is being emptied. */
  draining: boolean;
  /** A maintenance window. */
  unavailable?: { startMs: number };
}

export type GroupState = 'forming' | 'whole' | 'degraded' | 'noQuorum' | 'lost';

export interface AppRow {
  id: string;
  instances: number;
  cpus: number;
  mem: number;
  replicated: boolean;
  vm: boolean;
  tasksRunning: number;
  tasksStaged: number;
  tasksUnhealthy: number;
  waiting: number;
  deploymentIds: string[];
  group: {
    state: GroupState;
    leader: { slot: number; member: number } | null;
  } | null;
  version: string;
  /** Its tasks are being stopped, then it is forgotten. */
  deleting?: true;
  /** The output of a replica differs from that of the others. */
  diverged?: true;
}

export interface TaskRow {
  id: string;
  appId: string;
  agentId: string;
  /** Mesos' word, such as TASK_RUNNING. */
  state: string;
  /** Of a replica. */
  slot?: number;
  /** As last reported; left out: not known. */
  role?: string;
}

export interface DeploymentRow {
  id: string;
  affectedApps: string[];
  currentStep: number;
  totalSteps: number;
  currentActions: { action: string; app: string }[];
  waitingFor: string | null;
  deadline?: string;
}

export interface QueueRow {
  appId: string;
}

export interface MasterRow {
  connected: boolean;
  address: string | null;
}

interface Lists {
  agents: AgentRow[];
  apps: AppRow[];
  tasks: TaskRow[];
  deployments: DeploymentRow[];
  queue: QueueRow[];
  master: MasterRow;
}

/** Everything, at one instant of the server's clock. */
export interface Snapshot extends Lists {
  at: string;
  version: string;
  leader: string | null;
}

/** What is not the same as before; deployments, queue and master as a whole. */
export interface Changes extends Partial<Lists> {
  at: string;
  agentsGone?: string[];
  appsGone?: string[];
  tasksGone?: string[];
}
