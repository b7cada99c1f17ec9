import { isTerminal } from '../../mesos-http-client/task-status.js';
import type { ExecutorInfo, FrameworkInfo, KillPolicy, TaskInfo, TaskStatus } from '../../mesos-http-client/types.js';
import type { UnknownTask } from '../protocol.js';
import { drained } from './drain.js';
import { shutdownExecutor } from './executors.js';
import {
  type AgentTaskRecord,
  dropFinished,
  type Executor,
  executorKey,
  executorOf,
  forward,
  newTask,
  pushAgentStatus,
  pushDropped,
  pushStatus,
  type Step,
  taskKey,
  tasksOfExecutor,
  toExecutor,
} from './state.js';
import { acknowledge, due } from './status-stream.js';

export function runTask(step: Step, framework: FrameworkInfo, info: TaskInfo): void {
  const { state } = step;
  const frameworkId = framework.id?.value ?? '';
  const taskId = info.task_id.value;
  if (state.tasks.has(taskKey(frameworkId, taskId))) return;
  state.frameworks.set(frameworkId, framework);
  const executorId = info.executor?.executor_id.value ?? taskId;
  const task = newTask(frameworkId, taskId, executorId, info);
  state.tasks.set(taskKey(frameworkId, taskId), task);
  const executor = executorOf(state, frameworkId, executorId) ?? startExecutor(step, framework, info);
  start(step, executor, task);
}

/** The executor is given all of them at once. */
export function runGroup(step: Step, framework: FrameworkInfo, infos: TaskInfo[]): void {
  const { state } = step;
  const [first] = infos;
  const frameworkId = framework.id?.value ?? '';
  const executorId = first?.executor?.executor_id.value;
  if (!first || executorId === undefined) return;
  state.frameworks.set(frameworkId, framework);
  const group = first.task_id.value;
  const tasks = infos.map((info) => ({ ...newTask(frameworkId, info.task_id.value, executorId, info), group }));
  for (const task of tasks) state.tasks.set(taskKey(frameworkId, task.taskId), task);
  const executor = executorOf(state, frameworkId, executorId) ?? startExecutor(step, framework, first);
  for (const task of tasks) start(step, executor, task);
}

function start(step: Step, executor: Executor, task: AgentTaskRecord): void {
  if (executor.terminating) pushDropped(step, task, 'Executor is terminating', 'REASON_EXECUTOR_TERMINATED');
  else if (executor.connection !== null) deliver(step, executor, task);
}

export function deliver(step: Step, executor: Executor, task: AgentTaskRecord): void {
  if (!task.info || task.delivered || isTerminal(task.stream.latestState)) return;
  const group = groupOf(step, task);
  for (const one of group) one.delivered = true;
  if (task.group !== undefined) {
    const tasks = group.flatMap(({ info }) => (info ? [info] : []));
    toExecutor(step, executor, { type: 'LAUNCH_GROUP', launch_group: { task_group: { tasks } } });
    return;
  }
  toExecutor(step, executor, { type: 'LAUNCH', launch: { task: task.info } });
}

/** The task, and those that were launched with it as a group. */
function groupOf({ state }: Step, task: AgentTaskRecord): AgentTaskRecord[] {
  if (task.group === undefined) return [task];
  return [...state.tasks.values()].filter(
    (other) =>
      other.frameworkId === task.frameworkId && other.executorId === task.executorId && other.group === task.group,
  );
}

function startExecutor(step: Step, framework: FrameworkInfo, task: TaskInfo): Executor {
  const { state } = step;
  const info = task.executor ?? commandExecutorInfo(step, framework, task);
  const executor: Executor = {
    frameworkId: framework.id?.value ?? '',
    id: info.executor_id.value,
    info,
    isCommandExecutor: task.executor === undefined,
    containerId: step.newContainerId(),
    process: null,
    connection: null,
    subscribedOnce: false,
    registrationDeadlineMs: step.nowMs + state.settings.executorRegistrationTimeoutMs,
    killAtMs: null,
    terminating: false,
    ending: null,
  };
  state.executors.set(executorKey(executor.frameworkId, executor.id), executor);
  const role = executor.isCommandExecutor ? (task.resources?.[0]?.allocation_info?.role ?? null) : null;
  const resources = [...(task.executor?.resources ?? []), ...(task.resources ?? [])];
  step.actions.push({ type: 'startContainer', executor, framework, role, resources });
  return executor;
}

function commandExecutorInfo(step: Step, framework: FrameworkInfo, task: TaskInfo): ExecutorInfo {
  const [value, ...rest] = step.state.settings.commandExecutor as [string, ...string[]];
  const { uris, user, environment } = task.command ?? {};
  return {
    type: 'CUSTOM',
    executor_id: { value: task.task_id.value },
    ...(framework.id && { framework_id: framework.id }),
    name: `Command Executor (Task: ${task.task_id.value})`,
    source: task.task_id.value,
    command: {
      shell: false,
      value,
      arguments: [value, ...rest],
      ...(uris && { uris }),
      ...(user !== undefined && { user }),
      ...(environment && { environment }),
    },
  };
}

export function killTask(step: Step, frameworkId: string, taskId: string, killPolicy: KillPolicy | null): void {
  const { state } = step;
  const task = state.tasks.get(taskKey(frameworkId, taskId));
  if (!task || isTerminal(task.stream.latestState)) return;
  const executor = executorOf(state, frameworkId, task.executorId);
  if (task.info && !task.delivered) {
    const message = 'A kill-task request was received before the task was delivered to its executor';
    for (const one of groupOf(step, task))
      pushAgentStatus(step, one, 'TASK_KILLED', message, 'REASON_TASK_KILLED_DURING_LAUNCH');
    if (executor && !executor.subscribedOnce && !hasWork(step, executor)) shutdownExecutor(step, executor);
    return;
  }
  if (!executor) {
    pushDropped(step, task, 'Unable to find executor', 'REASON_EXECUTOR_TERMINATED');
    return;
  }
  const kill = { task_id: { value: taskId }, ...(killPolicy && { kill_policy: killPolicy }) };
  toExecutor(step, executor, { type: 'KILL', kill });
}

function hasWork(step: Step, executor: Executor): boolean {
  return tasksOfExecutor(step.state, executor).some((task) => !isTerminal(task.stream.latestState));
}

/** An update from an executor. @returns false if too many wait */
export function takeUpdate(step: Step, executor: Executor, status: TaskStatus): boolean {
  const { state } = step;
  const task = state.tasks.get(taskKey(executor.frameworkId, status.task_id.value));
  const told = drained(completeStatus(step, executor, task, status), state.draining);
  if (!task) {
    // Of a task nobody has launched: handed on, and that is all (observed 40, and on the executor's side).
    forward(step, newTask(executor.frameworkId, status.task_id.value, executor.id, null), told);
    return true;
  }
  if (!pushStatus(step, task, told)) return false;
  const ids = { task_id: status.task_id, uuid: status.uuid as string };
  toExecutor(step, executor, { type: 'ACKNOWLEDGED', acknowledged: ids });
  return true;
}

/** Fields in the order of the proto; what the agent knows better than the executor is filled in. */
function completeStatus(
  step: Step,
  executor: Executor,
  task: AgentTaskRecord | undefined,
  status: TaskStatus,
): TaskStatus {
  const { task_id, state, message, source, reason, data, agent_id: _, executor_id, timestamp, uuid, ...rest } = status;
  const network = { ip_addresses: [{ protocol: 'IPv4', ip_address: step.state.settings.ip }] };
  const container = {
    container_id: { value: executor.containerId },
    network_infos: [network],
    ...(executor.process && { executor_pid: executor.process.pid }),
  };
  return {
    task_id,
    state,
    ...(message !== undefined && { message }),
    ...(source && { source }),
    ...(reason && { reason }),
    ...(data !== undefined && { data }),
    agent_id: { value: step.state.agentId ?? '' },
    ...((executor_id || executor.isCommandExecutor) && { executor_id: { value: executor.id } }),
    timestamp: timestamp ?? step.nowMs / 1000,
    ...(uuid !== undefined && { uuid }),
    ...rest,
    ...(task?.info && { container_status: nestedStatus(status, network) ?? container }),
  };
}

/** Of a container that the executor runs in its own; ended ones have no network. Null: the executor's is meant. */
function nestedStatus({ state, container_status }: TaskStatus, network: object): TaskStatus['container_status'] | null {
  const { container_id, executor_pid } = container_status ?? {};
  if (!container_id?.parent) return null;
  if (isTerminal(state)) return { container_id };
  return { container_id, network_infos: [network], ...(executor_pid !== undefined && { executor_pid }) };
}

export function acknowledgeStatus(step: Step, frameworkId: string, taskId: string, uuid: string): void {
  const task = step.state.tasks.get(taskKey(frameworkId, taskId));
  if (!task) return;
  const next = acknowledge(task.stream, uuid, step.nowMs, step.state.settings);
  if (next === 'ignored') return;
  if (next) forward(step, task, next);
  else dropFinished(step.state, task);
}

export function resendDue(step: Step): void {
  for (const task of step.state.tasks.values()) {
    const status = due(task.stream, step.nowMs, step.state.settings);
    if (status) forward(step, task, status);
  }
}

/** Tasks the master has and this agent never got, or forgot: their RUN was lost. */
export function answerForUnknownTasks(step: Step, tasks: UnknownTask[]): void {
  for (const { frameworkId, taskId, executorId } of tasks) {
    const key = taskKey(frameworkId, taskId);
    if (step.state.tasks.has(key)) continue;
    const task = newTask(frameworkId, taskId, executorId, null);
    step.state.tasks.set(key, task);
    pushAgentStatus(
      step,
      task,
      'TASK_DROPPED',
      'Reconciliation: Task is unknown to the agent',
      'REASON_RECONCILIATION',
    );
  }
}
