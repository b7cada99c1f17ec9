/** Distributions as members count them: log-linear buckets, at most 1/16 wide, and mergeable. */
import type { NativeHistogram } from './native.js';

export class Histogram {
  /** `buckets` are ascending by the largest value they hold; empty ones are left out. */
  constructor(
    readonly count: number,
    readonly sum: number,
    readonly buckets: readonly (readonly [valueMax: number, count: number])[],
  ) {}

  static of({ count, sum, buckets }: NativeHistogram): Histogram {
    return new Histogram(count, sum, buckets);
  }

  /** Below or at this value lies `share` (0..1) of all observations; at most 1/16 too high. 0 without observations. */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (const [valueMax, count] of this.buckets) {
      seen += count;
      if (seen >= wanted) return valueMax;
    }
    return 0;
  }

  /** As if one histogram had counted what both have. */
  merge(other: Histogram): Histogram {
    const counts = new Map(this.buckets);
    for (const [valueMax, count] of other.buckets) counts.set(valueMax, (counts.get(valueMax) ?? 0) + count);
    const buckets = [...counts].sort(([a], [b]) => a - b);
    return new Histogram(this.count + other.count, this.sum + other.sum, buckets);
  }
}
