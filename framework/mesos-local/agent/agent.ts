import type { AgentInfo, FrameworkInfo, TaskInfo, TaskStatus } from '../../mesos-http-client/types.js';
import type { ToAgent } from '../protocol.js';
import { drain } from './drain.js';
import {
  containerExited,
  containerFailed,
  containerStarted,
  executorStreamClosed,
  shutdownExecutor,
  shutdownFramework,
  subscribeExecutor,
  tickExecutors,
} from './executors.js';
import { applyOperation, withReservations } from './resources.js';
import {
  type AgentAction,
  type AgentCheckpoint,
  type AgentSettings,
  type AgentState,
  type ContainerProcess,
  executorKey,
  executorOf,
  forward,
  type Step,
  taskKey,
  toExecutor,
} from './state.js';
import { restart } from './status-stream.js';
import {
  acknowledgeStatus,
  answerForUnknownTasks,
  killTask,
  resendDue,
  runGroup,
  runTask,
  takeUpdate,
} from './tasks.js';

export type AgentEvent =
  | { type: 'masterConnected' }
  | { type: 'masterClosed' }
  | { type: 'fromMaster'; message: ToAgent }
  | {
      type: 'executorSubscribed';
      connection: number;
      frameworkId: string;
      executorId: string;
      tasks: TaskInfo[];
      updates: TaskStatus[];
    }
  | { type: 'executorUpdate'; frameworkId: string; executorId: string; status: TaskStatus }
  | { type: 'executorMessage'; frameworkId: string; executorId: string; data: string }
  | { type: 'executorStreamClosed'; connection: number }
  | { type: 'containerStarted'; containerId: string; process: ContainerProcess }
  | { type: 'containerFailed'; containerId: string; message: string; dropped: boolean }
  | { type: 'containerExited'; containerId: string; status: number | null }
  /** SIGUSR1: leave the cluster for good. */
  | { type: 'shutdown' }
  | { type: 'tick' };

export interface FreshIds {
  newStatusUuid(): string;
  newContainerId(): string;
}

/** The agent decides here: no clock, no socket, no process. The loop carries out the actions in order. */
export class Agent {
  readonly state: AgentState;
  readonly #ids: FreshIds;

  /** @param checkpoint what an earlier life left, or null for a new agent */
  constructor(
    settings: AgentSettings,
    info: AgentInfo,
    checkpoint: AgentCheckpoint | null,
    ids: FreshIds,
    nowMs: number,
  ) {
    const executors = (checkpoint?.executors ?? []).map((executor) => ({ ...executor, connection: null }));
    const agentId = checkpoint?.agentId ?? null;
    const resources = withReservations(info.resources ?? [], checkpoint?.info.resources ?? []);
    this.#ids = ids;
    this.state = {
      settings,
      startedAtMs: nowMs,
      counters: new Map(),
      agentId,
      info: { ...info, resources, ...(agentId !== null && { id: { value: agentId } }) },
      frameworks: new Map(checkpoint?.frameworks.map((framework) => [framework.id?.value ?? '', framework])),
      executors: new Map(executors.map((executor) => [executorKey(executor.frameworkId, executor.id), executor])),
      tasks: new Map(checkpoint?.tasks.map((task) => [taskKey(task.frameworkId, task.taskId), task])),
      recoveryDeadlineMs: nowMs + (executors.length > 0 ? settings.executorReregistrationTimeoutMs : 0),
      registered: false,
      draining: checkpoint?.draining ?? null,
      shuttingDown: false,
    };
    for (const executor of executors) {
      executor.registrationDeadlineMs = this.state.recoveryDeadlineMs;
      if (executor.terminating) executor.killAtMs = nowMs;
    }
  }

  step(event: AgentEvent, nowMs: number): AgentAction[] {
    const step: Step = { state: this.state, nowMs, actions: [], ...this.#ids };
    handle(step, event);
    finishRecovery(step);
    if (this.state.shuttingDown && this.state.executors.size === 0) leave(step);
    return step.actions;
  }

  /** What has to be on disk before the actions of a step are carried out. */
  checkpoint(): AgentCheckpoint {
    const { agentId, info, frameworks, executors, tasks } = this.state;
    const checkpointed = (id: string) => frameworks.get(id)?.checkpoint === true;
    return {
      agentId,
      info,
      frameworks: [...frameworks.values()].filter((framework: FrameworkInfo) => framework.checkpoint === true),
      executors: [...executors.values()].filter((executor) => checkpointed(executor.frameworkId)),
      tasks: [...tasks.values()].filter((task) => checkpointed(task.frameworkId)),
      draining: this.state.draining,
    };
  }
}

function handle(step: Step, event: AgentEvent): void {
  switch (event.type) {
    case 'masterConnected':
      // It has left, though some of its executors still end.
      if (!step.state.shuttingDown) register(step);
      return;
    case 'masterClosed':
      step.state.registered = false;
      return;
    case 'fromMaster':
      handleMaster(step, event.message);
      return;
    case 'executorStreamClosed':
      executorStreamClosed(step, event.connection);
      return;
    case 'containerStarted':
      containerStarted(step, event.containerId, event.process);
      return;
    case 'containerFailed':
      containerFailed(step, event.containerId, event.message, event.dropped);
      return;
    case 'containerExited':
      containerExited(step, event.containerId, event.status);
      return;
    case 'shutdown':
      shutdown(step);
      return;
    case 'tick':
      tickExecutors(step);
      if (step.state.registered) resendDue(step);
      return;
    default:
      handleExecutor(step, event);
      return;
  }
}

type ExecutorAgentEvent = Extract<AgentEvent, { executorId: string }>;

function handleExecutor(step: Step, event: ExecutorAgentEvent): void {
  const { frameworkId, executorId } = event;
  const executor = executorOf(step.state, frameworkId, executorId);
  if (!executor) return;
  if (event.type === 'executorSubscribed') {
    subscribeExecutor(step, executor, event.connection, event);
  } else if (event.type === 'executorUpdate') takeUpdate(step, executor, event.status);
  else if (step.state.registered) {
    const message = { type: 'message' as const, frameworkId, executorId, data: event.data };
    step.actions.push({ type: 'toMaster', message });
  }
}

function handleMaster(step: Step, message: ToAgent): void {
  switch (message.type) {
    case 'registered':
      registered(step, message);
      return;
    case 'ping':
      step.actions.push({ type: 'toMaster', message: { type: 'pong' } });
      return;
    case 'shutdown':
      shutdown(step);
      return;
    case 'runTask':
      runTask(step, message.framework, message.task);
      return;
    case 'updateFramework':
      updateFramework(step, message.framework);
      return;
    case 'runGroup':
      runGroup(step, message.framework, message.tasks);
      return;
    case 'drain':
      drain(step, message.drain);
      return;
    case 'applyOperation':
      applyOperation(step, message.operation);
      return;
    case 'killTask':
      killTask(step, message.frameworkId, message.taskId, message.killPolicy);
      return;
    case 'shutdownFramework':
      shutdownFramework(step, message.frameworkId);
      return;
    case 'acknowledge':
      acknowledgeStatus(step, message.frameworkId, message.taskId, message.uuid);
      return;
  }
  const executor = executorOf(step.state, message.frameworkId, message.executorId);
  if (!executor) return;
  if (message.type === 'shutdownExecutor') shutdownExecutor(step, executor);
  else toExecutor(step, executor, { type: 'MESSAGE', message: { data: message.data } });
}

function register(step: Step): void {
  const { agentId, info, frameworks, tasks, executors } = step.state;
  const reported = [...tasks.values()].flatMap((task) =>
    task.info ? [{ frameworkId: task.frameworkId, info: task.info, latestState: task.stream.latestState }] : [],
  );
  const customExecutors = [...executors.values()].filter((executor) => !executor.isCommandExecutor);
  step.actions.push({
    type: 'toMaster',
    message: {
      type: 'register',
      ip: step.state.settings.ip,
      agentId,
      info,
      frameworks: [...frameworks.values()],
      tasks: reported,
      executors: customExecutors.map(({ frameworkId, info: executor }) => ({ frameworkId, info: executor })),
    },
  });
}

function registered(step: Step, message: Extract<ToAgent, { type: 'registered' }>): void {
  const { state } = step;
  state.agentId = message.agentId;
  state.info = { ...state.info, id: { value: message.agentId } };
  state.registered = true;
  resend(step);
  answerForUnknownTasks(step, message.unknownTasks);
  drain(step, message.drain);
}

/** Of whatever framework, as in Mesos: updates that are not acknowledged are sent at once. */
function updateFramework(step: Step, framework: FrameworkInfo): void {
  const id = framework.id?.value ?? '';
  if (!step.state.frameworks.has(id)) return;
  step.state.frameworks.set(id, framework);
  resend(step);
}

function resend(step: Step): void {
  for (const task of step.state.tasks.values()) {
    const status = restart(task.stream, step.nowMs, step.state.settings);
    if (status) forward(step, task, status);
  }
}

function shutdown(step: Step): void {
  const { state } = step;
  state.shuttingDown = true;
  if (state.registered) step.actions.push({ type: 'toMaster', message: { type: 'unregister' } });
  state.registered = false;
  for (const executor of state.executors.values()) shutdownExecutor(step, executor);
}

/** All it keeps is its id and what is reserved: the next life of it has no tasks (observed on Mesos 1.12). */
function leave(step: Step): void {
  step.state.tasks.clear();
  step.state.frameworks.clear();
  step.actions.push({ type: 'exit' });
}

/** The agent goes to the master when all its executors are back, or given up: it then knows what runs. */
function finishRecovery(step: Step): void {
  const { state } = step;
  if (state.recoveryDeadlineMs === null) return;
  const waiting = [...state.executors.values()].some((executor) => executor.registrationDeadlineMs !== null);
  if (waiting && state.recoveryDeadlineMs > step.nowMs) return;
  state.recoveryDeadlineMs = null;
  step.actions.push({ type: 'connectToMaster' });
}
