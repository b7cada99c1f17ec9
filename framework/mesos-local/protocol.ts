import type { ResourceOperation } from '../mesos-http-client/operations.js';
import type {
  AgentInfo,
  ExecutorInfo,
  FrameworkInfo,
  KillPolicy,
  TaskInfo,
  TaskState,
  TaskStatus,
} from '../mesos-http-client/types.js';

/**
 * What master and agent say to each other. This protocol is our own (Apache Mesos uses protobuf over libprocess):
 * the agent opens `GET /mesos-local/agent` with `Upgrade: mesos-local`, and both sides send RecordIO records of JSON.
 */
export const AGENT_PATH = '/mesos-local/agent';
export const AGENT_PROTOCOL = 'mesos-local';
export const RECORD_BYTES_MAX = 16 * 1024 * 1024;

/** A task as an agent reports it when it (re-)registers. */
export interface AgentTask {
  frameworkId: string;
  info: TaskInfo;
  /** Newest state the agent knows; not all of it may have been forwarded and acknowledged. */
  latestState: TaskState;
}

export interface AgentExecutor {
  frameworkId: string;
  info: ExecutorInfo;
}

/** A task the master has on an agent that did not report it. */
export interface UnknownTask {
  frameworkId: string;
  taskId: string;
  executorId: string;
}

/** An operator wants an agent emptied. */
export interface DrainOrder {
  /** Of tasks; null: as they say themselves. */
  maxGraceMs: number | null;
  markGone: boolean;
}

export type ToMaster =
  | {
      type: 'register';
      /** Null: a new agent. */
      agentId: string | null;
      /** Where it listens. */
      ip: string;
      info: AgentInfo;
      frameworks: FrameworkInfo[];
      tasks: AgentTask[];
      executors: AgentExecutor[];
    }
  | { type: 'unregister' }
  | { type: 'pong' }
  | { type: 'status'; frameworkId: string; status: TaskStatus; latestState: TaskState }
  | { type: 'message'; frameworkId: string; executorId: string; data: string }
  /** `status` is the raw wait status; null when nobody could wait for the process. */
  | { type: 'executorExited'; frameworkId: string; executorId: string; status: number | null };

export type ToAgent =
  /** `unknownTasks`: the master has them on this agent, the agent did not report them. */
  | { type: 'registered'; agentId: string; unknownTasks: UnknownTask[]; drain: DrainOrder | null }
  /** Null: it is in use again. */
  | { type: 'drain'; drain: DrainOrder | null }
  /** The agent ends its executors and itself. */
  | { type: 'shutdown'; message: string }
  | { type: 'ping' }
  | { type: 'runTask'; framework: FrameworkInfo; task: TaskInfo }
  /** All on one executor, which each names. */
  | { type: 'runGroup'; framework: FrameworkInfo; tasks: TaskInfo[] }
  /** The framework has subscribed again, or says other things of itself; whoever does not run it ignores this. */
  | { type: 'updateFramework'; framework: FrameworkInfo }
  /** The agent keeps what it makes of its resources; a volume's folder comes and goes with it. */
  | { type: 'applyOperation'; operation: ResourceOperation }
  | { type: 'killTask'; frameworkId: string; taskId: string; killPolicy: KillPolicy | null }
  | { type: 'shutdownExecutor'; frameworkId: string; executorId: string }
  | { type: 'shutdownFramework'; frameworkId: string }
  | { type: 'acknowledge'; frameworkId: string; taskId: string; uuid: string }
  | { type: 'message'; frameworkId: string; executorId: string; data: string };
