import assert from 'node:assert/strict';
import { changesOf, growths, type Reading, type Sample } from './flat.js';

const minuteMs = 60_000;
const overMs = 60 * minuteMs;
const megabyte = 2 ** 20;

/** Every five seconds. */
const sampled = (read: (atMs: number) => Reading, fromMs = 0, untilMs = overMs): Sample[] =>
  Array.from({ length: (untilMs - fromMs) / 5000 }, (_, index) => fromMs + index * 5000).map((atMs) => ({
    atMs,
    reading: read(atMs),
  }));

const told = (read: (atMs: number) => Reading) => growths('it', changesOf(sampled(read), overMs) ?? {});

describe('a soak', () => {
  it('finds nothing grown that goes up and down, or only warms up', () => {
    assert.deepEqual(
      told((atMs) => ({ memoryBytes: (80 + (atMs % 15_000) / 1000) * megabyte, descriptors: 20 + (atMs % 3) })),
      [],
    );
    assert.deepEqual(
      told((atMs) => ({ memoryBytes: Math.min(atMs, overMs / 4) * 50 })),
      [],
    );
  });

  it('finds what grows by more than a hundredth, be it by one descriptor', () => {
    assert.deepEqual(
      told((atMs) => ({ memoryBytes: 100 * megabyte + atMs })),
      [
        'it: memoryBytes has grown from 105890000 to 108320000'
          .replace('105890000', String(100 * megabyte + 1035000))
          .replace('108320000', String(100 * megabyte + 3465000)),
      ],
    );
    assert.deepEqual(
      told((atMs) => ({ descriptors: atMs > overMs / 2 ? 21 : 20, threads: 4 })),
      ['it: descriptors has grown from 20 to 21'],
    );
  });

  it('says nothing of what came late or went, nor after a short time', () => {
    const read = () => ({ threads: 1 });
    assert.equal(changesOf(sampled(read, 0, 50 * minuteMs), overMs), null);
    assert.equal(changesOf(sampled(read, 30 * minuteMs), overMs), null);
    assert.equal(changesOf(sampled(read, 0, 10 * minuteMs), 10 * minuteMs), null);
  });
});
