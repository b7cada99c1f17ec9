/** What goes only where something is kept for it. */
import type { EachRule } from './constraints.js';
import type { Located } from './domains.js';
import type { AgentSnapshot, GroupRequest } from './types.js';

/** Only where something is kept for it; an empty portion is one, too. */
export function keptRules({ claim }: GroupRequest, agents: () => readonly AgentSnapshot[]): EachRule[] {
  const name = claim?.keptFor;
  if (name === undefined) return [];
  const keepers = new Set<Located>(agents().filter((agent) => agent.portions?.some(({ keptFor }) => keptFor === name)));
  const why = () => 'nothing of that is offered there';
  return [{ kind: 'each', refusal: 'kept', title: `kept for ${name}`, accepts: (at) => keepers.has(at), why }];
}
