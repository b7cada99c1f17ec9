/** Reads distributions that replicas report, and makes those of the framework's own. */
import type { Distribution } from '../executor/assignment.js';

/** Below or at this value lies `share` (0..1) of what was counted; at most 1/16 too high. Null when nothing was. */
export function quantile({ count, buckets }: Distribution, share: number): number | null {
  const wanted = Math.max(1, Math.ceil(share * count));
  let seen = 0;
  for (const [valueMax, inBucket] of buckets) {
    seen += inBucket;
    if (seen >= wanted) return valueMax;
  }
  return null;
}

export function mean({ count, sum }: Distribution): number | null {
  return count === 0 ? null : sum / count;
}

export const nothingCounted: Distribution = { count: 0, sum: 0, buckets: [] };

/** With one more value, in the bucket of the first bound that is not below it; above the last bound it is in none. */
export function withValue(
  { count, sum, buckets }: Distribution,
  bounds: readonly number[],
  value: number,
): Distribution {
  const counts = new Map(buckets);
  const bound = bounds.find((one) => value <= one);
  if (bound !== undefined) counts.set(bound, (counts.get(bound) ?? 0) + 1);
  return { count: count + 1, sum: sum + value, buckets: [...counts].sort(([one], [other]) => one - other) };
}

/** Bounds: `steps` times each power of ten from `from` on, below `to`. */
export const decades = (from: number, to: number, steps: number[]) =>
  Array.from({ length: to - from }, (_, i) =>
    steps.map((step) => Number((step * 10 ** (from + i)).toPrecision(3))),
  ).flat();

/** Of deployments, in seconds: from one second on to hours. */
export const deploymentSecondsBounds = decades(0, 4, [1, 2.5, 5]);

/** Of writes of the store, in seconds: from a tenth of a millisecond on; a disk that is not well takes seconds. */
export const writeSecondsBounds = decades(-4, 1, [1, 2.5, 5]);
