/**
 * The least number of equal agents that any packing needs, by the linear program over all patterns of an agent (Gilmore and
 * Gomory's; the arc-flow bound is the same number). Its columns are generated, and each round proves a bound (Farley's).
 */
import highs = require('highs');

import type { Shape } from './cluster.js';
import { type Kind, type Pattern, priceOut } from './knapsack.js';

const roundsMax = 2000;
const nodesMax = 300_000;
const tolerance = 1e-6;

export interface Bound {
  /** No packing uses fewer agents. */
  agents: number;
  /** What proves it: the sum of a dimension, or the linear program. */
  by: 'volume' | 'patterns';
  /** False: the linear program might prove more; the search for a column ended at its limit. */
  final: boolean;
}

const { withModel } = await highs.default();

/** Items of equal sizes are one kind; every item fits on an empty agent. */
export function configurationBound(items: readonly Shape[], capacity: Shape): Bound {
  const kinds = kindsOf(items);
  const volume = volumeBound(items, capacity);
  return withModel((model) => {
    model.options.set({ output_flag: false });
    for (const { count } of kinds) model.addRow(count, Number.POSITIVE_INFINITY, { indices: [], values: [] });
    for (const pattern of alone(kinds, capacity)) addColumn(model, pattern);
    const { agents, final } = raise(model, kinds, capacity, volume);
    return { agents, by: agents > volume ? ('patterns' as const) : ('volume' as const), final };
  });
}

/** The largest of the sums of each dimension. */
export function volumeBound(items: readonly Shape[], capacity: Shape): number {
  const sum = (dimension: keyof Shape) => items.reduce((total, item) => total + item[dimension], 0);
  return Math.ceil(Math.max(sum('cpus') / capacity.cpus, sum('mem') / capacity.mem));
}

function kindsOf(items: readonly Shape[]): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const { cpus, mem } of items) {
    const kind = kinds.get(`${cpus} ${mem}`) ?? { cpus, mem, count: 0 };
    kinds.set(`${cpus} ${mem}`, { ...kind, count: kind.count + 1 });
  }
  return [...kinds.values()];
}

/** Each kind alone, as often as it fits. */
function alone(kinds: readonly Kind[], capacity: Shape): Pattern[] {
  return kinds.map(({ cpus, mem, count }, at) => {
    const most = Math.min(count, Math.floor(capacity.cpus / cpus), Math.floor(capacity.mem / mem));
    return kinds.map((_, kind) => (kind === at ? most : 0));
  });
}

function addColumn(model: highs.Model, pattern: Pattern): void {
  const indices = pattern.flatMap((count, kind) => (count > 0 ? [kind] : []));
  const values = indices.map((kind) => pattern[kind] as number);
  model.addCol(1, 0, Number.POSITIVE_INFINITY, { indices, values });
}

/** A higher bound than `agents`, if the program proves one. */
function raise(model: highs.Model, kinds: readonly Kind[], capacity: Shape, agents: number): Omit<Bound, 'by'> {
  let proven = agents;
  for (let round = 0; round < roundsMax; round++) {
    model.run();
    const prices = [...model.getSolution().rowDual].map((dual) => Math.max(0, dual));
    const worth = prices.reduce((sum, price, kind) => sum + price * (kinds[kind] as Kind).count, 0);
    // That is the optimum over the columns so far, and more columns only lower it.
    if (whole(worth) <= proven) return { agents: proven, final: true };
    const { patterns, worthMax } = priceOut(kinds, prices, capacity, 1 + tolerance, nodesMax);
    // Prices divided by the dearest pattern's are a solution of the dual program.
    proven = Math.max(proven, whole(worth / worthMax));
    if (patterns.length === 0) return { agents: proven, final: worthMax <= 1 + 2 * tolerance };
    for (const pattern of patterns) addColumn(model, pattern);
  }
  return { agents: proven, final: false };
}

/** A hair above a whole number is an error of calculation. */
const whole = (agents: number) => Math.ceil(agents - 1e-4);
