import { isTerminal } from '../../mesos-http-client/task-status.js';
import type { KillPolicy, TaskInfo, TaskState, TaskStatus, TaskStatusReason } from '../../mesos-http-client/types.js';
import { count, tasksIn } from '../metrics.js';
import { hasCapability } from './framework-validation.js';
import { taskUpdated } from './operator-stream.js';
import {
  type Agent,
  COMPLETED_TASKS_MAX,
  executorKey,
  type Framework,
  type Step,
  sendEvent,
  sendToAgent,
  TASK_STATUSES_MAX,
  type TaskRecord,
} from './state.js';

export interface MasterStatus {
  taskId: string;
  agentId: string | undefined;
  executorId?: string | null;
  state: TaskState;
  message: string;
  reason: TaskStatusReason;
  containerStatus?: TaskStatus['container_status'] | undefined;
  unreachableSinceMs?: number;
}

/** States that frameworks without PARTITION_AWARE know as TASK_LOST. */
const LOST_STATES: readonly TaskState[] = [
  'TASK_DROPPED',
  'TASK_UNREACHABLE',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_UNKNOWN',
];

/** The state as this framework is told it. */
export function stateFor(framework: Framework, state: TaskState): TaskState {
  return LOST_STATES.includes(state) && !hasCapability(framework.info, 'PARTITION_AWARE') ? 'TASK_LOST' : state;
}

/** An update made by the master: it has no uuid and is not to be acknowledged. @returns what is sent */
export function sendMasterStatus(step: Step, framework: Framework, status: MasterStatus): TaskStatus {
  const { taskId, agentId, executorId, containerStatus, unreachableSinceMs } = status;
  const message: TaskStatus = {
    task_id: { value: taskId },
    state: stateFor(framework, status.state),
    message: status.message,
    source: 'SOURCE_MASTER',
    reason: status.reason,
    ...(agentId !== undefined && { agent_id: { value: agentId } }),
    ...(executorId && { executor_id: { value: executorId } }),
    timestamp: step.nowMs / 1000,
    ...(containerStatus && { container_status: containerStatus }),
    ...(unreachableSinceMs !== undefined && { unreachable_time: { nanoseconds: unreachableSinceMs * 1e6 } }),
  };
  if (status.reason !== 'REASON_RECONCILIATION') countEnd(step, framework, message, status.state);
  sendEvent(step, framework, { type: 'UPDATE', update: { status: message } });
  return message;
}

/** Tasks end once, whoever says so. */
function countEnd(step: Step, framework: Framework, { source, reason }: TaskStatus, state: TaskState): void {
  if (!isTerminal(state)) return;
  const name = state.toLowerCase();
  count(framework.counters, `tasks/terminal/${name}`);
  const cause = reason === undefined ? [] : [`master/${name}/${source?.toLowerCase()}/${reason.toLowerCase()}`];
  count(step.state.counters, tasksIn('master', state), ...cause);
}

export function newTaskRecord(frameworkId: string, info: TaskInfo, state: TaskState): TaskRecord {
  return {
    id: info.task_id.value,
    name: info.name,
    frameworkId,
    agentId: info.agent_id.value,
    executorId: info.executor?.executor_id.value ?? null,
    role: info.resources?.[0]?.allocation_info?.role ?? '*',
    resources: info.resources ?? [],
    latestState: state,
    forwardedState: state,
    statuses: [],
  };
}

/** An update on its way from an agent to its framework. Without a connected framework the agent repeats it later. */
export function forwardStatus(
  step: Step,
  agent: Agent,
  update: { frameworkId: string; status: TaskStatus; latestState: TaskState },
): void {
  const framework = step.state.frameworks.get(update.frameworkId);
  if (!framework) return;
  const { status } = update;
  const task = framework.tasks.get(status.task_id.value);
  count(step.state.counters, `master/${task ? 'valid' : 'invalid'}_status_updates`);
  if (task?.agentId === agent.id) {
    const { latestState } = task;
    if (!isTerminal(latestState)) task.latestState = update.latestState;
    task.forwardedState = status.state;
    const repeated = task.statuses.some((known) => known.uuid === status.uuid);
    if (!repeated) task.statuses = [...task.statuses, status].slice(-TASK_STATUSES_MAX);
    if (task.latestState !== latestState) {
      taskUpdated(step, task, status);
      countEnd(step, framework, status, task.latestState);
    }
  }
  const told = { ...status, state: stateFor(framework, status.state) };
  sendEvent(step, framework, { type: 'UPDATE', update: { status: told } });
}

export function acknowledge(
  step: Step,
  framework: Framework,
  { agentId, taskId, uuid }: { agentId: string; taskId: string; uuid: string },
): void {
  const agent = step.state.agents.get(agentId);
  const task = framework.tasks.get(taskId);
  const newest = task?.statuses.at(-1);
  if (task && agent?.connection !== null && newest?.uuid === uuid && isTerminal(newest.state)) {
    completeTaskRecord(framework, task);
  }
  sendToAgent(step, agent, { type: 'acknowledge', frameworkId: framework.id, taskId, uuid });
}

/** Moves a task that is over, and known to be over, to the history. */
export function completeTaskRecord(framework: Framework, task: TaskRecord): void {
  framework.tasks.delete(task.id);
  framework.unreachableTasks.delete(task.id);
  framework.completedTasks = [...framework.completedTasks, task].slice(-COMPLETED_TASKS_MAX);
}

export function executorExited(
  step: Step,
  agent: Agent,
  { frameworkId, executorId, status }: { frameworkId: string; executorId: string; status: number | null },
): void {
  if (!agent.executors.delete(executorKey(frameworkId, executorId))) return;
  const framework = step.state.frameworks.get(frameworkId);
  if (!framework) return;
  const ids = { agent_id: { value: agent.id }, executor_id: { value: executorId } };
  sendEvent(step, framework, { type: 'FAILURE', failure: { ...ids, ...(status !== null && { status }) } });
}

/** A scheduler's KILL of a task the master knows; gives false if it does not. */
export function killKnownTask(step: Step, framework: Framework, kill: KillRequest): boolean {
  const task = framework.tasks.get(kill.taskId);
  if (!task) return false;
  if (kill.agentId !== undefined && kill.agentId !== task.agentId) return true;
  const { taskId, killPolicy } = kill;
  const message = { type: 'killTask' as const, frameworkId: framework.id, taskId, killPolicy: killPolicy ?? null };
  sendToAgent(step, step.state.agents.get(task.agentId), message);
  return true;
}

export interface KillRequest {
  taskId: string;
  agentId: string | undefined;
  killPolicy: KillPolicy | undefined;
}
