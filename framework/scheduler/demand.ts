/** What an app asks of placement. */
import lodash from 'lodash';
import type { AgentName } from '../../placement/index.js';
import type { Affinity, Claim, GroupRequest, LivingReplica, ReplicaDemand } from '../../placement/types.js';
import type { AffinityRule, AppSpec } from '../app.js';
import { besideDiskMb, isReplicatedGuest, ofWitness, witnessSlot } from '../replicated-guest.js';
import type { Context } from './context.js';
import { goingDown, maintenanceAt } from './maintenance.js';
import type { AgentRef, AppRecord, AwayMember, ReservationRecord, TaskRecord } from './records.js';
import { recentSecretProblem } from './secrets.js';

/** Slots of one app that wait for agents. */
export interface Demand {
  app: AppRecord;
  request: MixedRequest;
  /** Not now: the app backs off after a failure, or a secret of it is missing. */
  delayed: boolean;
  /** A member that comes back, rather than a new one. */
  returning?: AwayMember;
  /** It goes where this is, and nowhere else. */
  reservation?: ReservationRecord;
}

const keys = new WeakMap<Demand, string>();

/** What identifies a demand: another one of the same app has other slots. */
export function demandKey(demand: Demand): string {
  const { id, slots } = demand.request;
  const key = keys.get(demand) ?? `${id} ${slots.join(',')}`;
  keys.set(demand, key);
  return key;
}

/** `living`: tasks of the app that run or may still run, in the order of their slots. */
export function demandOf(context: Context, app: AppRecord, slots: number[], living: readonly TaskRecord[]): Demand {
  const avoid = lodash.mapValues(currentlyAvoided(app, context.now), ({ reason }) => reason);
  const whole = { ...requestNow(context, app.active), slots, living: living.map(livingReplica), avoid };
  const parts = partsOf(whole);
  const [only] = parts;
  return { app, request: parts.length === 1 && only ? only : whole, delayed: isDelayed(context, app) };
}

/** A request some of whose slots ask for less: `witness` is for `witnessSlot`. Without it placement takes it as it is. */
export interface MixedRequest extends GroupRequest {
  witness?: ReplicaDemand;
}

/** As placement takes them, those that ask for most first; each is to see those before it among the living. */
export function partsOf({ witness, ...request }: MixedRequest): GroupRequest[] {
  if (!witness) return [request];
  const [small, large] = lodash.partition(request.slots, (slot) => slot === witnessSlot);
  const parts = [
    { ...request, slots: large },
    { ...request, slots: small, demand: witness },
  ];
  return parts.filter(({ slots }) => slots.length > 0);
}

/** What the task in this slot is given of its agent. */
export function demandIn({ demand, witness }: Pick<MixedRequest, 'demand' | 'witness'>, slot: number): ReplicaDemand {
  return slot === witnessSlot && witness ? witness : demand;
}

/** On this agent only. */
export function towards(demand: Demand, { hostname }: AgentName): Demand {
  const there = { field: 'hostname', operator: 'IS' as const, value: hostname };
  return { ...demand, request: { ...demand.request, constraints: [...demand.request.constraints, there] } };
}

/** On no agent that goes down soon. */
export function fromMaintenance(context: Context, demand: Demand): Demand {
  const closed = { ...goingDown(context), ...demand.request.closed };
  return { ...demand, request: { ...demand.request, closed } };
}

/** The request of a whole new app, and what the time, other apps and the framework's role say to it. */
export function requestNow({ state, memory, now, options }: Context, spec: AppSpec): MixedRequest {
  const request = withExecutor(requestOf(spec), spec, options.executorMemoryMb ?? 0);
  const apart = [...(request.apart ?? []), ...state.apps.apartInReturn(spec.id)];
  const claim = claimOf(spec, options.role);
  return { ...request, apart, closed: closedTo(memory, spec), maintenance: maintenanceAt(now), claim };
}

/** Mesos gives a task and its executor one container, which is ended when both together take more; guests' memory has the executor in it. */
function withExecutor(request: MixedRequest, { container }: AppSpec, executorMemoryMb: number): MixedRequest {
  if (container) return request;
  const { demand } = request;
  return { ...request, demand: { ...demand, mem: demand.mem + executorMemoryMb } };
}

/** Drained agents, and those where room is made for an app of higher priority. */
function closedTo({ closed, held }: Context['memory'], spec: AppSpec): Record<string, string> {
  const kept = [...held].filter(([, { app, priority }]) => app !== spec.id && priority > priorityOf(spec));
  if (kept.length === 0) return closed;
  const reasons = kept.map(([agentId, { app, priority }]) => [
    agentId,
    `room is made for ${app}, which has priority ${priority}`,
  ]);
  return { ...Object.fromEntries(reasons), ...closed };
}

/** Records of earlier versions have none. */
export const priorityOf = ({ priority = 0 }: { priority?: number }): number => priority;

/** Resources for volumes are to be reserved yet. Others take what the framework is offered, unless the app says which. */
function claimOf({ acceptedResourceRoles, residency, revocable }: AppSpec, role: string): Claim {
  return { roles: residency ? ['*'] : (acceptedResourceRoles ?? ownRoles(role)), revocable: revocable === true };
}

/** The request of what comes back to where it was: nothing is avoided, and an agent that is drained is no other than before. */
export function requestBack(context: Context, spec: AppSpec): GroupRequest {
  const request = lodash.omit(requestNow(context, spec), ['closed', 'maintenance']);
  return { ...request, constraints: [], preferences: [], spread: [], near: [], apart: [], whole: false };
}

/** Whose resources a framework of this role is offered: of roles above it, too. */
export function ownRoles(role: string): string[] {
  const steps = role.split('/');
  return ['*', ...steps.map((_, index) => steps.slice(0, index + 1).join('/'))];
}

/** What volumes take of the disk, in MB. */
export const volumesMb = ({ residency }: Pick<AppSpec, 'residency'>): number =>
  (residency?.volumes ?? []).reduce((sum, { sizeMb }) => sum + sizeMb, 0);

const guestFilesMb = (spec: AppSpec): number =>
  isReplicatedGuest(spec) && spec.container ? besideDiskMb(spec.container.vm) : 0;

/** The request of a whole new app, as its spec says it. */
export function requestOf(spec: AppSpec): MixedRequest {
  const ports = spec.portDefinitions.map(({ port }) => (spec.requirePorts ? port : 0));
  const replicated = spec.replication !== null;
  const { cpus, mem, gpus } = spec;
  const demand = {
    cpus,
    mem,
    disk: spec.disk + volumesMb(spec) + guestFilesMb(spec),
    gpus,
    ports: [...ports, ...ownPorts(spec)],
  };
  return {
    id: spec.id,
    slots: Array.from({ length: spec.instances }, (_, slot) => slot),
    demand,
    ...(isReplicatedGuest(spec) && {
      witness: { ...ofWitness(demand), disk: spec.disk - (spec.container?.vm.disk ?? 0) },
    }),
    constraints: spec.constraints,
    // Records of earlier versions have neither preferences nor affinity.
    preferences: spec.preferences ?? [],
    distinctAgents: replicated,
    spread: spec.replication?.spread ?? [],
    living: [],
    ...(spec.replication?.scatterWidth === undefined ? {} : { scatterWidth: spec.replication.scatterWidth }),
    size: spec.instances,
    near: affinitiesOf(spec, 'near'),
    apart: affinitiesOf(spec, 'apart'),
    avoid: {},
    whole: replicated,
  };
}

/** For the group's own connections; members of a guest's group bring each other its frames, too. */
function ownPorts(spec: AppSpec): number[] {
  if (spec.replication === null) return [];
  return isReplicatedGuest(spec) ? [0, 0] : [0];
}

function affinitiesOf({ affinity }: AppSpec, type: AffinityRule['type']): Affinity[] {
  const rules = (affinity ?? []).filter((rule) => rule.type === type);
  return rules.map(({ app, domain, required }) => ({ app, domain, required }));
}

/** After failures nothing of the app is launched for a while, and nothing without its secrets. */
export const isDelayed = (context: Context, app: AppRecord) =>
  (app.backoff?.untilMs ?? 0) > context.now || recentSecretProblem(context, app) !== null;

export const livingReplica = (task: TaskRecord, index: number) =>
  livingOn(task.agent, task.replica?.self.slot ?? index);

export function livingOn({ id, hostname, region, zone, attributes }: AgentRef, slot: number): LivingReplica {
  return { slot, agentId: id, hostname, region, zone, attributes };
}

/** By agent id; what is past is left out. */
export function currentlyAvoided(app: AppRecord, now: number): AppRecord['avoid'] {
  return lodash.pickBy(app.avoid, ({ untilMs }) => untilMs > now);
}
