/** Offers: which are held, for how long, and how they are given back. Nothing is held when nothing is wanted. */
import lodash from 'lodash';
import type { AgentSnapshot, AttributeValue } from '../../placement/types.js';
import { hostText } from '../ip-addresses.js';
import { type Attribute, type Offer, type Resource, ranges } from '../mesos-http-client/index.js';
import { type Context, call, type KnownAgent } from './context.js';
import { forgetDrained, noteOffering } from './drains.js';
import type { HeldOffer } from './held-offers.js';
import { setAgent } from './known-agents.js';
import { forgetWindow, noteOffered } from './maintenance.js';
import { type Split, splitOf } from './portions.js';
import type { AgentRef, TaskRecord } from './records.js';
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

export function receiveOffers(context: Context, offers: Offer[]): void {
  const { memory, now } = context;
  memory.counts.offersReceived += offers.length;
  memory.offeredMs = now;
  for (const offer of offers) memory.offers.add(offer, now);
  const offering = new Set(offers.map(agentOf));
  for (const agentId of offering) noteKnown(context, knownAgent(context, agentId));
  for (const offer of offers) noteOffered(context, offer);
  noteOffering(
    context,
    [...offering].flatMap((id) => memory.agents.get(id)?.snapshot ?? []),
  );
}

function noteKnown(context: Context, known: KnownAgent): void {
  const { id, portions = [] } = known.snapshot;
  setAgent(context, context.memory.agents, id, known);
  if (portions.length > 0) context.memory.offers.noteMixed(id);
}

const agentOf = (offer: Offer) => offer.agent_id.value;

/** An agent that has been removed offers nothing any more. */
export function forgetAgent(context: Context, agentId: string): void {
  context.memory.agents.delete(agentId);
  context.memory.hosts.delete(agentId);
  forgetWindow(context.memory, agentId);
  forgetDrained(context, agentId);
  for (const { offer } of context.memory.offers.of(agentId)) context.memory.offers.delete(offer.id.value);
}

/**
 * What agents had free is not true any more when something has waited since then and they have offered nothing: others have taken it, or they
 * were removed while the framework was not connected, which Mesos tells nobody later. The next offer makes an agent known again. One that is
 * full of our own tasks offers nothing either, and stays known, unless it is the one that was waited for. What executors told of a machine is
 * kept where tasks run: they tell it once.
 */
export function forgetSilent({ memory, state }: Context, awaitedId: string, sinceMs: number): void {
  const used = new Set([...state.tasks.values()].map(({ agent }) => agent.id));
  for (const [id, { offeredMs }] of memory.agents)
    if (offeredMs < sinceMs && (id === awaitedId || !used.has(id))) memory.agents.delete(id);
  for (const id of memory.hosts.keys()) if (!memory.agents.has(id) && !used.has(id)) memory.hosts.delete(id);
}

/** As its offers at hand show it. */
function knownAgent({ memory, state, now }: Context, agentId: string): KnownAgent {
  const held = memory.offers.of(agentId);
  const [{ offer }] = held as [HeldOffer];
  const [told, before] = [agentRef(offer), memory.agents.get(agentId)?.ref];
  const ref = lodash.isEqual(told, before) && before ? before : told;
  return {
    snapshot: snapshotOf(ref, splitOfHeld(held, state.frameworkId)),
    ref,
    url: urlOf(offer),
    offerId: (held.at(-1) as HeldOffer).offer.id.value,
    offeredMs: now,
  };
}

/** What others can connect to. */
const hostOf = (offer: Offer) => offer.url?.address.ip ?? offer.url?.address.hostname ?? offer.hostname;

function urlOf({ url }: Offer): string | null {
  if (!url) return null;
  const { ip, hostname, port } = url.address;
  return `${url.scheme}://${hostText(ip ?? hostname ?? '')}:${port}`;
}

export const resourcesOf = (held: readonly HeldOffer[]): Resource[] =>
  held.flatMap(({ offer }) => offer.resources ?? []);

/** By the list of an agent's offers at hand, which is another one when any has come or gone. */
const splits = new WeakMap<readonly HeldOffer[], Split>();

/** What all of these offers come to, as placement sees it: each step looks at it, with very many agents. */
export function splitOfHeld(held: readonly HeldOffer[], frameworkId: string | null): Split {
  const split = splits.get(held) ?? splitOf(resourcesOf(held), frameworkId);
  splits.set(held, split);
  return split;
}

/** Keeps what is known of an agent's resources in step with our own launches and with tasks that have ended. */
export function setLeft(
  { memory }: Context,
  agentId: string,
  left: Partial<Pick<AgentSnapshot, 'free' | 'total' | 'portions'>>,
): void {
  const known = memory.agents.get(agentId);
  if (known) memory.agents.set(agentId, { ...known, snapshot: { ...known.snapshot, ...left } });
}

export function returnResources(context: Context, task: TaskRecord): void {
  const known = context.memory.agents.get(task.agent.id)?.snapshot.free;
  // What is kept for its instance is not free for others.
  if (!known || task.reservationId !== undefined) return;
  const { cpus, mem, disk, gpus, ports } = takenBy(task);
  const free = {
    cpus: known.cpus + cpus,
    mem: known.mem + mem,
    disk: known.disk + disk,
    gpus: known.gpus + gpus,
    ports: ranges.union(known.ports, ports),
  };
  setLeft(context, task.agent.id, { free, total: free });
}

/** One agent with what is still to be had of its offers. */
export function snapshotOf({ id, hostname, region, zone, attributes }: AgentRef, left: Split): AgentSnapshot {
  return { id, hostname, region, zone, attributes, ...left };
}

export function agentRef(offer: Offer): AgentRef {
  const domain = offer.domain?.fault_domain;
  return {
    id: offer.agent_id.value,
    hostname: offer.hostname,
    host: hostOf(offer),
    region: domain?.region.name ?? null,
    zone: domain?.zone.name ?? null,
    attributes: Object.fromEntries(
      (offer.attributes ?? []).map((attribute) => [attribute.name, attributeValue(attribute)]),
    ),
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

/**
 * Gives back what is not kept: at once when nothing is wanted, else when agents had the time to come together.
 * @param keeping says how long an agent's offers are kept, `holdMs` at least
 */
export function giveBack(context: Context, wanting: boolean, keeping: () => (agentId: string) => number): void {
  const { offers } = context.memory;
  const ageMs = ({ receivedMs }: HeldOffer) => context.now - receivedMs;
  if (!offers.oldest || (wanting && ageMs(offers.oldest) < holdMs)) return;
  const keptMs = wanting ? keeping() : () => 0;
  const expired = [...offers.values()].filter((held) => ageMs(held) >= keptMs(agentOf(held.offer)));
  const declined = expired.map(({ offer }) => offer.id);
  for (const id of declined) context.memory.offers.delete(id.value);
  if (declined.length === 0) return;
  context.memory.counts.offersDeclined[wanting ? 'unsuitable' : 'unwanted'] += declined.length;
  const refuse_seconds = wanting ? refuseWaitingSeconds : refuseIdleSeconds;
  call(context, { type: 'DECLINE', decline: { offer_ids: declined, filters: { refuse_seconds } } });
}

/**
 * Suppresses offers while nothing is wanted, and asks for all of them, filters lifted, when something new is. While the framework
 * owes reservations, offers are not suppressed: one of them will show the next of these.
 */
export function askForOffers(context: Context, isNew: boolean, owes: boolean): void {
  const { memory, now, options } = context;
  const wants = memory.demands.anyAsked || memory.owed.size > 0;
  const starved = wants && memory.offers.size === 0 && now - memory.revivedMs >= reviveAgainMs;
  if (starved || isNew) memory.reviveWanted = true;
  if (!memory.connected) return;
  if (owes && memory.suppressed) memory.reviveWanted = true;
  if (!wants && !owes) {
    memory.reviveWanted = false;
    if (!memory.suppressed && memory.agents.size > 0)
      call(context, { type: 'SUPPRESS', suppress: { roles: [options.role] } });
    memory.suppressed ||= memory.agents.size > 0;
  } else if (memory.reviveWanted && now - memory.revivedMs >= reviveEveryMs) {
    call(context, { type: 'REVIVE', revive: { roles: [options.role] } });
    Object.assign(memory, { reviveWanted: false, suppressed: false, revivedMs: now });
  }
}
