/** Drains: agents that take nothing new and are emptied, until the user ends it. */
import lodash from 'lodash';
import { type AgentName, isSelected, type Selection } from '../../placement/index.js';
import type { CommandResult } from '../service.js';
import { type Context, isoTime } from './context.js';
import type { AgentRef, DrainRecord, TaskRecord } from './records.js';
import type { State } from './state.js';

export function startDrain(context: Context, wanted: Selection): CommandResult {
  const { state, options, now } = context;
  const same = [...state.drains.values()].find((drain) => lodash.isEqual(drain.wanted, wanted));
  const drain = same ?? { id: options.ids.uuid(), wanted, startedAt: isoTime(now), left: 0 };
  if (!same) state.drains.put(drain.id, drain);
  return { ok: true, deploymentId: drain.id, version: drain.startedAt };
}

/** What is there may stay; moves that are under way end where they are. */
export function endDrain(context: Context, drain: DrainRecord): CommandResult {
  context.state.drains.remove(drain.id);
  return { ok: true, deploymentId: null, version: drain.startedAt };
}

/** Notes which of the agents that are known now are drained. */
export function closeDrained({ state, memory }: Context): void {
  const agents = [...state.drains.values()].flatMap((drain) => agentsOf(state, memory.agents, drain.wanted));
  memory.closed = Object.fromEntries(agents.map(({ agentId }) => [agentId, 'it is being drained']));
}

/** Those that have offered, and those that tasks run on, by id. */
export function agentsOf(
  state: State,
  known: Context['memory']['agents'],
  wanted: Selection,
): (AgentName & { tasks: TaskRecord[] })[] {
  const tasks = lodash.groupBy(
    [...state.tasks.values()].filter(({ agent }) => isSelected(agent, wanted)),
    agentOf,
  );
  const offered = [...known.values()].map(({ snapshot }) => snapshot).filter((one) => isSelected(one, wanted));
  const names = new Map(offered.map(({ id, hostname }) => [id, hostname]));
  for (const [id, [first]] of Object.entries(tasks)) names.set(id, (first as TaskRecord).agent.hostname);
  const all = [...names].map(([agentId, hostname]) => ({ agentId, hostname, tasks: tasks[agentId] ?? [] }));
  return lodash.sortBy(all, 'agentId');
}

const agentOf = ({ agent }: { agent: AgentRef }) => agent.id;

/** A task has ended. */
export function noteLeft({ state }: Context, { agent }: TaskRecord): void {
  for (const drain of [...state.drains.values()])
    if (isSelected(agent, drain.wanted)) state.drains.put(drain.id, { ...drain, left: drain.left + 1 });
}
