/** What placement is told beside the offers: what leads and runs on agents, when they go down, who is to be left alone. */
import lodash from 'lodash';
import { type AgentSnapshot, type GroupRequest, isFounded, type Plan } from '../../placement/index.js';
import type { Context } from './context.js';
import type { AgentRef, AppRecord } from './records.js';
import type { State } from './state.js';

/**
 * The plan for a request over these agents, with all that is known of them. Agents that are not among them, but run what the
 * request is to be near or apart from, are shown to placement with nothing free, and are no part of the plan.
 */
export function planOver(context: Context, request: GroupRequest, agents: AgentSnapshot[]): Plan {
  const known = new Set(agents.map(({ id }) => id));
  const running = runningByAgent(context.state, request);
  const absent = [...running.values()].filter(({ agent }) => !known.has(agent.id));
  const all = [...agents, ...absent.map(({ agent }) => fullAgent(agent))];
  const plan = context.options.place({ groups: [request], seed: 0 }, surrounded(context, request, all, running));
  if (absent.length === 0) return plan;
  const isGiven = ({ agentId }: { agentId: string }) => known.has(agentId);
  const unplaced = plan.unplaced.map((one) => ({ ...one, refusals: one.refusals.filter(isGiven) }));
  return { ...plan, considered: plan.considered.filter(isGiven), unplaced };
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
export function leadersByAgent(state: State): Map<string, number> {
  const counts = new Map<string, number>();
  for (const app of state.apps.values()) {
    const agentId = leadingAgent(state, app);
    if (agentId !== null) counts.set(agentId, (counts.get(agentId) ?? 0) + 1);
  }
  return counts;
}

/** Before a leader is known, that of the lowest slot, which campaigns first. */
function leadingAgent(state: State, { id, group }: AppRecord): string | null {
  if (!group?.founded) return null;
  const member = group.leader?.member ?? lodash.minBy(group.configuration, ({ slot }) => slot)?.member;
  return state.tasksOf(id).find(({ replica }) => replica?.self.member === member)?.agent.id ?? null;
}
