/** Offers: which are held, for how long, and how they are given back. Nothing is held when nothing is wanted. */
import lodash from 'lodash';
import type { AgentSnapshot, AttributeValue } from '../../placement/types.js';
import {
  type Attribute,
  type Offer,
  type Resource,
  ranges,
  reservationRole,
  toPlain,
} from '../mesos-http-client/index.js';
import { type Context, call, type HeldOffer, type KnownAgent } from './context.js';
import { noteOffered } from './maintenance.js';
import { setNewest } from './newest.js';
import type { AgentRef, TaskRecord } from './records.js';
import { less } from './room.js';
import { takenBy } from './task-info.js';

/** An offer is kept this long for what needs more agents, or better ones, than have offered. */
export const holdMs = 2000;
/** And this long while a group gathers agents of which other frameworks may hold some; then they have their turn. */
export const gatheringHoldMs = 10_000;
/** Filter when nothing is wanted; lifted by REVIVE. */
const refuseIdleSeconds = 120;
/** Filter when something is wanted that does not fit. */
const refuseWaitingSeconds = 5;
const reviveEveryMs = 1000;
/** A REVIVE may be lost: it is repeated while something waits and nothing is offered. */
const reviveAgainMs = 60_000;
/** Agents remembered for explanations; the longest unheard of is forgotten first. */
const knownAgentsMax = 20_000;

export function receiveOffers(context: Context, offers: Offer[]): void {
  const { memory, now } = context;
  memory.counts.offersReceived += offers.length;
  for (const offer of offers) memory.offers.set(offer.id.value, { offer, receivedMs: now });
  const held = lodash.groupBy(heldOffers(context), agentOf);
  for (const offer of offers) {
    const agentId = agentOf(offer);
    setNewest(memory.agents, agentId, knownAgent(held[agentId] as Offer[], now), knownAgentsMax);
    noteOffered(memory, offer);
  }
}

const agentOf = (offer: Offer) => offer.agent_id.value;
const heldOffers = (context: Context) => [...context.memory.offers.values()].map(({ offer }) => offer);

/** An agent that has been removed offers nothing any more. */
export function forgetAgent(context: Context, agentId: string): void {
  context.memory.agents.delete(agentId);
  context.memory.unavailable.delete(agentId);
  for (const offer of heldOffers(context)) if (agentOf(offer) === agentId) context.memory.offers.delete(offer.id.value);
}

/** All offers belong to one agent. */
function knownAgent(offers: Offer[], now: number): KnownAgent {
  return { snapshot: snapshotOf(offers), host: hostOf(offers[0] as Offer), offeredMs: now };
}

/** What others can connect to. */
const hostOf = (offer: Offer) => offer.url?.address.ip ?? offer.url?.address.hostname ?? offer.hostname;

/** Resources a task may simply take: no volumes, nothing revocable. */
export function usable(offers: Offer[], roles: string[] | null): Resource[] {
  const resources = offers.flatMap((offer) => offer.resources ?? []);
  return resources.filter((resource) => !resource.disk && !resource.revocable && mayUse(resource, roles));
}

/** `roles`: an app's `acceptedResourceRoles`; null accepts all that is offered. */
export const mayUse = (resource: Resource, roles: string[] | null) =>
  !roles || roles.includes(reservationRole(resource));

/** What is known to be free on an agent keeps in step with our own launches and with tasks that have ended. */
export function takeResources(context: Context, task: TaskRecord): void {
  const free = context.memory.agents.get(task.agent.id)?.snapshot.free;
  if (free) setFree(context, task.agent.id, less(free, task.demand));
}

function setFree(context: Context, agentId: string, free: AgentSnapshot['free']): void {
  const known = context.memory.agents.get(agentId);
  if (known) context.memory.agents.set(agentId, { ...known, snapshot: { ...known.snapshot, free, total: free } });
}

export function returnResources(context: Context, task: TaskRecord): void {
  const free = context.memory.agents.get(task.agent.id)?.snapshot.free;
  if (!free) return;
  const { cpus, mem, disk, gpus, ports } = takenBy(task);
  setFree(context, task.agent.id, {
    cpus: free.cpus + cpus,
    mem: free.mem + mem,
    disk: free.disk + disk,
    gpus: free.gpus + gpus,
    ports: ranges.union(free.ports, ports),
  });
}

/** One agent as its offers show it, as far as resources of `roles` go (null: of all). */
export function snapshotOf(offers: Offer[], roles: string[] | null = null): AgentSnapshot {
  const offer = offers[0] as Offer;
  const domain = offer.domain?.fault_domain;
  const free = toPlain(usable(offers, roles));
  return {
    id: offer.agent_id.value,
    hostname: offer.hostname,
    region: domain?.region.name ?? null,
    zone: domain?.zone.name ?? null,
    attributes: Object.fromEntries(
      (offer.attributes ?? []).map((attribute) => [attribute.name, attributeValue(attribute)]),
    ),
    free,
    total: free,
  };
}

function attributeValue(attribute: Attribute): AttributeValue {
  switch (attribute.type) {
    case 'SCALAR':
      return { type: 'scalar', value: attribute.scalar.value };
    case 'RANGES':
      return { type: 'ranges', value: attribute.ranges.range };
    case 'SET':
      return { type: 'set', value: attribute.set.item };
    default:
      return { type: 'text', value: attribute.text.value };
  }
}

export function agentRef(offers: Offer[]): AgentRef {
  const { id, hostname, region, zone, attributes } = snapshotOf(offers);
  return { id, hostname, host: hostOf(offers[0] as Offer), region, zone, attributes };
}

/** Gives back what is not kept: at once when nothing is wanted, after `keptMs` of its agent when agents may still come together. */
export function giveBack(context: Context, wanting: boolean, keptMs: (agentId: string) => number): void {
  const expired = ({ offer, receivedMs }: HeldOffer) => !wanting || context.now - receivedMs >= keptMs(agentOf(offer));
  const declined = [...context.memory.offers.values()].filter(expired).map(({ offer }) => offer.id);
  for (const id of declined) context.memory.offers.delete(id.value);
  if (declined.length === 0) return;
  context.memory.counts.offersDeclined += declined.length;
  const refuse_seconds = wanting ? refuseWaitingSeconds : refuseIdleSeconds;
  call(context, { type: 'DECLINE', decline: { offer_ids: declined, filters: { refuse_seconds } } });
}

/** Suppresses offers while nothing is wanted, and asks for all of them, filters lifted, when something new is. */
export function askForOffers(context: Context, wanted: Set<string>): void {
  const { memory, now, options } = context;
  const starved = wanted.size > 0 && memory.offers.size === 0 && now - memory.revivedMs >= reviveAgainMs;
  if (starved || [...wanted].some((key) => !memory.wanted.has(key))) memory.reviveWanted = true;
  memory.wanted = wanted;
  if (!memory.connected) return;
  if (wanted.size === 0) {
    memory.reviveWanted = false;
    if (!memory.suppressed && memory.agents.size > 0)
      call(context, { type: 'SUPPRESS', suppress: { roles: [options.role] } });
    memory.suppressed ||= memory.agents.size > 0;
  } else if (memory.reviveWanted && now - memory.revivedMs >= reviveEveryMs) {
    call(context, { type: 'REVIVE', revive: { roles: [options.role] } });
    Object.assign(memory, { reviveWanted: false, suppressed: false, revivedMs: now });
  }
}
