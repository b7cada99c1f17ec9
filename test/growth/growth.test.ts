import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { eventually } from '../consensus/group.js';
import { changesOf, growths, type Reading, type Rule, type Sample } from './growth.js';
import { ofKeepers, ofPrograms, ofSystem } from './rules.js';
import { processTree, usageOf } from './usage.js';
import { Watch } from './watch.js';

const megabyte = 1 << 20;
const minuteMs = 60_000;

/** Every five seconds. */
const sampled = (read: (atMs: number) => Reading, fromMs: number, untilMs: number): Sample[] =>
  Array.from({ length: (untilMs - fromMs) / 5000 }, (_, index) => fromMs + index * 5000).map((atMs) => ({
    atMs,
    reading: { memoryBytes: 100 * megabyte, descriptors: 20, threads: 3, ...read(atMs) },
  }));

/** What is told of what was there all the time. */
const told = (rule: Rule, overMs: number, read: (atMs: number) => Reading) =>
  growths('it', changesOf(sampled(read, 0, overMs), overMs, rule) ?? {}, rule);

for (const [what, rule, overMs] of [
  ['a program', ofPrograms, 10 * minuteMs],
  ['a system', ofSystem, 60 * minuteMs],
] as const)
  describe(`growth of ${what} over a soak`, () => {
    it('is none where use goes up and down', () => {
      assert.deepEqual(
        told(rule, overMs, (atMs) => ({
          memoryBytes: (100 + (atMs % 20_000) / 100) * megabyte,
          descriptors: 20 + ((atMs / 1000) % 9),
          threads: Math.abs(atMs / overMs - 0.95) < 0.02 ? 90 : 3,
        })),
        [],
      );
    });

    it('is none where it warms up', () => {
      const warmUpMs = rule.before[0] * overMs;
      assert.deepEqual(
        told(rule, overMs, (atMs) => ({
          threads: Math.min(40, atMs / 5000),
          memoryBytes: Math.min(warmUpMs, atMs) * 1000,
        })),
        [],
      );
    });

    it('is what goes up slowly under peaks', () => {
      const peaks = (atMs: number) => (atMs % 20_000) * 10_000;
      const names = (read: (atMs: number) => Reading) => told(rule, overMs, read).map((line) => line.split(' ')[1]);
      assert.deepEqual(
        names((atMs) => ({ memoryBytes: 50 * megabyte + 70 * atMs + peaks(atMs) })),
        ['memoryBytes'],
      );
      assert.deepEqual(
        names((atMs) => ({ descriptors: 20 + Math.floor(atMs / 30_000) })),
        ['descriptors'],
      );
      assert.deepEqual(
        names((atMs) => ({ threads: 3 + Math.floor(atMs / 60_000) })),
        ['threads'],
      );
    });

    it('is not said of what came late or went, nor after a short time', () => {
      const read = () => ({});
      assert.equal(changesOf(sampled(read, 0, overMs / 2), overMs, rule), null);
      assert.equal(changesOf(sampled(read, 0.8 * overMs, overMs), overMs, rule), null);
      const shortMs = rule.judgedFromMs - 5000;
      assert.equal(changesOf(sampled(read, 0, shortMs), shortMs, rule), null);
    });
  });

describe('growth', () => {
  it('of a program is a leak of 10 MB in 225 s, but no large value that it keeps for a while', () => {
    const sizes = [1, 4, 16, 64];
    const keeps = (atMs: number) => (atMs % 20_000 < 10_000 ? (sizes[Math.floor(atMs / 20_000) % 4] as number) : 0);
    const leaking = (bytes: number) => (atMs: number) => ({
      memoryBytes: (50 + keeps(atMs)) * megabyte + (bytes * atMs) / 225_000,
    });
    const whole = 10 * minuteMs;
    assert.deepEqual(told(ofPrograms, whole, leaking(0)), []);
    assert.match(told(ofPrograms, whole, leaking(10e6)).join(), /^it: memoryBytes has grown/);
  });

  it('of a system is one thread, and more descriptors than connections that rest', () => {
    const later = (now: Reading, then: Reading) =>
      told(ofSystem, 60 * minuteMs, (atMs) => (atMs > 30 * minuteMs ? then : now));
    assert.deepEqual(later({ threads: 20 }, { threads: 21 }), ['it: threads has grown from 20 to 21']);
    assert.deepEqual(later({ descriptors: 20 }, { descriptors: 28 }), []);
    assert.deepEqual(later({ descriptors: 20 }, { descriptors: 29 }), ['it: descriptors has grown from 20 to 29']);
  });

  it('is seen where only some readings of each window have it, and is not said of what one window lacks', () => {
    const some = (atMs: number, from: number) => atMs % 20_000 === 0 && atMs >= from;
    const read = (from: number) => (atMs: number) =>
      some(atMs, from) ? { liveBytes: 50 * megabyte + atMs } : ({} as Reading);
    const whole = 60 * minuteMs;
    const changes = (from: number) => changesOf(sampled(read(from), 0, whole), whole, ofSystem)?.liveBytes;
    assert.deepEqual(changes(0), { before: 50 * megabyte + 900_000, after: 50 * megabyte + 3_340_000 });
    assert.match(told(ofSystem, whole, read(0)).join(), /^it: liveBytes has grown/);
    assert.equal(changes(whole / 2), undefined);
  });

  it('of memory is none of programs that keep what they are told, that of descriptors is', () => {
    assert.deepEqual(
      told(ofKeepers, 10 * minuteMs, (atMs) => ({ memoryBytes: atMs * 1000, descriptors: Math.floor(atMs / 10_000) })),
      ['it: descriptors has grown from 30 to 52'],
    );
  });

  it('is watched until it is told to stop, each by itself', async () => {
    const rule: Rule = { judgedFromMs: 0, before: [0, 0.4], after: [0.6, 1], amounts: { a: 1 }, shares: {} };
    let looks = 0;
    const read = () =>
      new Map([
        ['grows', { a: looks++ }],
        ['rests', { a: 5 }],
      ]);
    const watch = new Watch(read, 1, rule);
    const watching = watch.run();
    await eventually('it looks too seldom', () => looks > 50);
    watch.stop();
    await watching;
    assert.deepEqual(watch.changes().rests, { a: { before: 5, after: 5 } });
    assert.equal(watch.grown().length, 1);
    assert.match(watch.grown()[0] as string, /^grows: a has grown from \d+ to \d+$/);
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
