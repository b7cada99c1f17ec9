import type { ExecutorEvent } from '../../mesos-http-client/calls.js';
import { isTerminal } from '../../mesos-http-client/task-status.js';
import type {
  AgentInfo,
  ExecutorInfo,
  FrameworkInfo,
  Resource,
  TaskInfo,
  TaskState,
  TaskStatus,
  TaskStatusReason,
} from '../../mesos-http-client/types.js';
import { type Counters, count, tasksIn } from '../metrics.js';
import type { DrainOrder, ToMaster } from '../protocol.js';
import { isFinished, newStream, push, type StatusStream } from './status-stream.js';

/** Everything an agent holds. Changed only inside `Agent.step`. */
export interface AgentState {
  readonly settings: AgentSettings;
  readonly startedAtMs: number;
  readonly counters: Counters;
  /** Null until a master has given one. */
  agentId: string | null;
  info: AgentInfo;
  frameworks: Map<string, FrameworkInfo>;
  executors: Map<string, Executor>;
  tasks: Map<string, AgentTaskRecord>;
  /** Until recovered executors have re-subscribed or are given up; null when that is over. */
  recoveryDeadlineMs: number | null;
  registered: boolean;
  /** Its tasks are ended for it, or have been. */
  draining: DrainOrder | null;
  shuttingDown: boolean;
}

export interface AgentSettings {
  ip: string;
  retryBaseMs: number;
  retryMaxMs: number;
  executorRegistrationTimeoutMs: number;
  executorReregistrationTimeoutMs: number;
  executorShutdownGraceMs: number;
  /** Starts the built-in command executor. */
  commandExecutor: string[];
}

export interface Executor {
  frameworkId: string;
  id: string;
  info: ExecutorInfo;
  /** The built-in executor of a command task. */
  isCommandExecutor: boolean;
  containerId: string;
  process: ContainerProcess | null;
  /** Null while not subscribed. */
  connection: number | null;
  subscribedOnce: boolean;
  registrationDeadlineMs: number | null;
  /** Set once it is to end; then it is killed. */
  killAtMs: number | null;
  terminating: boolean;
  /** What its tasks are told if it ends now. */
  ending: { message: string; reason: TaskStatusReason } | null;
}

export interface ContainerProcess {
  pid: number;
  /** Start time in clock ticks since boot: a pid with another start time is another process. */
  startTicks: number;
}

export interface AgentTaskRecord {
  frameworkId: string;
  taskId: string;
  executorId: string;
  /** Null for a task that never got here. */
  info: TaskInfo | null;
  /** Its tasks are handed over together; named by the first. */
  group?: string;
  /** Handed to the executor. */
  delivered: boolean;
  stream: StatusStream;
}

/** What an agent must find again after its own death. */
export interface AgentCheckpoint {
  agentId: string | null;
  info: AgentInfo;
  frameworks: FrameworkInfo[];
  executors: Executor[];
  tasks: AgentTaskRecord[];
  /** Checkpoints of earlier versions have none. */
  draining?: DrainOrder | null;
}

export type AgentAction =
  | { type: 'connectToMaster' }
  | { type: 'toMaster'; message: ToMaster }
  | { type: 'toExecutor'; connection: number; event: ExecutorEvent }
  | { type: 'endStream'; connection: number }
  /** `resources`: its own and those of its first task, volumes among them. */
  | { type: 'startContainer'; executor: Executor; framework: FrameworkInfo; role: string | null; resources: Resource[] }
  | { type: 'makeVolume' | 'removeVolume'; volume: Resource }
  | { type: 'killContainer'; containerId: string }
  /** Everything has ended; the agent itself is next. */
  | { type: 'exit' };

export interface Step {
  state: AgentState;
  nowMs: number;
  actions: AgentAction[];
  /** Gives the base64 of a fresh RFC 4122 uuid. */
  newStatusUuid(): string;
  newContainerId(): string;
}

export const executorKey = (frameworkId: string, executorId: string): string => `${frameworkId}\n${executorId}`;
export const taskKey = (frameworkId: string, taskId: string): string => `${frameworkId}\n${taskId}`;

export function executorOf(state: AgentState, frameworkId: string, executorId: string): Executor | undefined {
  return state.executors.get(executorKey(frameworkId, executorId));
}

export function tasksOfExecutor(state: AgentState, executor: Executor): AgentTaskRecord[] {
  return [...state.tasks.values()].filter(
    (task) => task.frameworkId === executor.frameworkId && task.executorId === executor.id,
  );
}

export function isPartitionAware(state: AgentState, frameworkId: string): boolean {
  const capabilities = state.frameworks.get(frameworkId)?.capabilities ?? [];
  return capabilities.some(({ type }) => type === 'PARTITION_AWARE');
}

export function toExecutor(step: Step, executor: Executor, event: ExecutorEvent): void {
  if (executor.connection !== null) step.actions.push({ type: 'toExecutor', connection: executor.connection, event });
}

/** Puts an update into the task's stream and forwards it if it is the only one. @returns false if the stream is full */
export function pushStatus(step: Step, task: AgentTaskRecord, status: TaskStatus): boolean {
  const result = push(task.stream, status, step.nowMs, step.state.settings);
  if (result === 'forward') forward(step, task, status);
  countUpdate(step, status, result);
  return result !== 'full';
}

function countUpdate({ state }: Step, { state: told }: TaskStatus, result: ReturnType<typeof push>): void {
  const isTaken = result === 'forward' || result === 'queued';
  count(state.counters, `slave/${isTaken ? 'valid' : 'invalid'}_status_updates`);
  if (isTaken && isTerminal(told)) count(state.counters, tasksIn('slave', told));
}

export function forward(step: Step, task: AgentTaskRecord, status: TaskStatus): void {
  if (!step.state.registered) return;
  const { frameworkId, stream } = task;
  const message: ToMaster = { type: 'status', frameworkId, status, latestState: stream.latestState };
  step.actions.push({ type: 'toMaster', message });
}

/** An update made by the agent. */
export function pushAgentStatus(
  step: Step,
  task: AgentTaskRecord,
  state: TaskState,
  message: string,
  reason: TaskStatusReason,
): void {
  pushStatus(step, task, {
    task_id: { value: task.taskId },
    state,
    message,
    source: 'SOURCE_AGENT',
    reason,
    agent_id: { value: step.state.agentId ?? '' },
    executor_id: { value: task.executorId },
    timestamp: step.nowMs / 1000,
    uuid: step.newStatusUuid(),
  });
}

/** For tasks that did not get as far as an executor. */
export function pushDropped(step: Step, task: AgentTaskRecord, message: string, reason: TaskStatusReason): void {
  const state = isPartitionAware(step.state, task.frameworkId) ? 'TASK_DROPPED' : 'TASK_LOST';
  pushAgentStatus(step, task, state, message, reason);
}

export function newTask(
  frameworkId: string,
  taskId: string,
  executorId: string,
  info: TaskInfo | null,
): AgentTaskRecord {
  return { frameworkId, taskId, executorId, info, delivered: false, stream: newStream() };
}

/** Forgets a framework nobody needs any more. */
export function forgetIdleFramework(state: AgentState, frameworkId: string): void {
  const inUse = [...state.executors.values(), ...state.tasks.values()].some((user) => user.frameworkId === frameworkId);
  if (!inUse) state.frameworks.delete(frameworkId);
}

export function dropFinished(state: AgentState, task: AgentTaskRecord): void {
  if (!isFinished(task.stream)) return;
  state.tasks.delete(taskKey(task.frameworkId, task.taskId));
  forgetIdleFramework(state, task.frameworkId);
}
