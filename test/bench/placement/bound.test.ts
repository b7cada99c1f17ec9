import assert from 'node:assert/strict';

import highs = require('highs');

import { type Random, randomFrom } from '../../random.js';
import { pick, type Shape } from './cluster.js';
import { configurationBound, volumeBound } from './configuration-bound.js';
import { type Kind, priceOut } from './knapsack.js';

const capacity = { cpus: 12, mem: 10 };
const seeds = Array.from({ length: 60 }, (_, i) => i + 1);
const solver = await highs.default();

function draw(random: Random, count: number): Shape[] {
  return Array.from({ length: count }, () => ({
    cpus: pick(random, [0, 1, 2, 3, 5, 7, 8]),
    mem: pick(random, [1, 2, 4, 5, 6]),
  }));
}

const fits = (items: readonly Shape[]) =>
  items.reduce((sum, { cpus }) => sum + cpus, 0) <= capacity.cpus &&
  items.reduce((sum, { mem }) => sum + mem, 0) <= capacity.mem;

/** All sets of items that fit on an agent, as numbers whose bits are the items. */
function patternsOf(items: readonly Shape[]): number[] {
  const sets = Array.from({ length: 2 ** items.length - 1 }, (_, i) => i + 1);
  return sets.filter((set) => fits(items.filter((_, i) => set & (1 << i))));
}

/** Agents of the best packing, by trying each set with the first item that is left. */
function optimum(patterns: readonly number[], left: number): number {
  if (left === 0) return 0;
  const first = left & -left;
  const open = patterns.filter((set) => set & first && (set & left) === set);
  return 1 + Math.min(...open.map((set) => optimum(patterns, left & ~set)));
}

/** The linear program with all its columns written out. */
function relaxed(items: readonly Shape[], patterns: readonly number[]): number {
  const rows = items.map((_, i) => patterns.filter((set) => set & (1 << i)).map((set) => `x${set}`));
  const problem = `Minimize\n ${patterns.map((set) => `x${set}`).join(' + ')}\nSubject To\n${rows.map((row) => ` ${row.join(' + ')} >= 1`).join('\n')}\nEnd`;
  return solver.solve(problem, { output_flag: false }).ObjectiveValue;
}

describe('the bound of a packing', () => {
  it('is the optimum of the program with all columns, rounded up, and not above the best packing', () => {
    let aboveVolume = 0;
    for (const seed of seeds) {
      const items = draw(randomFrom(seed), 9);
      const patterns = patternsOf(items);
      const { agents, by, final } = configurationBound(items, capacity);
      const where = `seed ${seed}`;
      assert.equal(agents, Math.max(volumeBound(items, capacity), Math.ceil(relaxed(items, patterns) - 1e-4)), where);
      assert.ok(agents <= optimum(patterns, 2 ** items.length - 1), where);
      assert.ok(final, where);
      if (by === 'patterns') aboveVolume += 1;
    }
    assert.ok(aboveVolume > 0);
  });

  it('is proven by prices whose dearest pattern is known, or bounded when the search for it ends early', () => {
    for (const seed of seeds) {
      const random = randomFrom(seed);
      const kinds: Kind[] = draw(random, 8).map((shape) => ({ ...shape, count: 1 }));
      const prices = kinds.map(() => random());
      const worthOf = (set: number) => prices.reduce((sum, price, i) => sum + (set & (1 << i) ? price : 0), 0);
      const best = Math.max(...patternsOf(kinds).map(worthOf));
      const full = priceOut(kinds, prices, capacity, 0, 100_000);
      const found = full.patterns.at(-1)?.reduce((sum, count, i) => sum + count * (prices[i] as number), 0) ?? 0;
      assert.ok(Math.abs(full.worthMax - best) < 1e-6 && Math.abs(found - best) < 1e-6, `seed ${seed}`);
      for (const nodesMax of [1, 3, 10]) {
        const { worthMax } = priceOut(kinds, prices, capacity, 0, nodesMax);
        assert.ok(worthMax > best - 1e-6, `seed ${seed}, ${nodesMax} nodes`);
      }
    }
  });
});
