/** What is told at `/v2/events` of tasks' health. */
import lodash from 'lodash';
import type { AppSpec, HealthCheck } from '../app.js';
import { instanceOfTask } from '../task-ids.js';
import type { Context } from './context.js';
import { publish } from './publish.js';
import type { TaskRecord } from './records.js';

/** What an app is probed with has changed. */
export function publishChecks(
  context: Context,
  { id, version }: AppSpec,
  before: HealthCheck[],
  after: HealthCheck[],
): void {
  for (const _gone of lodash.differenceWith(before, after, lodash.isEqual))
    publish(context, { eventType: 'remove_health_check_event', appId: id });
  for (const healthCheck of lodash.differenceWith(after, before, lodash.isEqual))
    publish(context, { eventType: 'add_health_check_event', appId: id, version, healthCheck });
}

export function publishFailedCheck(context: Context, { id, appId }: TaskRecord, healthCheck: HealthCheck): void {
  publish(context, { eventType: 'failed_health_check_event', appId, instanceId: instanceOfTask(id), healthCheck });
}

/** Of the whole task: it passes all of its checks now, or not any more. */
export function publishHealth(context: Context, { id, appId, version }: TaskRecord, alive: boolean): void {
  const instanceId = instanceOfTask(id);
  publish(context, { eventType: 'health_status_changed_event', appId, instanceId, version, alive });
  const of = { instanceId, runSpecId: appId, runSpecVersion: version };
  publish(context, { eventType: 'instance_health_changed_event', ...of, healthy: alive });
}

export function publishUnhealthyKill(context: Context, task: TaskRecord, reason: string): void {
  const { id: taskId, appId, version, agent } = task;
  const instanceId = instanceOfTask(taskId);
  const where = { host: agent.hostname, slaveId: agent.id };
  publish(context, {
    eventType: 'unhealthy_instance_kill_event',
    appId,
    taskId,
    instanceId,
    version,
    reason,
    ...where,
  });
}
