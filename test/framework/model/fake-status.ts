/** Status updates of the tiny Mesos. */
import type { TaskInfo, TaskState, TaskStatus } from '../../../framework/mesos-http-client/index.js';

/** To be acknowledged by its uuid, which `number` makes its own. */
export function executorStatus(
  task_id: TaskInfo['task_id'],
  agentId: string,
  state: TaskState,
  number: number,
): TaskStatus {
  const uuid = Buffer.from(`uuid-${String(number).padStart(11, '0')}`).toString('base64');
  return { task_id, state, agent_id: { value: agentId }, uuid, source: 'SOURCE_EXECUTOR' };
}

export function masterStatus(id: string, agentId: string | undefined, state: TaskState): TaskStatus {
  const agent = agentId ? { agent_id: { value: agentId } } : {};
  return { task_id: { value: id }, state, source: 'SOURCE_MASTER', ...agent };
}
