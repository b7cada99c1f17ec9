import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { eventually } from '../consensus/group.js';
import { excess, growthOf, type Sample } from './growth.js';
import { processTree, usageOf } from './usage.js';
import { judgeGrowth } from './watch.js';

const megabyte = 1 << 20;
const overMs = 600_000;

/** Each second, with `use` of what `constant` says. */
function sampled(use: (atMs: number) => Partial<Sample>, untilMs = overMs): Sample[] {
  const constant = { memoryBytes: 100 * megabyte, descriptors: 20, threads: 3 };
  return Array.from({ length: untilMs / 1000 }, (_, i) => ({ ...constant, ...use(i * 1000), atMs: i * 1000 }));
}

const grown = (use: (atMs: number) => Partial<Sample>) => {
  const growth = growthOf(sampled(use), overMs);
  assert.ok(growth);
  return excess(growth);
};

describe('growth over a soak', () => {
  it('is none where use goes up and down', () => {
    assert.deepEqual(
      grown((atMs) => ({
        memoryBytes: (100 + (atMs % 20_000) / 100) * megabyte,
        descriptors: 20 + ((atMs / 1000) % 9),
      })),
      [],
    );
  });

  it('is none where a program warms up', () => {
    assert.deepEqual(
      grown((atMs) => ({ threads: Math.min(40, atMs / 5000), memoryBytes: Math.min(overMs / 4, atMs) * 1000 })),
      [],
    );
  });

  it('is what goes up slowly under peaks', () => {
    const peaks = (atMs: number) => (atMs % 20_000) * 10_000;
    assert.deepEqual(
      grown((atMs) => ({ memoryBytes: 50 * megabyte + 70 * atMs + peaks(atMs) })),
      ['memoryBytes'],
    );
    assert.deepEqual(
      grown((atMs) => ({ descriptors: 20 + Math.floor(atMs / 30_000) })),
      ['descriptors'],
    );
    assert.deepEqual(
      grown((atMs) => ({ threads: 3 + Math.floor(atMs / 60_000) })),
      ['threads'],
    );
  });

  it('is not said of processes that came late or went, nor of short soaks', () => {
    assert.equal(
      growthOf(
        sampled(() => ({}), 200_000),
        overMs,
      ),
      null,
    );
    assert.equal(
      growthOf(
        sampled(() => ({}), 60_000),
        60_000,
      ),
      null,
    );
  });

  it('fails a soak with the process and the figures, except memory that is said to grow', () => {
    const before = { memoryBytes: megabyte, descriptors: 20, threads: 3 };
    const growths = { 'member 1: x': { before, after: { ...before, memoryBytes: 100 * megabyte } } };
    assert.throws(() => judgeGrowth(growths, false), /member 1: x has grown: memoryBytes from 1048576 to 104857600/);
    judgeGrowth(growths, true);
    growths['member 1: x'].after.descriptors = 90;
    assert.throws(() => judgeGrowth(growths, true), /descriptors from 20 to 90/);
  });

  it('is seen of a process and those that it has started', async () => {
    const shell = spawn('/bin/sh', ['-c', 'sleep 60 & read line; kill $!'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const pid = shell.pid as number;
    await eventually('no child', () => [...processTree(pid).values()].includes('sleep'));
    assert.equal(processTree(pid).size, 2);
    const own = usageOf(process.pid);
    assert.ok(own && own.memoryBytes > megabyte && own.descriptors > 3 && own.threads > 1, JSON.stringify(own));
    const ended = new Promise((resolve) => shell.once('close', resolve));
    shell.stdin.end('\n');
    await ended;
    assert.equal(usageOf(pid), null);
    assert.equal(processTree(pid).size, 0);
  });
});
