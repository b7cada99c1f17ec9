/**
 * Agents used against a number that no packing goes below (`boundBy`: proven by the sum of a dimension, or by the linear program
 * over patterns; of the trace the former only). `online`: items come one after another; `batch`: all are known at once.
 */
import lodash from 'lodash';
import { randomFrom } from '../../random.js';
import { round } from '../measure.js';
import type { Shape } from './cluster.js';
import { configurationBound, volumeBound } from './configuration-bound.js';
import { type Cluster, clusterOf, policies } from './policies.js';
import { classes, type Instance, trace } from './vector-classes.js';

/** Means over the seeds. */
export function measureVectors(seeds: readonly number[]) {
  const rows = classes.map(({ name, draw }) => {
    const runs = seeds.map((seed) => {
      const instance = draw(randomFrom(seed));
      const { agents, by, final } = configurationBound(instance.items, instance.capacity);
      return { ...measureOne(instance, agents), by: final ? by : `${by}, not final` };
    });
    return { name, ...meanOf(runs), boundBy: runs.map(({ by }) => by) };
  });
  const largest = trace.draw(randomFrom(seeds[0] as number));
  const bound = volumeBound(largest.items, largest.capacity);
  return [...rows, { name: trace.name, ...meanOf([measureOne(largest, bound)]), boundBy: ['volume'] }];
}

type Ratios = Record<string, number>;
type Run = ReturnType<typeof measureOne>;

function meanOf(runs: readonly Run[]) {
  const ratios = (read: (run: Run) => Ratios) =>
    lodash.mapValues(read(runs[0] as Run), (_, policy) => round(lodash.meanBy(runs, (run) => read(run)[policy])));
  return {
    bound: round(lodash.meanBy(runs, 'bound')),
    online: ratios(({ online }) => online),
    batch: ratios(({ batch }) => batch),
  };
}

function measureOne({ capacity, items }: Instance, bound: number) {
  const agents = Array.from({ length: Math.min(items.length, 3 * bound) }, () => capacity);
  const groups = items.map((demand) => ({ replicas: 1, demand }));
  const ratios = (fill: (cluster: Cluster) => boolean): Ratios =>
    Object.fromEntries(policies.map((policy) => [policy, usedBy(policy, agents, fill) / bound]));
  return {
    bound,
    online: ratios(({ place }) => groups.every(place)),
    batch: ratios(({ placeAll }) => placeAll(groups) === groups.length),
  };
}

function usedBy(policy: string, agents: readonly Shape[], fill: (cluster: Cluster) => boolean): number {
  const cluster = clusterOf(policy, agents);
  if (!fill(cluster)) throw new Error(`${policy} finds no room on ${agents.length} agents`);
  return cluster.used();
}
