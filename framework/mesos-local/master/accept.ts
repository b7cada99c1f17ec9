import type { OfferOperation, SchedulerCallBody } from '../../mesos-http-client/calls.js';
import { isResourceOperation } from '../../mesos-http-client/operations.js';
import { add, allocate, subtract, unallocate } from '../../mesos-http-client/resources.js';
import type { Resource, TaskInfo } from '../../mesos-http-client/types.js';
import { count } from '../metrics.js';
import { refuse } from './offers.js';
import { tellFailure } from './operation-statuses.js';
import { carryOut } from './operations.js';
import { taskAdded } from './operator-stream.js';
import { type Agent, executorKey, type Framework, type HeldOffer, type Step, sendToAgent } from './state.js';
import { completeTask, demandOf, taskError, type ValidationContext } from './task-validation.js';
import { newTaskRecord, sendMasterStatus } from './tasks.js';

/** ACCEPT: all offers must be valid, then the operations are carried out in order on their sum (observed 20, 21). */

export type Accept = Extract<SchedulerCallBody, { type: 'ACCEPT' }>['accept'];

export function accept(step: Step, framework: Framework, call: Accept): void {
  const ids = call.offer_ids.map((id) => id.value);
  const error = offersError(step, framework, ids);
  const offers = consume(step, framework, ids);
  const [first] = offers;
  if (error || !first) {
    for (const task of tasksOf(call.operations)) dropTask(step, framework, task, error ?? 'No offers specified');
    for (const operation of call.operations) refuseOperation(step, framework, operation, error ?? '');
    return;
  }
  const left = performAll(step, framework, first, offers, call.operations);
  refuse(step, first, unallocate(left), call.filters?.refuse_seconds);
}

/** Takes the framework's offers out of circulation; they are used up even if another one in the call is invalid. */
function consume(step: Step, framework: Framework, ids: string[]): HeldOffer[] {
  const offers = [...new Set(ids)].map((id) => step.state.offers.get(id));
  const own = offers.filter((offer): offer is HeldOffer => offer?.frameworkId === framework.id);
  for (const offer of own) {
    step.state.offers.delete(offer.id);
    count(framework.counters, 'offers/accepted');
  }
  return own;
}

function offersError(step: Step, framework: Framework, ids: string[]): string | null {
  if (ids.length === 0) return 'No offers specified';
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) return `Duplicate offer ${twice} in offer list`;
  const offers = ids.map((id) => step.state.offers.get(id));
  const missing = ids.find((_, index) => offers[index]?.frameworkId !== framework.id);
  if (missing !== undefined) return `Offer ${missing} is no longer valid`;
  return mixtureError(offers as HeldOffer[]);
}

function mixtureError(offers: HeldOffer[]): string | null {
  const [first] = offers;
  const agent = offers.find((offer) => offer.agentId !== first?.agentId);
  if (agent) {
    const agents = `Offer ${agent.id} uses agent ${agent.agentId} and agent ${first?.agentId}`;
    return `Aggregated offers must belong to one single agent. ${agents}`;
  }
  const role = offers.find((offer) => offer.role !== first?.role);
  if (!role) return null;
  const roles = `Offer ${role.id} uses role ${role.role} but another is using role ${first?.role}`;
  return `Aggregated offers must be allocated to the same role. ${roles}`;
}

function tasksOf(operations: OfferOperation[]): TaskInfo[] {
  return operations.flatMap((operation) => {
    if (operation.type === 'LAUNCH') return operation.launch?.task_infos ?? [];
    return operation.type === 'LAUNCH_GROUP' ? (operation.launch_group?.task_group.tasks ?? []) : [];
  });
}

function dropTask(step: Step, framework: Framework, task: TaskInfo, error: string): void {
  sendMasterStatus(step, framework, {
    taskId: task.task_id.value,
    agentId: task.agent_id.value,
    state: 'TASK_DROPPED',
    message: `Task launched with invalid offers: ${error}`,
    reason: 'REASON_INVALID_OFFERS',
  });
}

/** @returns what the operations left of the offers, allocated */
function performAll(
  step: Step,
  framework: Framework,
  offer: HeldOffer,
  offers: HeldOffer[],
  operations: OfferOperation[],
): Resource[] {
  const agent = step.state.agents.get(offer.agentId) as Agent;
  let available = allocate(add(...offers.map(({ resources }) => resources)), offer.role);
  for (const operation of operations) {
    count(framework.counters, 'operations', `operations/${operation.type?.toLowerCase() ?? 'unknown'}`);
    if (isResourceOperation(operation)) {
      available = carryOut(step, framework, agent, offer.role, operation, available);
    } else if (operation.type !== 'LAUNCH') refuseOperation(step, framework, operation, null);
    else {
      for (const task of operation.launch?.task_infos ?? []) {
        available = launch(step, framework, agent, offer.role, task, available);
      }
    }
  }
  return available;
}

/** @returns what is left of `available` */
function launch(
  step: Step,
  framework: Framework,
  agent: Agent,
  role: string,
  given: TaskInfo,
  available: Resource[],
): Resource[] {
  const task = completeTask(given, framework.id, role);
  const context: ValidationContext = {
    agentId: agent.id,
    frameworkId: framework.id,
    role,
    available,
    isTaskIdInUse: (id) => framework.tasks.has(id) || framework.unreachableTasks.has(id),
    runningExecutor: (id) => agent.executors.get(executorKey(framework.id, id))?.info,
  };
  const error = taskError(task, context);
  if (error) {
    rejectTask(step, framework, given, error, 'REASON_TASK_INVALID');
    return available;
  }
  const left = subtract(available, demandOf(task, context));
  const record = newTaskRecord(framework.id, task, 'TASK_STAGING');
  framework.tasks.set(record.id, record);
  taskAdded(step, record);
  if (task.executor) {
    const key = executorKey(framework.id, task.executor.executor_id.value);
    agent.executors.set(key, { frameworkId: framework.id, info: task.executor });
  }
  sendToAgent(step, agent, { type: 'runTask', framework: framework.info, task });
  return left;
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

/** Task groups are not run here; other operations fail with their offers, in silence if they have no id (observed 30). */
function refuseOperation(
  step: Step,
  framework: Framework,
  operation: OfferOperation,
  offersFault: string | null,
): void {
  if (operation.type !== 'LAUNCH_GROUP') {
    const message = offersFault ?? `${operation.type} is not supported by this master`;
    tellFailure(step, framework, operation, message);
  } else if (offersFault === null) {
    const message = 'LAUNCH_GROUP is not supported by this master';
    for (const task of operation.launch_group.task_group.tasks)
      rejectTask(step, framework, task, message, 'REASON_TASK_GROUP_INVALID');
  }
}
