import type { OfferOperation } from '../../mesos-http-client/calls.js';
import { subtract } from '../../mesos-http-client/resources.js';
import type { Resource, TaskInfo } from '../../mesos-http-client/types.js';
import { demandOfGroup, groupError } from './group-validation.js';
import { taskAdded } from './operator-stream.js';
import { type Agent, executorKey, type Framework, type Step, sendToAgent } from './state.js';
import { completeExecutor, completeTask, demandOf, taskError, type ValidationContext } from './task-validation.js';
import { newTaskRecord, sendMasterStatus } from './tasks.js';

/** LAUNCH and LAUNCH_GROUP: checked, booked, and handed to the agent. */

/** Where tasks are launched, and for whom. */
export interface Place {
  step: Step;
  framework: Framework;
  agent: Agent;
  /** Of the offers. */
  role: string;
}

type LaunchGroup = Extract<OfferOperation, { type: 'LAUNCH_GROUP' }>['launch_group'];

/** @returns what is left of `available` */
export function launch(place: Place, given: TaskInfo, available: Resource[]): Resource[] {
  const { step, framework, agent, role } = place;
  const task = completeTask(given, framework.id, role);
  const context = contextOf(place, available);
  const error = taskError(task, context);
  if (error) {
    rejectTask(step, framework, given, error, 'REASON_TASK_INVALID');
    return available;
  }
  const left = subtract(available, demandOf(task, context));
  book(place, task);
  sendToAgent(step, agent, { type: 'runTask', framework: framework.info, task });
  return left;
}

/** All of its tasks run on one executor and share their fate, or none is launched. @returns what is left of `available` */
export function launchGroup(
  place: Place,
  { executor: given, task_group }: LaunchGroup,
  available: Resource[],
): Resource[] {
  const { step, framework, agent, role } = place;
  const executor = completeExecutor(given, framework.id, role);
  const tasks = task_group.tasks.map((task) => completeTask(task, framework.id, role));
  const context = contextOf(place, available);
  const error = groupError(executor, tasks, context);
  if (error) {
    for (const task of task_group.tasks) rejectTask(step, framework, task, error, 'REASON_TASK_GROUP_INVALID');
    return available;
  }
  const left = subtract(available, demandOfGroup(executor, tasks, context));
  const booked = tasks.map((task) => ({ ...task, executor }));
  for (const task of booked) book(place, task);
  sendToAgent(step, agent, { type: 'runGroup', framework: framework.info, tasks: booked });
  return left;
}

function book({ step, framework, agent }: Place, task: TaskInfo): void {
  const record = newTaskRecord(framework.id, task, 'TASK_STAGING');
  framework.tasks.set(record.id, record);
  taskAdded(step, record);
  if (!task.executor) return;
  const key = executorKey(framework.id, task.executor.executor_id.value);
  agent.executors.set(key, { frameworkId: framework.id, info: task.executor });
}

function contextOf({ framework, agent, role }: Place, available: Resource[]): ValidationContext {
  return {
    agentId: agent.id,
    frameworkId: framework.id,
    role,
    available,
    isTaskIdInUse: (id) => framework.tasks.has(id) || framework.unreachableTasks.has(id),
    runningExecutor: (id) => agent.executors.get(executorKey(framework.id, id))?.info,
  };
}

function rejectTask(
  step: Step,
  framework: Framework,
  task: TaskInfo,
  message: string,
  reason: 'REASON_TASK_INVALID' | 'REASON_TASK_GROUP_INVALID',
): void {
  const ids = { taskId: task.task_id.value, agentId: task.agent_id.value };
  sendMasterStatus(step, framework, { ...ids, state: 'TASK_ERROR', message, reason });
}
