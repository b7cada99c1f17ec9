/** Short days: nobody waits too long, nothing grows, and what would grow is noticed. */
import assert from 'node:assert/strict';
import type { Sample } from '../growth/growth.js';
import { coreDay } from './core.js';
import { schedulerDay } from './scheduler.js';
import { shortDay } from './short.js';
import { type Day, judge, summary } from './verdict.js';

const megabyte = 2 ** 20;
const hourMs = 3_600_000;
const silent = () => undefined;
/** Windows of minutes may meet something rare at the one end only: the command tries other seeds, over hours. */
const seed = 1;

/** Allocators have not come to rest after minutes, nor is somebody replaced in each of them. */
const minutes = { liveBytes: 2 * megabyte, residentBytes: 64 * megabyte, members: 1, membersKnown: 4, channels: 10 };
const warm = ({ breathes, ...day }: Day): Day => ({ ...day, breathes: { ...breathes, ...minutes } });

/** A day of 24 hours that has so much at each of its minutes. */
const dayOf = (read: (minute: number) => Record<string, number>): Day => {
  const samples: Sample[] = Array.from({ length: 1440 }, (_, index) => ({
    atMs: (index + 1) * 60_000,
    reading: { liveBytes: 50 * megabyte, sessions: 3, ...read(index + 1) },
  }));
  return { overMs: 24 * hourMs, samples, breathes: { log: 1000 }, faults: [], facts: {} };
};
const faultsOf = (read: (minute: number) => Record<string, number>) => judge(dayOf(read)).faults;

describe('the verdict on a day', () => {
  it('bears what warms up in the first hour, goes up and down, or is there for a while', () => {
    assert.deepEqual(
      faultsOf((minute) => ({
        liveBytes: (50 + (minute % 7) - Math.max(0, 40 - minute)) * megabyte,
        sessions: minute % 5 === 0 ? 3 : 9,
        log: (minute % 10) * 500,
      })),
      [],
    );
  });

  it('notices a leak of one byte in two thousand an hour, and one session', () => {
    const grown = faultsOf((minute) => ({
      liveBytes: 50 * megabyte * (1 + (minute / 60) * 0.0005) + (minute % 7) * megabyte,
      sessions: minute < 700 ? 3 : 4,
    }));
    assert.match(grown[0] as string, /^the day: liveBytes has grown from \d+/);
    assert.equal(grown[1], 'the day: sessions has grown from 3 to 4');
    assert.equal(grown.length, 2);
  });

  it('notices a log that is never shortened enough', () => {
    assert.match(
      faultsOf((minute) => ({ log: minute * 2 + (minute % 10) * 500 }))[0] as string,
      /^the day: log has grown/,
    );
  });

  it('is not said of a day without readings, nor of one with a broken promise', () => {
    const day = { ...dayOf(() => ({})), samples: [] };
    assert.deepEqual(judge(day).faults, ['it was not read in its second hour and its last one']);
    assert.deepEqual(judge({ ...day, faults: ['loss'] }).faults, ['loss']);
    assert.match(
      summary('24 hours', judge({ ...day, faults: ['loss'] })),
      /^24 hours: nothing was compared; 1 faults$/,
    );
  });
});

describe('a short day', () => {
  for (const [durability, members] of [
    ['memory', 3],
    ['disk', 5],
  ] as const)
    it(`of a group of ${members} with durability ${durability} (seed ${seed})`, async function () {
      this.timeout(120_000);
      const day = warm(await coreDay({ ...shortDay, durability, members, seed }, silent));
      // Members on disks have their logs twice, and come back with all of them.
      const bears = durability === 'disk' ? { liveBytes: 32 * megabyte } : {};
      const verdict = judge({ ...day, breathes: { ...day.breathes, ...bears } });
      assert.deepEqual(verdict.faults, [], JSON.stringify(verdict));
    });

  for (const [mutant, growing] of [
    ['strangersKept', ['membersKnown']],
    ['logsKept', ['liveBytes', 'logEntries', 'entriesChecked']],
  ] as const)
    it(`notices with ${mutant} that there is more (seed ${seed})`, async function () {
      this.timeout(120_000);
      const { faults } = judge(warm(await coreDay({ ...shortDay, durability: 'memory', mutant, seed }, silent)));
      const grown = faults.map((fault) => /^the day: (\w+) has grown/.exec(fault)?.[1] ?? fault);
      assert.deepEqual(grown.sort(), [...growing].sort(), faults.join('; '));
    });

  it(`of the scheduler (seed ${seed})`, async function () {
    this.timeout(120_000);
    const verdict = judge(warm(await schedulerDay({ minutes: 360, roundsBefore: 60, hourly: false, seed }, silent)));
    assert.deepEqual(verdict.faults, [], JSON.stringify(verdict));
  });
});
