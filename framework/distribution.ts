/** Reads distributions that replicas report. */
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
