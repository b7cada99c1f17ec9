/** Why tasks wait: a sentence, and for each agent what it lacked, with numbers. */
import lodash from 'lodash';
import type { Refusal } from '../placement/types.js';
import type { AtHand } from './scheduler/at-hand.js';
import type { Context, KnownAgent, Waiting } from './scheduler/context.js';
import type { Demand } from './scheduler/demand.js';
import { besides, earmarksAgainst, neverEarmarked, tellKept } from './scheduler/earmarks.js';
import { recentSecretProblem } from './scheduler/secrets.js';
import { planOver } from './scheduler/surroundings.js';
import { mayLook, noteLook, waitsLong, wideAgentsMax } from './scheduler/wide-looks.js';

const refusalsMax = 1000;
/** `placed` of the demand's slots have just been placed; `offers`: how many agents were at hand. */
export function noteTried({ memory, now }: Context, { request }: Demand, placed: number, offers: number): void {
  const count = request.slots.length - placed;
  if (count === 0) {
    memory.waiting.delete(request.id);
    return;
  }
  const known = memory.waiting.get(request.id) ?? waitingSince(now);
  if (known.count === count && offers === 0) return;
  memory.waiting.set(request.id, {
    ...known,
    count,
    processedOffers: known.processedOffers + offers,
    unusedOffers: known.unusedOffers + (placed > 0 ? 0 : offers),
  });
}

function waitingSince(now: number): Waiting {
  return {
    sinceMs: now,
    count: 0,
    processedOffers: 0,
    unusedOffers: 0,
    declinedFor: {},
    refusals: [],
    sentence: null,
    delayed: false,
    fits: false,
    lacks: null,
    explainedMs: null,
    earmarked: neverEarmarked(now),
  };
}

export function noteDelay(context: Context, demand: Demand): void {
  const { memory, now } = context;
  const { id, slots } = demand.request;
  const known = memory.waiting.get(id) ?? waitingSince(now);
  const sentence = delaySentence(context, demand);
  memory.waiting.set(id, { ...known, count: slots.length, sentence, delayed: true, fits: false });
}

/** Notes why slots wait: of those that have not been explained for longest, as many as may be looked at in one step, and one at least. */
export function explainSome(context: Context, atHand: AtHand): void {
  const { memory } = context;
  if (!mayLook(context, 'explain')) return;
  const known = (demand: Demand) => memory.waiting.get(demand.request.id);
  const hasOffers = memory.offers.size > 0;
  const open = memory.demands.asked().filter((demand) => {
    const waiting = known(demand);
    const isNew = waiting && (hasOffers || waiting.delayed || waiting.explainedMs === null);
    return isNew && waitsLong(context, waiting);
  });
  const inOrder = lodash.sortBy(open, (demand) => known(demand)?.explainedMs ?? 0);
  const many = Math.max(1, Math.floor(wideAgentsMax / Math.max(1, memory.agents.size)));
  for (const demand of inOrder.slice(0, many)) explain(context, demand, atHand);
  noteLook(context, 'explain', inOrder.length > 0);
}

function explain(context: Context, demand: Demand, atHand: AtHand): void {
  const { memory, now } = context;
  const { id } = demand.request;
  const waiting = memory.waiting.get(id) as Waiting;
  const { refusals: all, ...why } = reasons(context, demand, atHand);
  const refusals = all.slice(0, refusalsMax);
  const lacks = why.fits ? null : mostFrequent(refusals);
  const declinedFor = declinedBy(context, waiting, all);
  const explained = { delayed: false, lacks, declinedFor, explainedMs: now, refusals };
  memory.waiting.set(id, { ...waiting, ...why, ...explained });
}

function mostFrequent(refusals: Refusal[]): string | null {
  const byRule = Object.entries(lodash.countBy(refusals, 'rule'));
  return lodash.maxBy(byRule, ([, count]) => count)?.[0] ?? null;
}

/** With those that have come since it was looked at last. */
function declinedBy(
  { memory }: Context,
  { declinedFor, explainedMs }: Waiting,
  refusals: Refusal[],
): Record<string, number> {
  const isNew = ({ agentId }: Refusal) => (memory.agents.get(agentId)?.offeredMs ?? 0) > (explainedMs ?? 0);
  const fresh = lodash.uniqBy(refusals, 'agentId').filter((refusal) => refusal.rule !== 'notOffered' && isNew(refusal));
  if (fresh.length === 0) return declinedFor;
  return lodash.mergeWith({}, declinedFor, lodash.countBy(fresh, 'rule'), (one = 0, other = 0) => one + other);
}

function delaySentence(context: Context, demand: Demand): string {
  const problem = recentSecretProblem(context, demand.app);
  if (problem !== null) return problem;
  const seconds = Math.ceil(((demand.app.backoff?.untilMs ?? 0) - context.now) / 1000);
  return `backs off for another ${seconds} s after a failure (backoffSeconds, backoffFactor, maxLaunchDelaySeconds)`;
}

/** The plan's own reasons for the agents at hand; for the others a plan over what they offered last. */
function reasons(
  context: Context,
  demand: Demand,
  atHand: AtHand,
): Pick<Waiting, 'refusals' | 'fits'> & { sentence: string } {
  const earmarks = earmarksAgainst(context, demand);
  const offered = atHand.offered(earmarks);
  if (demand.reservation) {
    const { agent, id } = demand.reservation;
    const sentence = `${agent.hostname} keeps what ${id} needs, its volumes among it, and does not offer it now`;
    return { refusals: planOver(context, demand.request, offered).unplaced[0]?.refusals ?? [], sentence, fits: false };
  }
  const at = new Set(offered.map(({ id }) => id));
  const others = [...context.memory.agents.values()].filter(({ snapshot }) => !at.has(snapshot.id));
  if (offered.length + others.length === 0)
    return { refusals: [], sentence: 'no agent has offered anything yet', fits: false };
  const rest = others.map(({ snapshot }) => besides(snapshot, earmarks));
  const wide = planOver(context, demand.request, [...offered, ...rest]);
  const unplaced = wide.unplaced[0];
  if (unplaced) return { ...tellKept(unplaced, earmarks), fits: false };
  const mine = planOver(context, demand.request, offered).unplaced[0];
  const absent = others.map((agent) => notOffered(context, agent));
  const sentence = `would fit, but only ${offered.length} of ${offered.length + others.length} known agents offer resources now`;
  return { refusals: [...(mine?.refusals ?? []), ...absent], sentence, fits: true };
}

function notOffered(context: Context, { snapshot, offeredMs }: KnownAgent): Refusal {
  const seconds = Math.round((context.now - offeredMs) / 1000);
  const { cpus, mem } = snapshot.free;
  const sentence = `${snapshot.hostname} offers nothing now; ${seconds} s ago it had cpus ${cpus}, mem ${mem} MB`;
  return {
    agentId: snapshot.id,
    hostname: snapshot.hostname,
    rule: 'notOffered',
    asked: null,
    free: null,
    missing: null,
    sentence,
  };
}
