/** What the agent's events mean for the task. Pure. */
import type { DeliveredExecutorEvent } from '../framework/mesos-http-client/index.js';
import type { TaskEvent } from './task-types.js';

/** `shutdownGracePeriodMs`: from SHUTDOWN until the agent kills the executor. */
export function taskEvents(event: DeliveredExecutorEvent, shutdownGracePeriodMs: number): TaskEvent[] {
  switch (event.type) {
    case 'SUBSCRIBED': {
      const capabilities = event.subscribed.framework_info.capabilities ?? [];
      return [{ type: 'agentConnected', killingState: capabilities.some(({ type }) => type === 'TASK_KILLING_STATE') }];
    }
    case 'LAUNCH':
      return [launched(event.launch.task)];
    case 'LAUNCH_GROUP':
      return event.launch_group.task_group.tasks.map(launched);
    case 'KILL': {
      const grace = event.kill.kill_policy?.grace_period;
      const graceMs = grace === undefined ? null : grace.nanoseconds / 1e6;
      return [{ type: 'killRequested', taskId: event.kill.task_id.value, graceMs }];
    }
    case 'MESSAGE':
      return [{ type: 'orderReceived', data: event.message.data }];
    case 'SHUTDOWN':
      return [{ type: 'shutdownRequested', budgetMs: shutdownGracePeriodMs }];
    default:
      // A kind of event that a later Mesos has added.
      event satisfies never;
      return [];
  }
}

function launched(task: { task_id: { value: string }; data?: string }): TaskEvent {
  return { type: 'launched', taskId: task.task_id.value, data: task.data ?? null };
}
