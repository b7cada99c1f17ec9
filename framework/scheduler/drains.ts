/** Drains: agents that take nothing new and are emptied, until the user ends it. */
import lodash from 'lodash';
import { type AgentName, type AgentSnapshot, isSelected, type Selection } from '../../placement/index.js';
import type { CommandResult } from '../service.js';
import { type Context, isoTime } from './context.js';
import type { AgentRef, DrainRecord, TaskRecord } from './records.js';

export function startDrain(context: Context, wanted: Selection): CommandResult {
  const { state, options, now } = context;
  const same = [...state.drains.values()].find((drain) => lodash.isEqual(drain.wanted, wanted));
  const drain = same ?? { id: options.ids.uuid(), wanted, startedAt: isoTime(now), left: 0 };
  if (!same) state.drains.put(drain.id, drain);
  noteDrains(context);
  return { ok: true, deploymentId: drain.id, version: drain.startedAt };
}

/** What is there may stay; moves that are under way end where they are. */
export function endDrain(context: Context, drain: DrainRecord): CommandResult {
  context.state.drains.remove(drain.id);
  noteDrains(context);
  return { ok: true, deploymentId: null, version: drain.startedAt };
}

/** Which of all agents that have offered, or that tasks run on, are drained. */
export function noteDrains(context: Context): void {
  const { memory, state } = context;
  memory.drained.clear();
  for (const { agent } of state.tasks.values()) noteDrained(context, agent);
  for (const { snapshot } of memory.agents.values()) noteDrained(context, snapshot);
  close(context);
}

/** Which of these agents, which offer now, are drained. */
export function noteOffering(context: Context, agents: AgentSnapshot[]): void {
  const changed = agents.filter((agent) => noteDrained(context, agent));
  if (changed.length > 0) close(context);
}

/** The agent has been removed. */
export function forgetDrained(context: Context, agentId: string): void {
  if (context.memory.drained.delete(agentId)) close(context);
}

/** True when it is another drain's than before. */
function noteDrained({ state, memory }: Context, agent: AgentSnapshot | AgentRef): boolean {
  const { id, hostname } = agent;
  const drains = [...state.drains.values()].filter(({ wanted }) => isSelected(agent, wanted)).map((drain) => drain.id);
  const known = memory.drained.get(id)?.drains ?? [];
  if (drains.length === 0) memory.drained.delete(id);
  else memory.drained.set(id, { hostname, drains });
  return !lodash.isEqual(drains, known);
}

function close({ memory }: Context): void {
  memory.closed = Object.fromEntries([...memory.drained.keys()].map((id) => [id, 'it is being drained']));
}

/** By id. */
export function agentsOf({ memory }: Context, { id }: DrainRecord): AgentName[] {
  const drained = [...memory.drained].filter(([, { drains }]) => drains.includes(id));
  return lodash.sortBy(
    drained.map(([agentId, { hostname }]) => ({ agentId, hostname })),
    'agentId',
  );
}

export function tasksOn({ state, memory }: Context, { id }: DrainRecord): TaskRecord[] {
  return [...state.tasks.values()].filter(({ agent }) => memory.drained.get(agent.id)?.drains.includes(id));
}

/** A task has ended. */
export function noteLeft({ state, memory }: Context, { agent }: TaskRecord): void {
  for (const id of memory.drained.get(agent.id)?.drains ?? []) {
    const drain = state.drains.get(id);
    if (drain) state.drains.put(id, { ...drain, left: drain.left + 1 });
  }
}
