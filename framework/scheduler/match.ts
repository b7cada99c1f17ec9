/** Offers meet demands. */
import { type AgentSnapshot, type Assigned, avoidance, type Plan } from '../../placement/index.js';
import { noteWaiting } from '../explain.js';
import type { Context } from './context.js';
import { type Demand, priorityOf } from './demand.js';
import { besides, demandKey, earmarkRoom, earmarksAgainst, releaseEarmarks, replaces } from './earmarks.js';
import { acceptOffers, type Filling, fillings, launchApp } from './launch.js';
import { askForOffers, gatheringHoldMs, giveBack, holdMs, snapshotOf } from './offers.js';
import { owed, releaseOffered } from './reservations.js';
import { planOver } from './surroundings.js';

/** Offers of several agents arrive one after the other; the first is not taken before the others had this long to come. */
const gatherMs = 250;

/** Places what can be placed on the offers at hand, by priority and then longest waiting first, and gives the rest of the offers back. */
export function match(context: Context, demands: Demand[]): void {
  const due = demands.filter(({ delayed }) => !delayed);
  for (const id of context.memory.waiting.keys())
    if (!demands.some(({ request }) => request.id === id)) context.memory.waiting.delete(id);
  for (const demand of demands) if (demand.delayed) noteWaiting(context, demand, null, []);
  releaseEarmarks(context, due);
  const agents = fillings(context);
  releaseOffered(context, agents);
  const unplaced = byWaiting(context, due).filter((demand) => !placeOne(context, demand, agents));
  // What comes back to its own finds no other room.
  const roomless = unplaced.filter(({ reservation }) => !reservation);
  earmarkRoom(context, roomless, new Set(agents.keys()));
  acceptOffers(context, agents);
  giveBack(context, unplaced.length > 0, holding(context, unplaced));
  const owedThere = owed(context.state).filter(({ agent }) => context.memory.agents.has(agent.id));
  askForOffers(context, new Set([...unplaced.map(demandKey), ...owedThere.map(({ id }) => `release ${id}`)]));
}

/** How long an agent's offers are held. */
function holding(context: Context, unplaced: Demand[]): (agentId: string) => number {
  if (unplaced.some((demand) => gathers(context, demand))) return () => gatheringHoldMs;
  const earmarks = [...context.memory.earmarks.values()];
  const kept = new Set(earmarks.flatMap(({ agents }) => agents.map(({ agentId }) => agentId)));
  return (agentId) => (kept.has(agentId) ? gatheringHoldMs : holdMs);
}

/** It needs several agents at once, and would fit if those that are known came together: another framework may hold some. */
function gathers({ memory }: Context, { request }: Demand): boolean {
  return request.whole && request.slots.length > 1 && memory.waiting.get(request.id)?.fits === true;
}

function byWaiting(context: Context, demands: Demand[]): Demand[] {
  const since = ({ request }: Demand) => context.memory.waiting.get(request.id)?.sinceMs ?? context.now;
  const rank = ({ app }: Demand) => priorityOf(app.active);
  return [...demands].sort(
    (a, b) => rank(b) - rank(a) || since(a) - since(b) || a.request.id.localeCompare(b.request.id),
  );
}

/** True when all slots have been placed. */
function placeOne(context: Context, demand: Demand, agents: Map<string, Filling>): boolean {
  const { waitedMs, complete } = gathered(context);
  if (agents.size > 0 && !complete && waitedMs < gatherMs) return false;
  const { frameworkId } = context.state;
  const all = [...agents.values()].map(({ offers, left }) => snapshotOf(offers, left, frameworkId));
  const { plan, offered } = planBesides(context, demand, all);
  const isAvoided = ({ agentId: id }: Assigned) =>
    avoidance(demand.request, { id, unavailable: context.memory.unavailable.get(id) ?? null }) !== null;
  const avoidable = !complete && waitedMs < holdMs && plan?.assigned.some(isAvoided);
  if (avoidable) return false;
  if (plan && plan.assigned.length > 0) launchApp(context, demand, plan, agents);
  noteWaiting(context, demand, plan, offered);
  const isPlaced = plan?.assigned.length === demand.request.slots.length;
  if (isPlaced) context.memory.earmarks.delete(demand.request.id);
  return isPlaced;
}

/** Beside what is kept for others; only what takes the place of something that ran may have that, too, when it must. */
function planBesides(
  context: Context,
  demand: Demand,
  all: AgentSnapshot[],
): { plan: Plan | null; offered: AgentSnapshot[] } {
  if (all.length === 0) return { plan: null, offered: all };
  const earmarks = earmarksAgainst(context, demand);
  const offered = all.map((agent) => besides(agent, earmarks));
  const plan = planOver(context, demand.request, offered);
  if (plan.unplaced.length === 0 || earmarks.length === 0 || !replaces(context, demand)) return { plan, offered };
  return { plan: planOver(context, demand.request, all), offered: all };
}

/** How long the oldest offer has waited, and whether every agent that is known has one at hand. */
function gathered(context: Context): { waitedMs: number; complete: boolean } {
  const held = [...context.memory.offers.values()];
  const offering = new Set(held.map(({ offer }) => offer.agent_id.value));
  const complete = [...context.memory.agents.keys()].every((agentId) => offering.has(agentId));
  return { waitedMs: context.now - Math.min(...held.map(({ receivedMs }) => receivedMs)), complete };
}
