/** Another agent for a replica that makes its group no worse: not less even, and surviving all that it survived. */
import type { Attempt } from './attempt.js';
import type { RunningGroup, RunningReplica } from './cluster.js';
import { evenerBy, sharingPairs, survivesLess } from './evenness.js';
import { ladderOf } from './ladder.js';
import { placeOf, type Standing } from './standing.js';

export interface Relocation {
  group: RunningGroup;
  replica: RunningReplica;
  /** Finds the agent, with nothing taken yet. */
  attempt: Attempt;
  /** Pairs of replicas that share a domain, per rung. */
  sharing: { before: number[]; after: number[] };
  /** The widest rung on which the group becomes more even, and by how many pairs; null: it stays as even. */
  evener: { rung: number; pairs: number } | null;
}

/** Agents that are as even and would make the group survive less are passed over; so many at most. */
const passedOverMax = 16;

/**
 * The most even choice of those; null: there is none.
 * @param shut agents that do not come in question, with the reason
 */
export function relocate(
  standing: Standing,
  group: RunningGroup,
  replica: RunningReplica,
  shut: Readonly<Record<string, string>> = {},
): Relocation | null {
  const replicas = standing.replicasOf(group);
  const ladder = ladderOf(group.spread);
  const before = sharingPairs(replicas, ladder);
  const avoid = { ...group.avoid, ...shut };
  for (let passedOver = 0; passedOver < passedOverMax; passedOver++) {
    const attempt = standing.find(group, [replica], avoid);
    const seat = attempt.arrangement.taken[0];
    if (!seat || seat.avoided) return null;
    const moved = replicas.map((other) => (other === replica ? placeOf(seat.agent) : other));
    const after = sharingPairs(moved, ladder);
    const evener = evenerBy(before, after);
    // What comes next is less even still.
    if (evener !== null && evener.pairs < 0) return null;
    if (!survivesLess(replicas, moved, ladder)) return { group, replica, attempt, sharing: { before, after }, evener };
    avoid[seat.agent.id] = 'the group would survive less';
  }
  return null;
}
