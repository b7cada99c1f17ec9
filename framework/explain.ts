/** Why tasks wait: a sentence, and for each agent what it lacked, with numbers. */
import type { AgentSnapshot, Plan, Refusal } from '../placement/types.js';
import type { Context, KnownAgent, Waiting } from './scheduler/context.js';
import type { Demand } from './scheduler/demand.js';
import { besides, earmarksAgainst, neverEarmarked, tellKept } from './scheduler/earmarks.js';
import { planOver } from './scheduler/surroundings.js';

const refusalsMax = 1000;

/** Notes why the slots of `demand` that `plan` left out still wait; `offered` are the agents the plan was made over. */
export function noteWaiting(context: Context, demand: Demand, plan: Plan | null, offered: AgentSnapshot[]): void {
  const { memory, now } = context;
  const { id } = demand.request;
  const count = demand.request.slots.length - (plan?.assigned.length ?? 0);
  if (count === 0) {
    memory.waiting.delete(id);
    return;
  }
  const known: Waiting = memory.waiting.get(id) ?? {
    sinceMs: now,
    count,
    processedOffers: 0,
    unusedOffers: 0,
    refusals: [],
    sentence: null,
    delayed: true,
    fits: false,
    earmarked: neverEarmarked(now),
  };
  if (offered.length === 0 && !known.delayed && !demand.delayed) return;
  const { refusals, sentence, fits } = demand.delayed
    ? { refusals: known.refusals, sentence: delaySentence(context, demand), fits: false }
    : reasons(context, demand, plan, offered);
  memory.waiting.set(id, {
    ...known,
    count,
    refusals: refusals.slice(0, refusalsMax),
    sentence,
    delayed: demand.delayed,
    fits,
    processedOffers: known.processedOffers + offered.length,
    unusedOffers: known.unusedOffers + (plan && plan.assigned.length > 0 ? 0 : offered.length),
  });
}

function delaySentence(context: Context, demand: Demand): string {
  const seconds = Math.ceil(((demand.app.backoff?.untilMs ?? 0) - context.now) / 1000);
  return `backs off for another ${seconds} s after a failure (backoffSeconds, backoffFactor, maxLaunchDelaySeconds)`;
}

/** The plan's own reasons for the agents at hand; for the others a plan over what they offered last. */
function reasons(
  context: Context,
  demand: Demand,
  plan: Plan | null,
  offered: AgentSnapshot[],
): Pick<Waiting, 'refusals' | 'fits'> & { sentence: string } {
  if (demand.reservation) {
    const { agent, id } = demand.reservation;
    const sentence = `${agent.hostname} keeps what ${id} needs, its volumes among it, and does not offer it now`;
    return { refusals: plan?.unplaced[0]?.refusals ?? [], sentence, fits: false };
  }
  const at = new Set(offered.map(({ id }) => id));
  const others = [...context.memory.agents.values()].filter(({ snapshot }) => !at.has(snapshot.id));
  const mine = plan?.unplaced.find(({ group }) => group === demand.request.id);
  if (offered.length + others.length === 0)
    return { refusals: [], sentence: 'no agent has offered anything yet', fits: false };
  const earmarks = earmarksAgainst(context, demand);
  const rest = others.map(({ snapshot }) => besides(snapshot, earmarks));
  const wide = planOver(context, demand.request, [...offered, ...rest]);
  const unplaced = wide.unplaced[0];
  if (unplaced) return { ...tellKept(unplaced, earmarks), fits: false };
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
