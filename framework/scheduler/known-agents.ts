/** What is remembered of agents beside the records, of a bounded number of them. */
import type { Context } from './context.js';
import { setNewest } from './newest.js';

/** As many as have been measured (docs/figures.md). */
export const knownAgentsMax = 100_000;

/** The agent that was told of longest ago is forgotten when there are too many; people are told so. */
export function setAgent<Value>(context: Context, map: Map<string, Value>, agentId: string, value: Value): void {
  for (const forgotten of setNewest(map, agentId, value, knownAgentsMax)) noteForgotten(context, forgotten);
}

/** Once in the log, and each in the count: in a cluster that is too large every offer makes one be forgotten. */
function noteForgotten({ memory, actions }: Context, agentId: string): void {
  memory.counts.agentsForgotten += 1;
  if (memory.counts.agentsForgotten > 1) return;
  const text = `more than ${knownAgentsMax} agents are known: what was told of the one that has been silent longest is forgotten, and so on; divide the cluster between several frameworks with a role each`;
  actions.push({ type: 'log', fields: { agentId }, text });
}
