import assert from 'node:assert/strict';
import { compare, type Repetitions } from './figures.js';
import type { Sample } from './measured.js';
import { processors } from './network.js';

const sample = (answersPerSecond: number, bytesPerAnswer: number, rounds: Sample['rounds'] = []): Sample => ({
  ...{ answersPerSecond, bytesPerAnswer, rounds, p50Us: 1, p99Us: 2 },
  usPerAnswer: { guest: 1e6 / answersPerSecond, restOfQemu: 3, loop: 2, consensus: 1 },
});
const over = (link: 'limited' | 'unlimited', one: Sample) => ({ [link]: { redis: one, memcached: sample(1, 1) } });
const rounds = [
  { dirtyPages: 300, sentPages: 30, pauseUs: 2000 },
  { dirtyPages: 100, sentPages: 10, pauseUs: 8000 },
];

describe('figures of replicated guests', () => {
  const all: Repetitions = {
    bare: [100, 120, 300].map((speed) => over('unlimited', sample(speed, 0))),
    colo: [],
    fullPages: [over('limited', sample(20, 4000)), over('unlimited', sample(90, 4400))],
    gaia: [over('limited', sample(60, 400, rounds)), over('unlimited', sample(90, 500))],
  };

  it('compares medians; the bare guest has no link', () => {
    const { throughputVsBare, throughputVsFullPages, bytesReductionVsFullPages } = compare(all, 'limited', 'redis');
    assert.deepEqual([throughputVsBare, throughputVsFullPages, bytesReductionVsFullPages], [0.5, 3, 10]);
    assert.equal(compare(all, 'unlimited', 'redis').bytesReductionVsFullPages, 8.8);
  });

  it('takes the mean of two', () => {
    const two = { ...all, gaia: [40, 80].map((speed) => over('unlimited', sample(speed, 1))) };
    assert.equal(compare(two, 'unlimited', 'redis').throughputVsBare, 0.5);
  });

  it('has no figure where no repetition ended', () => {
    const { throughputVsColo, arrangements } = compare(all, 'limited', 'redis');
    assert.equal(throughputVsColo, null);
    assert.deepEqual(arrangements.colo, { answersPerSecond: null, bytesPerAnswer: null, repetitions: 0 });
    assert.equal(compare(all, 'unlimited', 'redis').pauseP50Ms, null, 'there were no rounds');
  });

  it("says what an answer takes of the primary's processor, by what it is taken for", () => {
    const { bare } = compare(all, 'unlimited', 'redis').arrangements;
    const parts = { all: 8339, guest: 8333, restOfQemu: 3, loop: 2, consensus: 1 };
    assert.deepEqual(bare?.primaryUsPerAnswer, parts);
  });

  it('counts pages over all rounds, and says how far repetitions lie apart', () => {
    const { pauseP50Ms, pauseP99Ms, equalPagesPercent, arrangements } = compare(all, 'limited', 'redis');
    assert.deepEqual([pauseP50Ms, pauseP99Ms, equalPagesPercent], [8, 8, 90]);
    assert.deepEqual(arrangements.bare?.answersPerSecond, { median: 120, min: 100, max: 300 });
  });
});

describe('processors of a benchmark', () => {
  it('are as many for the primary as for the backup, and clients take none of the primary', () => {
    const shares = (count: number) => (['primary', 'backup', 'witness'] as const).map((one) => processors(one, count));
    assert.deepEqual(shares(1), ['0', '0', '0']);
    assert.deepEqual(shares(2), ['0', '1', '1']);
    assert.deepEqual(shares(3), ['0-0', '1-1', '2-2']);
    assert.deepEqual(shares(8), ['0-1', '2-3', '4-7']);
  });
});
