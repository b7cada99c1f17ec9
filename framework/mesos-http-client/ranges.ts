import type { Range } from './types.js';

/**
 * Sets of whole numbers as intervals with both ends inside, as Mesos writes ports. Results are in canonical form:
 * ascending, disjoint, and not even adjacent.
 */

/** The canonical form of ranges in any order, overlapping or not. */
export function union(...sets: readonly (readonly Range[])[]): Range[] {
  const [only = [], ...others] = sets.filter((set) => set.length > 0);
  // Most sets are: agents' ports are in many pieces, and are asked for again and again.
  if (others.length === 0 && isCanonical(only)) return [...only];
  const sorted = sets.flat().sort((a, b) => a.begin - b.begin);
  const merged: Range[] = [];
  for (const { begin, end } of sorted) {
    const last = merged.at(-1);
    if (last && begin <= last.end + 1) last.end = Math.max(last.end, end);
    else merged.push({ begin, end });
  }
  return merged;
}

function isCanonical(set: readonly Range[]): boolean {
  return set.every(({ begin }, index) => index === 0 || begin > (set[index - 1] as Range).end + 1);
}

/** The numbers of `set` that are not in `taken`. One pass over both: agents' ports are in many pieces. */
export function difference(set: readonly Range[], taken: readonly Range[]): Range[] {
  const holes = union(taken);
  const left: Range[] = [];
  let next = 0;
  for (const { begin, end } of union(set)) {
    let from = begin;
    while ((holes[next]?.end ?? end) < begin) next += 1;
    for (let at = next; from <= end; at += 1) {
      const hole = holes[at];
      if (!hole || hole.begin > end) {
        left.push({ begin: from, end });
        break;
      }
      if (hole.begin > from) left.push({ begin: from, end: hole.begin - 1 });
      from = hole.end + 1;
    }
  }
  return left;
}

/** The numbers that are in both sets. */
export function intersection(a: readonly Range[], b: readonly Range[]): Range[] {
  return difference(a, difference(a, b));
}

/** Whether every number of `subset` is in `set`. */
export function includes(set: readonly Range[], subset: readonly Range[]): boolean {
  return difference(subset, set).length === 0;
}

/** How many numbers the set has. */
export function size(set: readonly Range[]): number {
  return union(set).reduce((sum, { begin, end }) => sum + end - begin + 1, 0);
}
