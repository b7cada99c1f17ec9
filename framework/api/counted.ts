/** Distributions as Prometheus' histograms. */
import type { Distribution } from '../../executor/assignment.js';

export type Labels = Record<'app' | 'slot' | 'member', string>;
export const labelNames = ['app', 'slot', 'member'] as const;

/** Upper bounds as Prometheus writes them, in units of `scale` of what is counted. */
export interface Scale {
  name: string;
  help: string;
  bounds: number[];
  scale: number;
}

/**
 * Under fixed bounds; a bucket that a bound cuts counts above it. prom-client's own histograms only take single observations; its
 * registry asks a metric for no more than a name and `get`.
 */
export class Counted {
  readonly name: string;
  readonly #values: { metricName: string; value: number; labels: object }[] = [];

  constructor(private readonly row: Scale) {
    this.name = row.name;
  }

  add(labels: object, { count, sum, buckets }: Distribution): void {
    const { name, bounds, scale } = this.row;
    const push = (suffix: string, value: number, more: object = {}) =>
      this.#values.push({ metricName: `${name}_${suffix}`, value, labels: { ...labels, ...more } });
    for (const le of bounds) {
      const within = buckets.filter(([valueMax]) => valueMax <= le * scale);
      const below = within.reduce((total, [, inBucket]) => total + inBucket, 0);
      push('bucket', below, { le });
    }
    push('bucket', count, { le: '+Inf' });
    push('sum', sum / scale);
    push('count', count);
  }

  async get() {
    return { name: this.name, help: this.row.help, type: 'histogram', values: this.#values, aggregator: 'sum' };
  }
}
