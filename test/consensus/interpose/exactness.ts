/** Compares what replicas did at equal positions of the log. */
import type { Group, Replica } from './group.js';

export interface Comparison {
  turns: number;
  differences: string[];
}

/** Output hash and clock calls of every turn that both replicas have traced. */
export function compareTraces(group: Group, a: Replica, b: Replica): Comparison {
  const other = group.readTrace(b);
  const comparison: Comparison = { turns: 0, differences: [] };
  for (const [index, mine] of group.readTrace(a)) {
    const theirs = other.get(index);
    if (theirs === undefined) continue;
    comparison.turns++;
    if (mine.outputHash !== theirs.outputHash || mine.clockCalls !== theirs.clockCalls)
      comparison.differences.push(`${index}: ${JSON.stringify(mine)} ${JSON.stringify(theirs)}`);
  }
  return comparison;
}

/** Pairs of one replica with each other living one. */
export function compareLiving(group: Group): Comparison[] {
  const [first, ...others] = group.living();
  return first === undefined ? [] : others.map((other) => compareTraces(group, first, other));
}
