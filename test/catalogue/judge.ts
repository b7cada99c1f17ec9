/** Whether replicas are as equal as the catalogue's label says. */
import assert from 'node:assert/strict';
import { compareLiving } from '../consensus/interpose/exactness.js';
import type { Group } from '../consensus/interpose/group.js';
import type { Equality } from './entry.js';

export interface Verdict {
  /** By each pair of replicas at least; null behind gateways, which have none. */
  turnsCompared: number | null;
  /** What turns do not carry, by name: none where the label is `exact`. */
  unexpected: Record<string, number>;
}

/** Throws where they are not. */
export async function judge(group: Group, equality: Equality, settledLimitMs?: number): Promise<Verdict> {
  if (equality === 'gateway') await group.settled(settledLimitMs);
  else await group.quiesce(settledLimitMs);
  const unexpected = Object.assign({}, ...group.living().map((replica) => replica.state?.unexpected));
  for (const { state, address } of group.living()) {
    assert.equal(state?.divergence, null, `member ${address.member} diverged`);
    assert.equal(state?.label, equality, `label of member ${address.member}: ${JSON.stringify(unexpected)}`);
  }
  if (equality === 'gateway') return { turnsCompared: null, unexpected };
  const comparisons = compareLiving(group);
  if (equality === 'exact') for (const { differences } of comparisons) assert.deepEqual(differences.slice(0, 3), []);
  const turnsCompared = Math.min(...comparisons.map(({ turns }) => turns));
  assert.ok(turnsCompared > 50, `only ${turnsCompared} turns compared`);
  return { turnsCompared, unexpected };
}
