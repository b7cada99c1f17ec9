import type { SchedulerEvent } from '../../mesos-http-client/calls.js';
import type {
  AgentInfo,
  DomainInfo,
  ExecutorInfo,
  FrameworkInfo,
  Resource,
  TaskState,
  TaskStatus,
  Unavailability,
} from '../../mesos-http-client/types.js';
import { type Counters, count } from '../metrics.js';
import type { ToAgent } from '../protocol.js';
import type { Drain } from './drain.js';
import type { OperationRecord } from './operation-statuses.js';
import type { OperatorEvent } from './operator-stream.js';
import type { Quota } from './quota.js';

/** Everything the master holds. Changed only inside `Master.step`. */
export interface MasterState {
  readonly settings: MasterSettings;
  /** Since when this master leads. */
  readonly startedAtMs: number;
  frameworks: Map<string, Framework>;
  readonly counters: Counters;
  /** Streams of the operator API, and when each is due a heartbeat. */
  operators: Map<number, number>;
  agents: Map<string, Agent>;
  /** Agents of the registry that have not come back since this master started; the deadline in ms. */
  recoveredAgents: Map<string, { info: AgentInfo; deadlineMs: number }>;
  /** Since when, in ms. */
  unreachableAgents: Map<string, { sinceMs: number; info: AgentInfo }>;
  goneAgents: Set<string>;
  /** Not offered. */
  deactivatedAgents: Set<string>;
  drains: Map<string, Drain>;
  /** Newest last, bounded. */
  completedFrameworks: CompletedFramework[];
  offers: Map<string, HeldOffer>;
  filters: OfferFilter[];
  schedule: Schedule;
  /** Those of the schedule, by `machineKey`. */
  machines: Map<string, Machine>;
  quotas: ReadonlyMap<string, Quota>;
  /** Only those that were set; others weigh 1. */
  weights: Map<string, number>;
  /** Whose success is not acknowledged yet, by framework and id. */
  operations: Map<string, OperationRecord>;
  inverseOffers: Map<string, HeldInverseOffer>;
  inverseFilters: { frameworkId: string; agentId: string; untilMs: number }[];
  /** By agent, then by framework: the last answer to an inverse offer. */
  inverseAnswers: Map<string, Map<string, { status: 'ACCEPT' | 'DECLINE'; atMs: number }>>;
  nextFrameworkNumber: number;
  nextAgentNumber: number;
  nextOfferNumber: number;
  nextOperationNumber: number;
  nextAllocationAtMs: number;
  /** State of the generator that shuffles agents. */
  randomState: number;
}

export interface MasterSettings {
  masterId: string;
  ip: string;
  port: number;
  hostname: string;
  domain: DomainInfo | null;
  allocationIntervalMs: number;
  heartbeatIntervalMs: number;
  agentPingIntervalMs: number;
  agentPingsMissedMax: number;
  agentReregisterTimeoutMs: number;
  seed: number;
}

export interface Framework {
  id: string;
  info: FrameworkInfo;
  stream: { connection: number; streamId: string; nextHeartbeatAtMs: number } | null;
  suppressedRoles: Set<string>;
  readonly counters: Counters;
  /** How often it was given an offer, by role. */
  timesChosen: Map<string, number>;
  registeredAtMs: number;
  reregisteredAtMs: number | null;
  /** When the framework is removed unless it comes back; null while connected or known only from agents. */
  failoverDeadlineMs: number | null;
  /** Known from agents only: it has not subscribed to this master yet. */
  recovered: boolean;
  tasks: Map<string, TaskRecord>;
  unreachableTasks: Map<string, TaskRecord>;
  /** Newest last, bounded. */
  completedTasks: TaskRecord[];
}

export interface CompletedFramework {
  id: string;
  /** Null when only the id was remembered over a restart of the master. */
  framework: Framework | null;
  unregisteredAtMs: number;
}

export interface TaskRecord {
  id: string;
  name: string;
  frameworkId: string;
  agentId: string;
  /** Null for command tasks. */
  executorId: string | null;
  role: string;
  /** As sent, with allocation_info. */
  resources: Resource[];
  /** Newest state the agent has told; frees resources. */
  latestState: TaskState;
  /** State of the newest update forwarded; what the framework knows and reconciliation tells. */
  forwardedState: TaskState;
  statuses: TaskStatus[];
}

export interface Agent {
  id: string;
  ip: string;
  info: AgentInfo;
  /** Null while disconnected. */
  connection: number | null;
  registeredAtMs: number;
  reregisteredAtMs: number | null;
  nextPingAtMs: number;
  pingsMissed: number;
  executors: Map<string, ExecutorRecord>;
}

export interface ExecutorRecord {
  frameworkId: string;
  info: ExecutorInfo;
}

export interface HeldOffer {
  id: string;
  frameworkId: string;
  agentId: string;
  role: string;
  /** Unallocated, refined format. */
  resources: Resource[];
}

export interface HeldInverseOffer {
  id: string;
  frameworkId: string;
  agentId: string;
}

export interface MachineId {
  hostname?: string;
  ip?: string;
}

export interface Schedule {
  windows: { machine_ids: MachineId[]; unavailability: Unavailability }[];
}

/** A machine that is to be maintained, or is being. */
export interface Machine {
  id: MachineId;
  mode: 'DRAINING' | 'DOWN';
  unavailability: Unavailability;
}

/** Hides offers of an agent whose resources are a subset of the refused ones. */
export interface OfferFilter {
  frameworkId: string;
  role: string;
  agentId: string;
  resources: Resource[];
  untilMs: number;
}

/** What survives a master, as the registry does in Apache Mesos; framework ids go beyond it. */
export interface Registry {
  agents: AgentInfo[];
  unreachable: { agentId: string; sinceMs: number; info: AgentInfo }[];
  gone: string[];
  completedFrameworks: string[];
  /** Registries of earlier versions have none of these. */
  deactivated?: string[];
  drains?: [agentId: string, drain: Drain][];
  maintenance?: { schedule: Schedule; machines: Machine[] };
  quotas?: [role: string, quota: Quota][];
  weights?: [role: string, weight: number][];
}

export type MasterAction =
  | { type: 'event'; connection: number; event: SchedulerEvent }
  | { type: 'operatorEvent'; connection: number; event: OperatorEvent }
  | { type: 'endStream'; connection: number }
  | { type: 'toAgent'; connection: number; message: ToAgent }
  | { type: 'dropAgent'; connection: number }
  | { type: 'save'; registry: Registry };

/** What the parts of the master work on during one step. */
export interface Step {
  state: MasterState;
  nowMs: number;
  actions: MasterAction[];
}

export const COMPLETED_FRAMEWORKS_MAX = 1000;
export const COMPLETED_TASKS_MAX = 1000;
export const TASK_STATUSES_MAX = 32;

export const executorKey = (frameworkId: string, executorId: string): string => `${frameworkId}\n${executorId}`;

export function sendEvent(step: Step, framework: Framework, event: SchedulerEvent): void {
  if (!framework.stream) return;
  count(framework.counters, 'events', `events/${event.type.toLowerCase()}`);
  step.actions.push({ type: 'event', connection: framework.stream.connection, event });
}

export function sendToAgent(step: Step, agent: Agent | undefined, message: ToAgent): void {
  if (agent && agent.connection !== null) {
    step.actions.push({ type: 'toAgent', connection: agent.connection, message });
  }
}

export function saveRegistry(step: Step): void {
  const { agents, recoveredAgents, unreachableAgents, goneAgents, completedFrameworks, schedule, machines } =
    step.state;
  const known = [...agents.values(), ...recoveredAgents.values()].map((agent) => agent.info);
  const unreachable = [...unreachableAgents].map(([agentId, { sinceMs, info }]) => ({ agentId, sinceMs, info }));
  const completed = completedFrameworks.map((framework) => framework.id);
  step.actions.push({
    type: 'save',
    registry: {
      agents: known,
      unreachable,
      gone: [...goneAgents],
      deactivated: [...step.state.deactivatedAgents],
      drains: [...step.state.drains],
      completedFrameworks: completed,
      maintenance: { schedule, machines: [...machines.values()] },
      quotas: [...step.state.quotas],
      weights: [...step.state.weights],
    },
  });
}

export function tasksOnAgent(state: MasterState, agentId: string): TaskRecord[] {
  return [...state.frameworks.values()].flatMap((framework) =>
    [...framework.tasks.values()].filter((task) => task.agentId === agentId),
  );
}
