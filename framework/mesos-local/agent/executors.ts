import { isTerminal } from '../../mesos-http-client/task-status.js';
import type { TaskInfo, TaskStatus } from '../../mesos-http-client/types.js';
import { count } from '../metrics.js';
import {
  type AgentTaskRecord,
  type ContainerProcess,
  type Executor,
  executorKey,
  forgetIdleFramework,
  pushAgentStatus,
  pushDropped,
  type Step,
  tasksOfExecutor,
  toExecutor,
} from './state.js';
import { deliver, takeUpdate } from './tasks.js';

/** The life of executors on the agent (src/slave/slave.cpp; mesos-api 5). */

const DEFAULT_ENDING = { message: 'Executor terminated', reason: 'REASON_EXECUTOR_TERMINATED' } as const;

export function subscribeExecutor(
  step: Step,
  executor: Executor,
  connection: number,
  unacknowledged: { tasks: TaskInfo[]; updates: TaskStatus[] },
): void {
  if (executor.connection !== null) step.actions.push({ type: 'endStream', connection: executor.connection });
  executor.connection = connection;
  executor.registrationDeadlineMs = null;
  if (executor.terminating) {
    toExecutor(step, executor, { type: 'SHUTDOWN' });
    return;
  }
  const { state } = step;
  const { id, domain, attributes, hostname, port, resources } = state.info;
  toExecutor(step, executor, {
    type: 'SUBSCRIBED',
    subscribed: {
      executor_info: executor.info,
      framework_info: state.frameworks.get(executor.frameworkId) ?? { user: '', name: '' },
      agent_info: {
        hostname,
        ...(port !== undefined && { port }),
        ...(resources && { resources }),
        ...(attributes && { attributes }),
        ...(id && { id }),
        ...(domain && { domain }),
      },
      container_id: { value: executor.containerId },
    },
  });
  for (const status of unacknowledged.updates) takeUpdate(step, executor, status);
  settleTasks(step, executor, unacknowledged.tasks);
  executor.subscribedOnce = true;
}

/** Hands over what waits. What was handed over before and never arrived is reported as dropped. */
function settleTasks(step: Step, executor: Executor, unacknowledged: TaskInfo[]): void {
  const held = new Set(unacknowledged.map((task) => task.task_id.value));
  const isLost = (task: AgentTaskRecord) =>
    task.delivered && task.stream.latestState === 'TASK_STAGING' && !held.has(task.taskId);
  const tasks = tasksOfExecutor(step.state, executor);
  const lost = new Set(tasks.filter(isLost));
  for (const task of tasks) {
    if (lost.has(task)) pushDropped(step, task, 'Task launched during agent restart', 'REASON_AGENT_RESTARTED');
    else deliver(step, executor, task);
  }
}

export function executorStreamClosed(step: Step, connection: number): void {
  const executor = [...step.state.executors.values()].find((candidate) => candidate.connection === connection);
  if (executor) executor.connection = null;
}

export function containerStarted(step: Step, containerId: string, process: ContainerProcess): void {
  const executor = byContainer(step, containerId);
  if (!executor) return;
  executor.process = process;
  if (executor.killAtMs !== null && executor.connection === null) kill(step, executor);
}

/** The executor's process never came to be; `dropped`: not even its sandbox did. */
export function containerFailed(step: Step, containerId: string, message: string, dropped: boolean): void {
  const executor = byContainer(step, containerId);
  if (!executor) return;
  count(step.state.counters, 'slave/container_launch_errors');
  const ending = executor.ending ?? { message, reason: 'REASON_CONTAINER_LAUNCH_FAILED' as const };
  for (const task of unfinishedTasks(step, executor)) {
    if (dropped) pushDropped(step, task, message, 'REASON_EXECUTOR_TERMINATED');
    else pushAgentStatus(step, task, 'TASK_FAILED', ending.message, ending.reason);
  }
  remove(step, executor, null);
}

/** @param status raw wait status; null if nobody could wait for the process */
export function containerExited(step: Step, containerId: string, status: number | null): void {
  const executor = byContainer(step, containerId);
  if (!executor) return;
  const { message, reason } = executor.ending ?? DEFAULT_ENDING;
  remove(step, executor, status);
  for (const task of unfinishedTasks(step, executor)) pushAgentStatus(step, task, 'TASK_FAILED', message, reason);
}

/** FAILURE goes out before the updates of the tasks (observed). Command executors are not the framework's business. */
function remove(step: Step, executor: Executor, status: number | null): void {
  const { frameworkId, id, connection } = executor;
  step.state.executors.delete(executorKey(frameworkId, id));
  count(step.state.counters, 'slave/executors_terminated');
  if (connection !== null) step.actions.push({ type: 'endStream', connection });
  if (step.state.registered && !executor.isCommandExecutor) {
    const message = { type: 'executorExited' as const, frameworkId, executorId: id, status };
    step.actions.push({ type: 'toMaster', message });
  }
  forgetIdleFramework(step.state, frameworkId);
}

function unfinishedTasks(step: Step, executor: Executor): AgentTaskRecord[] {
  return tasksOfExecutor(step.state, executor).filter((task) => task.info && !isTerminal(task.stream.latestState));
}

function byContainer(step: Step, containerId: string): Executor | undefined {
  return [...step.state.executors.values()].find((executor) => executor.containerId === containerId);
}

/** Asks the executor to end; after its grace period, or at once if it cannot be asked, its processes are killed. */
export function shutdownExecutor(step: Step, executor: Executor): void {
  if (executor.terminating) return;
  executor.terminating = true;
  const nanoseconds = executor.info.shutdown_grace_period?.nanoseconds;
  const graceMs = nanoseconds === undefined ? step.state.settings.executorShutdownGraceMs : nanoseconds / 1e6;
  if (executor.connection === null) {
    kill(step, executor);
    return;
  }
  toExecutor(step, executor, { type: 'SHUTDOWN' });
  executor.killAtMs = step.nowMs + graceMs;
}

function kill(step: Step, executor: Executor): void {
  executor.terminating = true;
  // Without a process yet, `containerStarted` kills it; what it still fetches is given up now.
  executor.killAtMs = executor.process ? Number.POSITIVE_INFINITY : 0;
  step.actions.push({ type: 'killContainer', containerId: executor.containerId });
}

/** Nothing about the framework is reported any more. */
export function shutdownFramework(step: Step, frameworkId: string): void {
  for (const [key, task] of step.state.tasks) {
    if (task.frameworkId === frameworkId) step.state.tasks.delete(key);
  }
  for (const executor of step.state.executors.values()) {
    if (executor.frameworkId === frameworkId) shutdownExecutor(step, executor);
  }
  forgetIdleFramework(step.state, frameworkId);
}

/** Executors that did not subscribe in time, and those that did not end in time. */
export function tickExecutors(step: Step): void {
  for (const executor of step.state.executors.values()) {
    if (executor.registrationDeadlineMs !== null && executor.registrationDeadlineMs <= step.nowMs) {
      executor.registrationDeadlineMs = null;
      executor.ending = registrationEnding(executor);
      kill(step, executor);
    } else if (executor.killAtMs !== null && executor.killAtMs <= step.nowMs && executor.process) kill(step, executor);
  }
}

function registrationEnding(executor: Executor): NonNullable<Executor['ending']> {
  if (executor.subscribedOnce) {
    const message = 'Executor did not re-register within the re-registration timeout';
    return { message, reason: 'REASON_EXECUTOR_REREGISTRATION_TIMEOUT' };
  }
  const message = 'Executor did not register within the registration timeout';
  return { message, reason: 'REASON_EXECUTOR_REGISTRATION_TIMEOUT' };
}
