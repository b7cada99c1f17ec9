/** Calls and events of the v1 scheduler, executor and operator APIs (v1/scheduler, v1/executor, v1/master, v1/agent). */

import type { TaskState, TaskStatus } from './task-status.js';
import type {
  AgentID,
  AgentInfo,
  ContainerID,
  ExecutorID,
  ExecutorInfo,
  Filters,
  FrameworkID,
  FrameworkInfo,
  InverseOffer,
  KillPolicy,
  MasterInfo,
  Nanoseconds,
  Offer,
  OfferID,
  OperationID,
  Resource,
  TaskID,
  TaskInfo,
  Value,
} from './types.js';

// Scheduler API: POST /api/v1/scheduler

/** `id` asks for UPDATE_OPERATION_STATUS; it is an error on launches. Without it a bad operation vanishes in silence. */
export type OfferOperation =
  | { type: 'LAUNCH'; launch: { task_infos: TaskInfo[] } }
  | { type: 'LAUNCH_GROUP'; launch_group: { executor: ExecutorInfo; task_group: { tasks: TaskInfo[] } } }
  | { type: 'RESERVE'; id?: OperationID; reserve: { source?: Resource[]; resources: Resource[] } }
  | { type: 'UNRESERVE'; id?: OperationID; unreserve: { resources: Resource[] } }
  | { type: 'CREATE'; id?: OperationID; create: { volumes: Resource[] } }
  | { type: 'DESTROY'; id?: OperationID; destroy: { volumes: Resource[] } };

export type OperationState =
  | 'OPERATION_PENDING'
  | 'OPERATION_FINISHED'
  | 'OPERATION_FAILED'
  | 'OPERATION_ERROR'
  | 'OPERATION_DROPPED'
  | 'OPERATION_UNREACHABLE'
  | 'OPERATION_GONE_BY_OPERATOR'
  | 'OPERATION_RECOVERING'
  | 'OPERATION_UNKNOWN'
  | 'OPERATION_UNSUPPORTED';

export interface OperationStatus {
  operation_id?: OperationID;
  state: OperationState;
  message?: string;
  converted_resources?: Resource[];
  /** Here a message, in ACKNOWLEDGE_OPERATION_STATUS the bare string. Absent: nothing to acknowledge. */
  uuid?: Value<string>;
  agent_id?: AgentID;
  resource_provider_id?: Value<string>;
}

export interface Subscribe {
  framework_info: FrameworkInfo;
  suppressed_roles?: string[];
}

interface FrameworkCall {
  framework_id: FrameworkID;
}

/** `framework_id` on SUBSCRIBE: absent the first time, later equal to `subscribe.framework_info.id`. */
export type SchedulerCall =
  | { type: 'SUBSCRIBE'; framework_id?: FrameworkID; subscribe: Subscribe }
  | (FrameworkCall & SchedulerCallBody);

export type SchedulerCallBody =
  | { type: 'TEARDOWN' }
  | { type: 'ACCEPT'; accept: { offer_ids: OfferID[]; operations: OfferOperation[]; filters?: Filters } }
  | { type: 'DECLINE'; decline: { offer_ids: OfferID[]; filters?: Filters } }
  | { type: 'ACCEPT_INVERSE_OFFERS'; accept_inverse_offers: { inverse_offer_ids: OfferID[]; filters?: Filters } }
  | { type: 'DECLINE_INVERSE_OFFERS'; decline_inverse_offers: { inverse_offer_ids: OfferID[]; filters?: Filters } }
  | { type: 'REVIVE'; revive?: { roles: string[] } }
  | { type: 'SUPPRESS'; suppress?: { roles: string[] } }
  | { type: 'KILL'; kill: { task_id: TaskID; agent_id?: AgentID; kill_policy?: KillPolicy } }
  | { type: 'SHUTDOWN'; shutdown: { executor_id: ExecutorID; agent_id: AgentID } }
  | { type: 'ACKNOWLEDGE'; acknowledge: { agent_id: AgentID; task_id: TaskID; uuid: string } }
  | {
      type: 'ACKNOWLEDGE_OPERATION_STATUS';
      acknowledge_operation_status: { agent_id?: AgentID; uuid: string; operation_id: OperationID };
    }
  | { type: 'RECONCILE'; reconcile: { tasks: { task_id: TaskID; agent_id?: AgentID }[] } }
  | {
      type: 'RECONCILE_OPERATIONS';
      reconcile_operations: { operations: { operation_id: OperationID; agent_id?: AgentID }[] };
    }
  | { type: 'MESSAGE'; message: { agent_id: AgentID; executor_id: ExecutorID; data: string } }
  | { type: 'UPDATE_FRAMEWORK'; update_framework: Subscribe };

export interface Subscribed {
  framework_id: FrameworkID;
  heartbeat_interval_seconds: number;
  master_info?: MasterInfo;
}

/** FAILURE: the executor has ended if `executor_id` is set, else the agent has been removed. */
export interface Failure {
  agent_id?: AgentID;
  executor_id?: ExecutorID;
  /** Raw wait status: exit code 3 is 768. */
  status?: number;
}

export type SchedulerEvent =
  | { type: 'SUBSCRIBED'; subscribed: Subscribed }
  | { type: 'OFFERS'; offers: { offers: Offer[] } }
  | { type: 'INVERSE_OFFERS'; inverse_offers: { inverse_offers: InverseOffer[] } }
  | { type: 'RESCIND'; rescind: { offer_id: OfferID } }
  | { type: 'RESCIND_INVERSE_OFFER'; rescind_inverse_offer: { inverse_offer_id: OfferID } }
  | { type: 'UPDATE'; update: { status: TaskStatus } }
  | { type: 'UPDATE_OPERATION_STATUS'; update_operation_status: { status: OperationStatus } }
  | { type: 'MESSAGE'; message: { agent_id: AgentID; executor_id: ExecutorID; data: string } }
  | { type: 'FAILURE'; failure: Failure }
  | { type: 'ERROR'; error: { message: string } }
  | { type: 'HEARTBEAT' };

// Executor API: POST /api/v1/executor on the agent

interface ExecutorIdentity {
  executor_id: ExecutorID;
  framework_id: FrameworkID;
}
/** An update the agent has not acknowledged yet. */
export interface ExecutorUpdate {
  status: TaskStatus;
}
export type ExecutorCall = ExecutorIdentity &
  (
    | {
        type: 'SUBSCRIBE';
        subscribe: { unacknowledged_tasks: TaskInfo[]; unacknowledged_updates: ExecutorUpdate[] };
      }
    | { type: 'UPDATE'; update: ExecutorUpdate }
    | { type: 'MESSAGE'; message: { data: string } }
    | { type: 'HEARTBEAT' }
  );

export type ExecutorEvent =
  | {
      type: 'SUBSCRIBED';
      subscribed: {
        executor_info: ExecutorInfo;
        framework_info: FrameworkInfo;
        agent_info: AgentInfo;
        container_id?: ContainerID;
      };
    }
  | { type: 'LAUNCH'; launch: { task: TaskInfo } }
  | { type: 'LAUNCH_GROUP'; launch_group: { task_group: { tasks: TaskInfo[] } } }
  | { type: 'KILL'; kill: { task_id: TaskID; kill_policy?: KillPolicy } }
  | { type: 'ACKNOWLEDGED'; acknowledged: { task_id: TaskID; uuid: string } }
  | { type: 'MESSAGE'; message: { data: string } }
  | { type: 'SHUTDOWN' }
  | { type: 'ERROR'; error: { message: string } }
  | { type: 'HEARTBEAT' };

// Operator API: POST /api/v1 on the master; READ_FILE, GET_HEALTH and GET_VERSION also on agents

export type OperatorCall =
  | { type: 'GET_HEALTH' }
  | { type: 'GET_VERSION' }
  | { type: 'GET_AGENTS' }
  | { type: 'GET_STATE' }
  | { type: 'READ_FILE'; read_file: { path: string; offset: number; length?: number } };

export interface VersionInfo {
  version: string;
  build_date?: string;
  build_time?: number;
  build_user?: string;
  git_sha?: string;
  git_branch?: string;
  git_tag?: string;
}

/** One agent of GET_AGENTS. */
export interface AgentState {
  agent_info: AgentInfo;
  active: boolean;
  deactivated?: boolean;
  version: string;
  pid?: string;
  registered_time?: Nanoseconds;
  reregistered_time?: Nanoseconds;
  total_resources?: Resource[];
  allocated_resources?: Resource[];
  offered_resources?: Resource[];
  capabilities?: { type: string }[];
  drain_info?: unknown;
}
export interface GetAgents {
  agents?: AgentState[];
  recovered_agents?: AgentInfo[];
}

/** The master's record of a task. */
export interface Task {
  name: string;
  task_id: TaskID;
  framework_id: FrameworkID;
  executor_id?: ExecutorID;
  agent_id: AgentID;
  state: TaskState;
  resources?: Resource[];
  statuses?: TaskStatus[];
  /** Of the newest update that was forwarded. */
  status_update_state?: TaskState;
  status_update_uuid?: string;
}
export interface FrameworkState {
  framework_info: FrameworkInfo;
  active: boolean;
  connected: boolean;
  recovered?: boolean;
  registered_time?: Nanoseconds;
  reregistered_time?: Nanoseconds;
  unregistered_time?: Nanoseconds;
  offers?: Offer[];
  allocated_resources?: Resource[];
  offered_resources?: Resource[];
}
export interface GetState {
  get_tasks?: {
    pending_tasks?: Task[];
    tasks?: Task[];
    unreachable_tasks?: Task[];
    completed_tasks?: Task[];
    orphan_tasks?: Task[];
  };
  get_executors?: { executors?: { executor_info: ExecutorInfo; agent_id: AgentID }[] };
  get_frameworks?: { frameworks?: FrameworkState[]; completed_frameworks?: FrameworkState[] };
  get_agents?: GetAgents;
}

export type OperatorResponse =
  | { type: 'GET_HEALTH'; get_health: { healthy: boolean } }
  | { type: 'GET_VERSION'; get_version: { version_info: VersionInfo } }
  | { type: 'GET_AGENTS'; get_agents: GetAgents }
  | { type: 'GET_STATE'; get_state: GetState }
  | { type: 'READ_FILE'; read_file: { size: number; data: string } };
