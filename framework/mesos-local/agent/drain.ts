import { isTerminal } from '../../mesos-http-client/task-status.js';
import type { KillPolicy, TaskInfo, TaskStatus } from '../../mesos-http-client/types.js';
import type { DrainOrder } from '../protocol.js';
import type { Step } from './state.js';
import { killTask } from './tasks.js';

/** An agent that is drained ends its tasks; null: it is in use again. */
export function drain(step: Step, order: DrainOrder | null): void {
  const { state } = step;
  const known = state.draining !== null;
  state.draining = order;
  if (order === null || known) return;
  for (const task of state.tasks.values()) {
    if (!isTerminal(task.stream.latestState))
      killTask(step, task.frameworkId, task.taskId, killPolicy(task.info, order.maxGraceMs));
  }
}

/** The task's own grace period, within what the operator allows. */
function killPolicy(task: TaskInfo | null, maxGraceMs: number | null): KillPolicy | null {
  if (maxGraceMs === null) return null;
  const own = task?.kill_policy?.grace_period?.nanoseconds ?? Number.POSITIVE_INFINITY;
  return { grace_period: { nanoseconds: Math.min(own, maxGraceMs * 1e6) } };
}

/** What tasks that end in a drain say of it (observed 34). */
export function drained(status: TaskStatus, order: DrainOrder | null): TaskStatus {
  if (order === null || !['TASK_KILLING', 'TASK_KILLED'].includes(status.state)) return status;
  const gone = order.markGone && status.state === 'TASK_KILLED';
  return { ...status, reason: 'REASON_AGENT_DRAINING', ...(gone && { state: 'TASK_GONE_BY_OPERATOR' as const }) };
}
