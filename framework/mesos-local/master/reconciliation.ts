import type { Framework, Step } from './state.js';
import { type MasterStatus, sendMasterStatus } from './tasks.js';

/** Answers to RECONCILE, and to KILL of unknown tasks (src/master/master.cpp, reconcileTask; observed 26, 28). */

/** The latest state of every task the master knows; unreachable tasks are skipped, no end is marked. */
export function reconcileImplicitly(step: Step, framework: Framework): void {
  for (const taskId of framework.tasks.keys()) reconcileTask(step, framework, { taskId, agentId: undefined });
}

export function reconcileTask(
  step: Step,
  framework: Framework,
  asked: { taskId: string; agentId: string | undefined },
): void {
  const answer = knownAnswer(framework, asked.taskId) ?? unknownAnswer(step, asked);
  if (answer) sendMasterStatus(step, framework, { ...asked, ...answer, reason: 'REASON_RECONCILIATION' });
}

type Answer = Omit<MasterStatus, 'taskId' | 'agentId' | 'reason'> & { agentId?: string };

function knownAnswer(framework: Framework, taskId: string): Answer | null {
  const task = framework.tasks.get(taskId);
  if (!task) return null;
  return {
    agentId: task.agentId,
    executorId: task.executorId,
    state: task.forwardedState,
    message: 'Reconciliation: Latest task state',
    containerStatus: task.statuses.at(-1)?.container_status,
  };
}

/** @returns null while the answer may still come with an agent that has not re-registered: silence, ask again */
function unknownAnswer(step: Step, { agentId }: { agentId: string | undefined }): Answer | null {
  const { state } = step;
  const maybeBack = agentId === undefined ? state.recoveredAgents.size > 0 : state.recoveredAgents.has(agentId);
  if (maybeBack) return null;
  if (agentId === undefined) return { state: 'TASK_UNKNOWN', message: 'Reconciliation: Task is unknown' };
  if (state.agents.has(agentId)) {
    return { state: 'TASK_GONE', message: 'Reconciliation: Task is unknown to the agent' };
  }
  const unreachable = state.unreachableAgents.get(agentId);
  if (unreachable) {
    const message = 'Reconciliation: Task is unreachable';
    return { state: 'TASK_UNREACHABLE', message, unreachableSinceMs: unreachable.sinceMs };
  }
  if (state.goneAgents.has(agentId)) {
    return { state: 'TASK_GONE_BY_OPERATOR', message: 'Reconciliation: Task is gone' };
  }
  return { state: 'TASK_UNKNOWN', message: 'Reconciliation: Task is unknown' };
}
