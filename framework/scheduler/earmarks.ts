/**
 * Room that is kept for the app that has waited longest and fits nowhere: what it needs on some agents is given to no other
 * until it fits there. Younger apps take what is beside it. No earmark lasts, so that nobody waits behind an app that never fits.
 */
import lodash from 'lodash';
import type { AgentSnapshot, Assigned, Refusal, Unplaced } from '../../placement/types.js';
import type { PlainResources } from '../mesos-http-client/index.js';
import { agentNamed, type Context, type Earmark, type Earmarked, type Waiting } from './context.js';
import { type Demand, demandIn, demandKey, type MixedRequest, priorityOf } from './demand.js';
import { isScaling } from './deployments.js';
import type { AppRecord } from './records.js';
import { amountNames, emptied, less, missing, together } from './room.js';
import { planOver } from './surroundings.js';
import { takenBy } from './task-info.js';
import { mayLook, noteLook, waitsLong } from './wide-looks.js';

/** The first earmark of an app; each further one lasts twice as long, since what runs may take longer to end. */
const firstLastsMs = 300_000;
const lastsMsMax = 3_600_000;
/** When no agents could ever have room for an app, it is not asked again before. */
const askAgainMs = 10_000;
/** So many are asked at once. */
const askedMax = 2;
/** Replicas that room is kept for at once. */
const replicasMax = 16;
/** Hostnames in a sentence. */
const namesMax = 5;
/** Agents of earlier earmarks, on which nothing has ended, that are remembered to be taken last. */
const vainMax = 256;
/** Of agents that lack as much, those that offer now come first. */
const atHandRank = 1e-6;

/** Of an app that waits since then, before its first earmark. */
export const neverEarmarked = (waitsSinceMs: number): Earmarked => ({
  times: 0,
  waitsSinceMs,
  restUntilMs: 0,
  vain: [],
});

/** Earmarks of others that this demand respects: not those of lower priority. */
export function earmarksAgainst({ memory, state }: Context, { app, request }: Demand): Earmark[] {
  const isBelow = (other: AppRecord | undefined) => !other || priorityOf(other.active) < priorityOf(app.active);
  return [...memory.earmarks.values()].filter(({ appId }) => appId !== request.id && !isBelow(state.apps.get(appId)));
}

/** It takes the place of something that ran: nobody's growth is to keep it away when there is no other room. */
export function replaces(context: Context, { app, request, returning }: Demand): boolean {
  if (returning) return true;
  if (app.active.replication) return request.slots.every((slot) => app.group?.filledSlots.includes(slot) ?? false);
  return !isScaling(context, app.id);
}

/** What is left of an agent beside what is kept there. */
export function besides(agent: AgentSnapshot, earmarks: Earmark[]): AgentSnapshot {
  let { free } = agent;
  for (const { agents } of earmarks)
    for (const { agentId, demand } of agents) if (agentId === agent.id) free = less(free, demand);
  return free === agent.free ? agent : { ...agent, free, total: free };
}

/** Refusals of agents where room is kept say so, and so does the sentence. */
export function tellKept(
  { sentence, refusals }: Unplaced,
  earmarks: Earmark[],
): Pick<Unplaced, 'sentence' | 'refusals'> {
  const keeper = ({ agentId, rule }: Refusal) =>
    !amountNames.includes(rule)
      ? null
      : (earmarks.find(({ agents }) => agents.some((one) => one.agentId === agentId)) ?? null);
  const keepers = [...new Set(refusals.map(keeper).filter((earmark) => earmark !== null))];
  const told = keepers.map(
    ({ appId, agents }) => `; room is kept for ${appId} on ${namesText(agents.map(({ hostname }) => hostname))}`,
  );
  return {
    sentence: `${sentence}${told.join('')}`,
    refusals: refusals.map((one) => {
      const earmark = keeper(one);
      return earmark ? { ...one, sentence: `${one.sentence}; what ${earmark.appId} needs there is kept for it` } : one;
    }),
  };
}

function namesText(names: string[]): string {
  return names.length > namesMax
    ? `${names.slice(0, namesMax).join(', ')} and ${names.length - namesMax} more`
    : names.join(', ');
}

/** Lets go of what is kept for demands that are not there any more, or for long enough. */
export function releaseEarmarks({ memory, now }: Context): void {
  const waits = (appId: string) => memory.demands.of(appId).some(({ delayed }) => !delayed);
  for (const [appId, earmark] of memory.earmarks) {
    if (waits(appId) && earmark.untilMs > now) continue;
    memory.earmarks.delete(appId);
    const known = memory.waiting.get(appId);
    if (known && earmark.untilMs <= now)
      memory.waiting.set(appId, { ...known, earmarked: afterwards(memory, known.earmarked, earmark) });
  }
}

/** It rests for as long as it lasted. Where nothing has ended it tries others first. */
function afterwards(memory: Context['memory'], { times, vain }: Earmarked, earmark: Earmark): Earmarked {
  const lacks = earmark.agents.filter(({ agentId, demand }) => {
    const free = memory.agents.get(agentId)?.snapshot.free;
    return free && missing(free, demand) > 0;
  });
  const again = earmark.agents.some(({ agentId }) => vain.includes(agentId));
  const ids = [...(again ? [] : vain), ...lacks.map(({ agentId }) => agentId)];
  const restUntilMs = earmark.untilMs + (earmark.untilMs - earmark.sinceMs);
  return { times: times + 1, waitsSinceMs: earmark.untilMs, restUntilMs, vain: [...new Set(ids)].slice(-vainMax) };
}

/** Keeps room for one of the demands that have not been placed: of the highest priority who has waited longest since it came, or since its last earmark. */
export function earmarkRoom(context: Context): void {
  const { earmarks, demands, waiting } = context.memory;
  for (const appId of [...earmarks.keys()])
    for (const demand of demands.of(appId)) if (needsRoom(context, demand)) renew(context, demand);
  if (earmarks.size > 0 || !mayLook(context, 'earmark')) return;
  const rested = demands
    .asked()
    .filter((demand) => needsRoom(context, demand) && mayHaveRoom(context, waiting.get(demand.request.id)));
  const inOrder = lodash.sortBy(rested, [
    ({ app }) => -priorityOf(app.active),
    ({ request }) => waiting.get(request.id)?.earmarked.waitsSinceMs,
  ]);
  for (const demand of inOrder.slice(0, askedMax)) if (earmarks.size === 0) earmark(context, demand);
  noteLook(context, 'earmark', rested.length > 0);
}

/** What comes back to its own finds no other room. */
const needsRoom = ({ memory }: Context, demand: Demand): boolean =>
  !demand.reservation && memory.demands.isAsked(demandKey(demand));

const mayHaveRoom = (context: Context, waiting: Waiting | undefined): boolean =>
  waiting !== undefined && waiting.earmarked.restUntilMs <= context.now && waitsLong(context, waiting);

/** What is kept stays kept until then, but elsewhere, when the app needs something else, or an agent is not there any more. */
function renew(context: Context, demand: Demand): void {
  const { earmarks, demands, agents, closed } = context.memory;
  const own = earmarks.get(demand.request.id);
  if (!own) return;
  const isWanted = demands.isAsked(own.key);
  if (isWanted && own.agents.every(({ agentId }) => agents.has(agentId) && closed[agentId] === undefined)) return;
  earmarks.delete(demand.request.id);
  earmark(context, demand, own);
}

function earmark(context: Context, demand: Demand, former?: Earmark): void {
  const { memory, now } = context;
  const appId = demand.request.id;
  const waiting = memory.waiting.get(appId) as Waiting;
  const agents = agentsFor(context, demand, waiting.earmarked.vain);
  if (agents.length === 0) {
    memory.waiting.set(appId, {
      ...waiting,
      earmarked: { ...waiting.earmarked, waitsSinceMs: now, restUntilMs: now + askAgainMs },
    });
    return;
  }
  const lastsMs = Math.min(lastsMsMax, firstLastsMs * 2 ** waiting.earmarked.times);
  const { sinceMs, untilMs } = former ?? { sinceMs: now, untilMs: now + lastsMs };
  memory.earmarks.set(appId, { appId, key: demandKey(demand), agents, sinceMs, untilMs });
}

/**
 * The agents that lack least of what a replica asks, on which the demand would fit if the tasks of other apps ended there. Empty: even then
 * it would not.
 */
function agentsFor(context: Context, { request }: Demand, vain: string[]): Earmark['agents'] {
  const ranked = rankedFor(context, request, vain);
  const wanted = { ...request, slots: request.slots.slice(0, replicasMax) };
  for (let count = wanted.slots.length; ; count *= 2) {
    const last = ranked[Math.min(count, ranked.length) - 1]?.rank ?? 0;
    // All that lack as much are as good: the spread decides among them.
    const agents = ranked.filter(({ rank }) => rank <= last).map(({ agent }) => agent);
    const { assigned } = planOver(context, wanted, agents);
    if (assigned.length === wanted.slots.length || count >= ranked.length) return counted(assigned, wanted, context);
  }
}

/** Agents as if all tasks of other apps there had ended, if the least demand fits then, the ones that lack least now first. */
function rankedFor(context: Context, { id, demand, witness }: MixedRequest, vain: string[]) {
  const used = takenByOthers(context, id);
  const atHand = context.memory.offers.byAgent;
  const known = [...context.memory.agents.values()].map(({ snapshot }) => snapshot);
  return known
    .map((agent) => ({
      agent: emptied(agent, used.get(agent.id) ?? []),
      rank: (vain.includes(agent.id) ? 2 : 0) + missing(agent.free, demand) + (atHand.has(agent.id) ? 0 : atHandRank),
    }))
    .filter(({ agent }) => missing(agent.free, witness ?? demand) === 0)
    .sort((a, b) => a.rank - b.rank);
}

function counted(assigned: Assigned[], request: MixedRequest, { memory }: Context): Earmark['agents'] {
  return Object.entries(lodash.groupBy(assigned, ({ agentId }) => agentId)).map(([agentId, there]) => ({
    ...agentNamed(memory, agentId),
    replicas: there.length,
    demand: together(there.map(({ slot }) => demandIn(request, slot))),
  }));
}

/** By agent; what is kept for instances does not come back when they end. */
function takenByOthers({ state }: Context, appId: string): Map<string, PlainResources[]> {
  const others = [...state.tasks.values()].filter((task) => task.appId !== appId && task.reservationId === undefined);
  const byAgent = lodash.groupBy(others, ({ agent }) => agent.id);
  return new Map(Object.entries(byAgent).map(([agentId, tasks]) => [agentId, tasks.map(takenBy)]));
}
