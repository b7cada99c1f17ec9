/** Offers meet demands. */
import { type Assigned, avoidance } from '../../placement/index.js';
import { explainSome, noteDelay, noteTried } from '../explain.js';
import { AtHand, type Found, isShared } from './at-hand.js';
import type { Context } from './context.js';
import { type Demand, demandKey, priorityOf } from './demand.js';
import { earmarkRoom, earmarksAgainst, releaseEarmarks, replaces } from './earmarks.js';
import { Fillings } from './filling.js';
import { isInVain, noteInVain, nothingInVain, stillInVain } from './in-vain.js';
import { acceptOffers, launchApp } from './launch.js';
import { askForOffers, gatheringHoldMs, giveBack, holdMs } from './offers.js';
import { owed, releaseOffered } from './reservations.js';
import { secretProblem } from './secrets.js';

/** Offers of several agents arrive one after the other; the first is not taken before the others had this long to come. */
const gatherMs = 250;
/**
 * So many slots are placed in a step, about: very many would keep the master, ZooKeeper and users waiting. Where to look at all agents takes longer than that,
 * a step places more at once.
 */
export const slotsPerStep = (agentsAtHand: number): number => Math.max(3000, agentsAtHand / 10);

/**
 * Places what can be placed on the offers at hand, by priority and then longest waiting first, and gives the rest of the offers back.
 * @param fresh what the apps want that this step has looked at; what the others want has been told before
 */
export function match(context: Context, fresh: readonly Demand[]): void {
  const { memory } = context;
  for (const demand of fresh) {
    if (demand.delayed) noteDelay(context, demand);
    else noteTried(context, demand, 0, 0);
  }
  releaseEarmarks(context);
  const agents = new Fillings(context);
  releaseOffered(context, agents);
  const atHand = new AtHand(context, agents);
  const unasked = memory.demands.ask(fresh);
  const isDone = placeAll(context, agents, atHand);
  if (isDone) {
    explainSome(context, atHand);
    earmarkRoom(context);
  }
  acceptOffers(context, agents);
  if (isDone) giveBack(context, memory.demands.anyAsked, () => holding(context));
  askFor(context, unasked);
}

/** For what has come and has not been placed, and for what is to be given back. */
function askFor(context: Context, unasked: Demand[]): void {
  const { memory, state } = context;
  const owing = owed(state);
  const owedThere = owing.filter(({ agent }) => memory.agents.has(agent.id)).map(({ id }) => id);
  const isNew =
    unasked.some((demand) => memory.demands.isAsked(demandKey(demand))) || owedThere.some((id) => !memory.owed.has(id));
  memory.owed = new Set(owedThere);
  askForOffers(context, isNew, owing.length > 0);
}

/** How long an agent's offers are held. */
function holding(context: Context): (agentId: string) => number {
  if (context.memory.demands.asked().some((demand) => gathers(context, demand))) return () => gatheringHoldMs;
  const earmarks = [...context.memory.earmarks.values()];
  const kept = new Set(earmarks.flatMap(({ agents }) => agents.map(({ agentId }) => agentId)));
  return (agentId) => (kept.has(agentId) ? gatheringHoldMs : holdMs);
}

/** It needs several agents at once, and would fit if those that are known came together: another framework may hold some. */
function gathers({ memory }: Context, { request }: Demand): boolean {
  return request.whole && request.slots.length > 1 && memory.waiting.get(request.id)?.fits === true;
}

/** By priority, then the longest waiting first. */
function byWaiting({ memory, now }: Context, demands: Demand[]): Demand[] {
  const ranked = demands.map((demand) => {
    const { id } = demand.request;
    return { demand, id, rank: priorityOf(demand.app.active), sinceMs: memory.waiting.get(id)?.sinceMs ?? now };
  });
  ranked.sort((a, b) => b.rank - a.rank || a.sinceMs - b.sinceMs || (a.id < b.id ? -1 : Number(a.id > b.id)));
  return ranked.map(({ demand }) => demand);
}

/** What was looked for in vain is looked for again when something has changed. False: the next step is to go on. */
function placeAll(context: Context, agents: Fillings, atHand: AtHand): boolean {
  const { memory } = context;
  const gathering = gathered(context);
  const isEarly = !gathering.complete && gathering.waitedMs < gatherMs;
  if (agents.size === 0) memory.inVain = nothingInVain;
  if (agents.size === 0 || isEarly) return true;
  const inVain = stillInVain(context);
  memory.inVain = inVain;
  const due = memory.demands.asked().filter((demand) => !(isShared(demand) && isInVain(inVain, demand)));
  let slotsLeft = slotsPerStep(agents.size);
  for (const demand of byWaiting(context, due)) {
    if (slotsLeft <= 0) return false;
    const found = placeOne(context, demand, agents, atHand, gathering);
    if (found !== 'nothing') slotsLeft -= demand.request.slots.length;
    if (found === 'nothing' && isShared(demand)) noteInVain(inVain, demand);
    if (found === 'all') memory.demands.settle(demand);
  }
  return true;
}

/** How many of its slots have been placed. */
function placeOne(
  context: Context,
  demand: Demand,
  agents: Fillings,
  atHand: AtHand,
  { waitedMs, complete }: Gathering,
): 'all' | 'some' | 'nothing' {
  const found = findBesides(context, demand, atHand);
  const isAvoided = ({ agentId: id }: Assigned) =>
    avoidance(demand.request, { id, unavailable: context.memory.unavailable.get(id) ?? null }) !== null;
  // Others may still come: agents that need not be avoided, or the rest of a copyset.
  const isBettered = demand.request.scatterWidth !== undefined || found.assigned.some(isAvoided);
  const avoidable = !complete && waitedMs < holdMs && found.assigned.length > 0 && isBettered;
  const isComing =
    avoidable || (found.assigned.length > 0 && secretProblem(context.options, demand.app.active) !== null);
  if (found.assigned.length > 0 && !isComing) launchApp(context, demand, found, agents);
  atHand.settle(found);
  if (isComing) return 'some';
  noteTried(context, demand, found.assigned.length, agents.size);
  if (found.assigned.length < demand.request.slots.length) return found.assigned.length > 0 ? 'some' : 'nothing';
  context.memory.earmarks.delete(demand.request.id);
  return 'all';
}

/** Beside what is kept for others; only what takes the place of something that ran may have that, too, when it must. */
function findBesides(context: Context, demand: Demand, atHand: AtHand): Found {
  const earmarks = earmarksAgainst(context, demand);
  const found = atHand.find(demand, earmarks);
  if (found.assigned.length === demand.request.slots.length || earmarks.length === 0 || !replaces(context, demand))
    return found;
  atHand.settle(found);
  return atHand.find(demand, []);
}

interface Gathering {
  waitedMs: number;
  complete: boolean;
}

/** How long the oldest offer has waited, and whether every agent that is known has one at hand, or has had the time. */
function gathered(context: Context): Gathering {
  const { agents, offers } = context.memory;
  const waitedMs = context.now - (offers.oldest?.receivedMs ?? Number.POSITIVE_INFINITY);
  const isThere = () => agents.size <= offers.byAgent.size && hasAll(offers.byAgent, agents.keys());
  return { waitedMs, complete: waitedMs >= holdMs || isThere() };
}

function hasAll(map: ReadonlyMap<string, unknown>, keys: Iterable<string>): boolean {
  for (const key of keys) if (!map.has(key)) return false;
  return true;
}
