import type { OfferOperation, SchedulerCallBody } from '../../mesos-http-client/calls.js';
import { isResourceOperation } from '../../mesos-http-client/operations.js';
import { add, allocate, unallocate } from '../../mesos-http-client/resources.js';
import type { Resource, TaskInfo } from '../../mesos-http-client/types.js';
import { count } from '../metrics.js';
import { launch, launchGroup } from './launch.js';
import { refuse } from './offers.js';
import { tellFailure } from './operation-statuses.js';
import { carryOut } from './operations.js';
import type { Agent, Framework, HeldOffer, Step } from './state.js';
import { sendMasterStatus } from './tasks.js';

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
  const place = { step, framework, agent, role: offer.role };
  let available = allocate(add(...offers.map(({ resources }) => resources)), offer.role);
  for (const operation of operations) {
    count(framework.counters, 'operations', `operations/${operation.type?.toLowerCase() ?? 'unknown'}`);
    if (isResourceOperation(operation)) {
      available = carryOut(step, framework, agent, offer.role, operation, available);
    } else if (operation.type === 'LAUNCH') {
      for (const task of operation.launch?.task_infos ?? []) available = launch(place, task, available);
    } else if (operation.type === 'LAUNCH_GROUP' && operation.launch_group)
      available = launchGroup(place, operation.launch_group, available);
    else
      refuseOperation(
        step,
        framework,
        operation,
        `${(operation as OfferOperation).type} is not supported by this master`,
      );
  }
  return available;
}

/** Operations that were not carried out fail in silence if they have no id (observed 30). */
function refuseOperation(step: Step, framework: Framework, operation: OfferOperation, fault: string): void {
  if (operation.type !== 'LAUNCH_GROUP') tellFailure(step, framework, operation, fault);
}
