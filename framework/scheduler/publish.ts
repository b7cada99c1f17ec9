/** What is told at `/v2/events` of what the scheduler does and learns. */
import type { Condition, PublicEvent } from '../events/event.js';
import { ipAddressesOf } from '../ip-addresses.js';
import type { SchedulerEvent, TaskState, TaskStatus } from '../mesos-http-client/index.js';
import { instanceOfTask } from '../task-ids.js';
import { type Context, isoTime } from './context.js';
import type { DeploymentRecord, TaskRecord } from './records.js';

type Message = Extract<SchedulerEvent, { type: 'MESSAGE' }>['message'];
type WithoutTime<Each> = Each extends unknown ? Omit<Each, 'timestamp'> : never;

/** Carried out after the step's changes are stored, so that nothing is told that a restart forgets. */
export function publish(context: Context, event: WithoutTime<PublicEvent>): void {
  const timestamp = isoTime(context.now);
  context.actions.push({ type: 'publish', event: { ...event, timestamp } as PublicEvent });
}

const conditions: Partial<Record<TaskState, Condition>> = {
  TASK_STAGING: 'Staging',
  TASK_STARTING: 'Starting',
  TASK_RUNNING: 'Running',
  TASK_KILLING: 'Killing',
  TASK_KILLED: 'Killed',
  TASK_FINISHED: 'Finished',
  TASK_FAILED: 'Failed',
  TASK_ERROR: 'Error',
  TASK_UNREACHABLE: 'Unreachable',
  TASK_DROPPED: 'Dropped',
  TASK_GONE: 'Gone',
  TASK_GONE_BY_OPERATOR: 'Gone',
};

const conditionOf = (state: TaskState) => conditions[state] ?? 'Unknown';

/** Mesos has told something new of a task. */
export function publishUpdate(context: Context, task: TaskRecord, { state, message = '' }: TaskStatus): void {
  const { id, appId, agent, ports, version } = task;
  publish(context, {
    eventType: 'status_update_event',
    slaveId: agent.id,
    taskId: id,
    taskStatus: state,
    message,
    appId,
    host: agent.hostname,
    ipAddresses: ipAddressesOf(agent.hostname),
    ports,
    version,
  });
  publishInstance(context, task, conditionOf(state));
}

export function publishInstance(context: Context, task: TaskRecord, condition: Condition): void {
  publish(context, {
    eventType: 'instance_changed_event',
    instanceId: instanceOfTask(task.id),
    condition,
    runSpecId: task.appId,
    agentId: task.agent.id,
    host: task.agent.hostname,
    runSpecVersion: task.version,
  });
}

export function publishSubscribed(context: Context, frameworkId: string, again: boolean): void {
  const master = context.memory.master ?? '';
  if (again) publish(context, { eventType: 'scheduler_reregistered_event', master });
  else publish(context, { eventType: 'scheduler_registered_event', frameworkId, master });
}

/** Of an executor that is not ours, or not of this version: reports of ours are in what apps show. */
export function publishMessage(context: Context, { executor_id, agent_id, data }: Message): void {
  const [executorId, slaveId] = [executor_id.value, agent_id.value];
  publish(context, { eventType: 'framework_message_event', executorId, slaveId, message: data });
}

/** Of a task that the store does not know any more: its id begins with the path of its app. */
export function publishUnknownEnd(context: Context, taskId: string, state: TaskState): void {
  const instanceId = instanceOfTask(taskId);
  const [appPath = ''] = instanceId.split('.instance-', 1);
  publish(context, {
    eventType: 'unknown_instance_terminated_event',
    instanceId,
    runSpecId: `/${appPath.replaceAll('_', '/')}`,
    condition: conditionOf(state),
  });
}

export function publishStep(
  context: Context,
  deployment: DeploymentRecord,
  eventType: 'deployment_info' | 'deployment_step_success' | 'deployment_step_failure',
): void {
  const currentStep = deployment.steps[deployment.currentStep - 1] ?? { actions: [] };
  publish(context, { eventType, plan: planOf(deployment), currentStep });
}

/** `failure`: why it ends before it is done; null: it is done. */
export function publishEnd(context: Context, deployment: DeploymentRecord, failure: string | null): void {
  const { id } = deployment;
  const plan = planOf(deployment);
  if (failure === null) publish(context, { eventType: 'deployment_success', id, plan });
  else publish(context, { eventType: 'deployment_failed', id, plan, reason: failure });
}

const planOf = ({ id, version, steps }: DeploymentRecord) => ({ id, version, steps });
