/** What placement is told of agents beside their offers. */
import lodash from 'lodash';
import type { AgentSnapshot, GroupRequest } from '../../placement/types.js';
import type { Context } from './context.js';
import type { AppRecord } from './records.js';
import type { State } from './state.js';

/** The agents with what is known of them, as far as the request asks for it. */
export function surrounded(context: Context, request: GroupRequest, agents: AgentSnapshot[]): AgentSnapshot[] {
  const isNew = request.distinctAgents && request.living.length === 0;
  const leaders = isNew ? leadersByAgent(context.state) : new Map<string, number>();
  return agents.map((agent) => ({
    ...agent,
    leaders: leaders.get(agent.id) ?? 0,
    unavailable: context.memory.unavailable.get(agent.id) ?? null,
  }));
}

/** How many groups are led from each agent. */
function leadersByAgent(state: State): Map<string, number> {
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
