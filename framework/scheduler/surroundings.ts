/** What placement is told beside the offers: what leads and runs on agents, when they go down, who is to be left alone. */
import lodash from 'lodash';
import { type AgentSnapshot, type Assigned, type GroupRequest, isFounded, type Plan } from '../../placement/index.js';
import type { Context } from './context.js';
import { type MixedRequest, partsOf } from './demand.js';
import type { AgentRef } from './records.js';
import type { State } from './state.js';

/**
 * The plan for a request over these agents, with all that is known of them. Agents that are not among them, but run what the
 * request is to be near or apart from, or belong to copysets, are shown to placement with nothing free, and are no part of the plan.
 */
export function planOver(context: Context, request: MixedRequest, agents: AgentSnapshot[]): Plan {
  const byId = new Map(agents.map((agent) => [agent.id, agent]));
  const plan: Plan = { assigned: [], unplaced: [], considered: [] };
  for (const part of partsOf(request)) {
    const { assigned, unplaced, considered } = planPart(context, beside(part, plan.assigned, byId), agents);
    // All or none: the part that does not fit says why.
    if (unplaced.length > 0 && part.whole)
      return { ...plan, assigned: [], unplaced: unplaced.map((one) => ({ ...one, slots: request.slots })) };
    plan.assigned = plan.assigned.concat(assigned);
    plan.unplaced = plan.unplaced.concat(unplaced);
    plan.considered = plan.considered.concat(considered);
  }
  return plan;
}

/** The request with what has been found for the parts before it. */
export function beside(part: GroupRequest, found: Assigned[], agents: Map<string, AgentSnapshot>): GroupRequest {
  const living = found.map(({ slot, agentId }) => {
    const { hostname, region, zone, attributes } = agents.get(agentId) as AgentSnapshot;
    return { slot, agentId, hostname, region, zone, attributes };
  });
  return { ...part, living: [...part.living, ...living] };
}

function planPart(context: Context, request: GroupRequest, agents: AgentSnapshot[]): Plan {
  const known = new Set(agents.map(({ id }) => id));
  const running = runningByAgent(context.state, request);
  const neighbours = [...running.values()].map(({ agent }) => agent);
  const others = request.scatterWidth === undefined ? [] : [...context.memory.agents.values()].map(({ ref }) => ref);
  const absent = lodash.uniqBy([...neighbours, ...others], ({ id }) => id).filter(({ id }) => !known.has(id));
  const seen = [...agents, ...absent.map(fullAgent)];
  const all = request.scatterWidth === undefined ? seen : sized(context, seen);
  const plan = context.options.place({ groups: [request], seed: 0 }, surrounded(context, request, all, running));
  if (absent.length === 0) return plan;
  const isGiven = ({ agentId }: { agentId: string }) => known.has(agentId);
  const unplaced = plan.unplaced.map((one) => ({ ...one, refusals: one.refusals.filter(isGiven) }));
  return { ...plan, considered: plan.considered.filter(isGiven), unplaced };
}

/**
 * With totals by which copysets tell alike machines: to the nearest power of two of what is free and what our tasks have, so that
 * sets are the same whatever comes and goes in between.
 */
function sized({ state, memory }: Context, agents: AgentSnapshot[]): AgentSnapshot[] {
  const byAgent = lodash.groupBy([...state.tasks.values()], ({ agent }) => agent.id);
  return agents.map((agent) => {
    const free = memory.agents.get(agent.id)?.snapshot.free ?? agent.free;
    const sum = (name: 'cpus' | 'mem' | 'disk' | 'gpus') =>
      lodash.sumBy(byAgent[agent.id] ?? [], ({ demand }) => demand[name]) + free[name];
    const size = (name: 'cpus' | 'mem' | 'disk' | 'gpus') =>
      sum(name) > 0 ? 2 ** Math.round(Math.log2(sum(name))) : 0;
    const total = { ...agent.free, cpus: size('cpus'), mem: size('mem'), disk: size('disk'), gpus: size('gpus') };
    return { ...agent, total };
  });
}

function surrounded(
  { state, memory }: Context,
  request: GroupRequest,
  agents: AgentSnapshot[],
  running: Map<string, Neighbours>,
): AgentSnapshot[] {
  const leaders = isFounded(request) ? leadersByAgent(state) : new Map<string, number>();
  return agents.map((agent) => ({
    ...agent,
    leaders: leaders.get(agent.id) ?? 0,
    running: running.get(agent.id)?.replicas ?? [],
    unavailable: memory.unavailable.get(agent.id) ?? null,
  }));
}

function fullAgent({ id, hostname, region, zone, attributes }: AgentRef): AgentSnapshot {
  const nothing = { cpus: 0, mem: 0, disk: 0, gpus: 0, ports: [] };
  return { id, hostname, region, zone, attributes, free: nothing, total: nothing };
}

interface Neighbours {
  agent: AgentRef;
  replicas: { app: string; slot: number }[];
}

/** Where the apps run that the request names; a task that is being stopped may run on for a while. */
function runningByAgent(state: State, { near = [], apart = [] }: GroupRequest): Map<string, Neighbours> {
  const found = new Map<string, Neighbours>();
  for (const app of new Set([...near, ...apart].map((one) => one.app)))
    for (const [index, { agent, replica }] of state.tasksOf(app).entries()) {
      const there = found.get(agent.id) ?? { agent, replicas: [] };
      there.replicas.push({ app, slot: replica?.self.slot ?? index });
      found.set(agent.id, there);
    }
  return found;
}

/** How many groups are led from each agent. */
export function leadersByAgent(state: State): ReadonlyMap<string, number> {
  return state.leaders.byAgent((id) => leadingAgent(state, id));
}

/** Before a leader is known, that of the lowest slot, which campaigns first. */
function leadingAgent(state: State, id: string): string | null {
  const group = state.apps.get(id)?.group;
  if (!group?.founded) return null;
  const member = group.leader?.member ?? lodash.minBy(group.configuration, ({ slot }) => slot)?.member;
  return state.tasksOf(id).find(({ replica }) => replica?.self.member === member)?.agent.id ?? null;
}
