/** From a plan to launched tasks: the records first, then one ACCEPT for each agent. */
import lodash from 'lodash';
import type { MemberAddress } from '../../executor/assignment.js';
import type { Assigned } from '../../placement/types.js';
import {
  converted,
  type Resource,
  type ResourceOperation,
  reservationRole,
  reserved,
  subtract,
  take,
  volumeOn,
} from '../mesos-http-client/index.js';
import { isReplicatedGuest, witnessSlot } from '../replicated-guest.js';
import { instanceIdOf, taskIdOf } from '../task-ids.js';
import type { Found } from './at-hand.js';
import { type Context, call, isoTime } from './context.js';
import { currentlyAvoided, type Demand, demandIn } from './demand.js';
import type { Filling, Fillings } from './filling.js';
import { putGroup } from './groups.js';
import { setLeft } from './offers.js';
import { keptFor, unmeant } from './portions.js';
import { publishInstance } from './publish.js';
import type { AppRecord, AwayMember, GroupRecord, ReplicaRecord, ReservationRecord, TaskRecord } from './records.js';
import { newReservation, reservationInfo, useAgain } from './reservations.js';
import { othersOf } from './returning.js';
import { sharedParts } from './sharing.js';
import { deploymentIdOf, describeAgent, tell } from './story.js';
import { type ReplicaOrder, replicaAssignment, takenBy, taskInfo } from './task-info.js';
import { nameOf } from './tasks.js';

const defaultKillGraceSeconds = 5;
/** The rest of an accepted offer comes back soon, because something else may wait for it. */
const refuseRestSeconds = 1;

/** Decides the tasks of one app and puts them on their agents. */
export function launchApp(context: Context, demand: Demand, plan: Found, agents: Fillings): void {
  const assigned = plan.assigned.map((place) => ({ place, filling: agents.get(place.agentId) as Filling }));
  const kept = assigned.map(({ place, filling }) => keptBelow(context, demand, place, filling));
  const others = othersIn(plan, demand);
  const tasks = assigned.map(({ place, filling }, index) => {
    const task = newTask(context, demand, place, filling, others);
    return kept[index] ? onReservation(task, kept[index]) : task;
  });
  const replicas = replicasOf(context, demand, tasks, plan.assigned);
  tasks.forEach((task, index) => {
    const launched = { ...task, replica: replicas[index]?.record ?? null };
    context.state.tasks.put(task.id, launched);
    tellPlaced(context, demand.app, launched);
    const { filling } = assigned[index] as { filling: Filling };
    const resources = resourcesFor(context, filling, demand, launched, kept[index] ?? null);
    setLeft(context, launched.agent.id, filling.split);
    filling.infos.push(taskInfo(demand.app.active, launched, resources, context.options, replicas[index] ?? null));
  });
}

type Others = NonNullable<TaskRecord['placement']>['others'];

/** About agents that were not taken; one list for all tasks of the plan. */
function othersIn({ considered }: Found, { app }: Demand): Others {
  const others = considered.filter(({ group }) => group === app.id);
  return others.map(({ hostname, sentence }) => ({ hostname, sentence }));
}

/** What the agent keeps for the task, or is to keep; null: its app has no volumes. */
function keptBelow(
  context: Context,
  { app, request, reservation }: Demand,
  { ports }: Assigned,
  { ref }: Filling,
): ReservationRecord | null {
  if (reservation) return useAgain(context, reservation);
  if (!app.active.residency) return null;
  return newReservation(context, app, ref, { ...request.demand, ports });
}

function onReservation(task: TaskRecord, { id, attempts, demand }: ReservationRecord): TaskRecord {
  return { ...task, id: taskIdOf(id, attempts), demand, reservationId: id };
}

function newTask(
  context: Context,
  { app, request }: Demand,
  place: Assigned,
  { ref }: Filling,
  others: Others,
): TaskRecord {
  const { active } = app;
  const deploymentId = deploymentIdOf(context, app.id);
  return {
    id: taskIdOf(instanceIdOf(app.id, context.options.ids.uuid()), 1),
    appId: app.id,
    version: active.version,
    configurationVersion: active.versionInfo.lastConfigChangeAt,
    agent: ref,
    ports: place.ports.slice(0, active.portDefinitions.length),
    demand: { ...demandIn(request, place.slot), ports: place.ports },
    killGraceMs: (active.taskKillGracePeriodSeconds ?? defaultKillGraceSeconds) * 1000,
    state: 'TASK_STAGING',
    seen: false,
    stagedAt: isoTime(context.now),
    startedAt: null,
    message: null,
    stopping: null,
    guarded: false,
    unreachableSinceMs: null,
    inactive: false,
    placement: {
      score: place.score,
      parts: sharedParts(context.memory.scoreParts, place.scoreParts),
      others,
    },
    replica: null,
    ...(deploymentId !== null && { deploymentId }),
  };
}

interface LaunchedReplica extends ReplicaOrder {
  record: ReplicaRecord;
}

function replicasOf(context: Context, demand: Demand, tasks: TaskRecord[], places: Assigned[]): LaunchedReplica[] {
  if (demand.returning) return [launchReturning(context, demand.app.id, demand.returning)];
  return demand.app.active.replication ? launchReplicas(context, demand.app, tasks, places) : [];
}

/** With its number, its address and what it keeps on its agent; the record says so before it is launched. */
function launchReturning(context: Context, appId: string, returning: AwayMember): LaunchedReplica {
  const app = context.state.apps.get(appId) as AppRecord;
  const group = app.group as GroupRecord;
  const { self } = returning.replica;
  putGroup(context, app, { away: group.away.filter(({ replica }) => replica.self.member !== self.member) });
  const others = othersOf(group.configuration, self);
  const assignment = replicaAssignment(context.options, app.active, group, self, others, {
    join: false,
    returns: true,
  });
  return { record: returning.replica, assignment, guest: null };
}

/** Numbers are taken, and stored, before the launch, and never again. */
function launchReplicas(context: Context, app: AppRecord, tasks: TaskRecord[], places: Assigned[]): LaunchedReplica[] {
  const group = app.group as GroupRecord;
  const living = livingMembers(context, app.id, group.generation);
  const selves = tasks.map((task, index) =>
    memberAddress(app, task, (places[index] as Assigned).slot, group.nextMember + index),
  );
  const join = group.founded;
  const nextMember = group.nextMember + tasks.length;
  const filledSlots = lodash.union(
    group.filledSlots,
    selves.map(({ slot }) => slot),
  );
  const firstPrimary = join ? group.firstPrimary : firstPrimaryOf(app, selves);
  const founding = join ? {} : { founded: true, configuration: selves, ...(firstPrimary && { firstPrimary }) };
  putGroup(context, app, { nextMember, filledSlots, ...founding });
  return selves.map((self) => {
    const peers = join ? living : selves.filter((other) => other !== self);
    const record = {
      generation: group.generation,
      self,
      join,
      retiring: null,
      counted: !join,
      leaving: false,
      report: null,
      reportedAt: null,
      returnFailures: 0,
    };
    const how = { join, returns: false };
    const witness = self.slot === witnessSlot;
    const guest = firstPrimary === undefined ? null : { firstPrimary, witness };
    return { record, guest, assignment: replicaAssignment(context.options, app.active, group, self, peers, how) };
  });
}

/** Of a replicated guest: the member whose guest boots; placement prefers an agent for the lowest slot. */
function firstPrimaryOf(app: AppRecord, founders: MemberAddress[]): number | undefined {
  return isReplicatedGuest(app.active) ? lodash.minBy(founders, ({ slot }) => slot)?.member : undefined;
}

function livingMembers(context: Context, appId: string, generation: number): MemberAddress[] {
  const running = context.state.tasksOf(appId).filter((task) => task.state === 'TASK_RUNNING' && !task.stopping);
  const members = running.flatMap(({ replica }) => (replica?.generation === generation ? [replica] : []));
  const staying = members.filter(({ retiring }) => !retiring);
  // All of them may have been given up at once, and come back: whoever follows them has nobody else to ask.
  return (staying.length > 0 ? staying : members).map(({ self }) => self);
}

/** The last port is for consensus; the service port is a program's first, or that by which a guest's members bring each other frames. */
function memberAddress(app: AppRecord, task: TaskRecord, slot: number, member: number): MemberAddress {
  const { ports } = task.demand;
  return {
    slot,
    member,
    host: task.agent.host,
    servicePort: ports.at(isReplicatedGuest(app.active) ? -2 : 0) as number,
    consensusPort: ports.at(-1) as number,
  };
}

function tellPlaced(context: Context, app: AppRecord, task: TaskRecord): void {
  publishInstance(context, task, 'Provisioned');
  const replaces = task.replica !== null && app.group?.filledSlots.includes(task.replica.self.slot);
  const place = `${nameOf(task)} is placed on ${describeAgent(task.agent)}`;
  tell(context, task.appId, `${replaces ? 'replacement: ' : ''}${place}${describeAvoided(context, app, task)}`, {
    task,
    kind: 'member',
  });
}

/** ", avoiding agent-4, where it has just failed"; nothing for an app that has not failed anywhere lately. */
function describeAvoided(context: Context, app: AppRecord, task: TaskRecord): string {
  const avoid = currentlyAvoided(app, context.now);
  if (avoid[task.agent.id]) return ', where it has just failed: no other agent would do';
  const names = Object.values(avoid).map(({ hostname }) => hostname);
  return names.length > 0 ? `, avoiding ${names.join(' and ')}, where it has just failed` : '';
}

/** The task's part of the offers, as it must name it; what is to be kept for its instance is reserved before. */
function resourcesFor(
  context: Context,
  filling: Filling,
  { app, reservation }: Demand,
  task: TaskRecord,
  kept: ReservationRecord | null,
): Resource[] {
  const roles = kept ? ['*'] : app.active.acceptedResourceRoles;
  const taken = reservation
    ? keptFor(filling.left, reservation.id, context.state.frameworkId)
    : take(
        unmeant(filling.left).filter((resource) => mayUse(resource, roles)),
        takenBy(task),
        app.active.revocable,
      );
  if (!taken) throw new Error(`the plan for ${task.id} takes more from agent ${task.agent.id} than it offers`);
  filling.left = subtract(filling.left, taken);
  return kept && !reservation ? reserve(context, filling, taken, kept) : taken;
}

/** `roles`: an app's `acceptedResourceRoles`; null accepts all that is offered. */
const mayUse = (resource: Resource, roles: string[] | null) => !roles || roles.includes(reservationRole(resource));

/** Puts a reservation on the resources and makes the volumes; returns what the task is given. */
function reserve(context: Context, filling: Filling, taken: Resource[], kept: ReservationRecord): Resource[] {
  const info = reservationInfo(context, kept);
  const resources = taken.map((resource) => reserved(resource, info));
  const disk = resources.find(({ name }) => name === 'disk') as Resource;
  const volumes = kept.volumes.map(({ containerPath, sizeMb, persistenceId }) => {
    const volume = { mode: 'RW' as const, container_path: containerPath };
    return volumeOn(disk, sizeMb, persistenceId, context.options.principal, volume);
  });
  const create: ResourceOperation = { type: 'CREATE', create: { volumes } };
  filling.operations.push({ type: 'RESERVE', reserve: { resources } }, create);
  return converted(resources, create);
}

/** One ACCEPT for every agent that got a task, or takes something back; its offers are used up, the rest of them comes back by itself. */
export function acceptOffers(context: Context, agents: Fillings): void {
  for (const { offers, infos, operations: before } of agents.asked) {
    if (infos.length + before.length === 0) continue;
    for (const offer of offers) context.memory.offers.delete(offer.id.value);
    context.memory.counts.tasksLaunched += infos.length;
    context.memory.counts.offersAccepted += offers.length;
    const offer_ids = offers.map(({ id }) => id);
    const launches = infos.length > 0 ? [{ type: 'LAUNCH' as const, launch: { task_infos: infos } }] : [];
    const operations = [...before, ...launches];
    call(context, {
      type: 'ACCEPT',
      accept: { offer_ids, operations, filters: { refuse_seconds: refuseRestSeconds } },
    });
  }
}
