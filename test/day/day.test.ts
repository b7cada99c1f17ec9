/** Short days: nobody waits too long, nothing grows, and what would grow is noticed. */
import assert from 'node:assert/strict';
import type { Sample } from '../growth/growth.js';
import { coreDay } from './core.js';
import { schedulerDay } from './scheduler.js';
import { cutsDay, shortDay } from './short.js';
import { type Day, judge, summary } from './verdict.js';

const megabyte = 2 ** 20;
const hourMs = 3_600_000;
const silent = () => undefined;
/**
 * Allocators have not come to rest after minutes, nor is somebody replaced in each of them. Windows of minutes may meet something
 * rare at the one end only, which is why short days have seeds of their own: the command tries others, over hours.
 */
const minutes = { residentBytes: 64 * megabyte, members: 1, membersKnown: 4, channels: 10 };
const warm = ({ breathes, ...day }: Day, liveBytes: number): Day => ({
  ...day,
  breathes: { ...breathes, ...minutes, liveBytes },
});
const schedulerBears = 2 * megabyte;
/** A log grows by 2 MiB until the next snapshot, and by more while a member is behind. */
const groupBears = 4 * megabyte;

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
    it(`of a group of ${members} with durability ${durability} (seed ${shortDay.seed})`, async function () {
      this.timeout(120_000);
      // Members on disks have their logs twice, and come back with all of them.
      const bears = durability === 'disk' ? 32 * megabyte : groupBears;
      const verdict = judge(warm(await coreDay({ ...shortDay, durability, members }, silent), bears));
      assert.deepEqual(verdict.faults, [], JSON.stringify(verdict));
    });

  for (const [mutant, seed, growing] of [
    ['strangersKept', 1, ['membersKnown']],
    ['logsKept', 4, ['liveBytes', 'logEntries', 'entriesChecked']],
  ] as const)
    it(`notices with ${mutant} that there is more (seed ${seed})`, async function () {
      this.timeout(120_000);
      const day = await coreDay({ ...shortDay, durability: 'memory', mutant, seed }, silent);
      const { faults } = judge(warm(day, groupBears));
      const grown = faults.map((fault) => /^the day: (\w+) has grown/.exec(fault)?.[1] ?? fault);
      assert.deepEqual(grown.sort(), [...growing].sort(), faults.join('; '));
    });

  it('with cuts of one direction and of both: each leaves the group live', async function () {
    this.timeout(120_000);
    assert.deepEqual((await coreDay(cutsDay, silent)).faults, []);
  });

  it('notices a member that claims although no majority answers it', async function () {
    this.timeout(120_000);
    const { faults } = await coreDay({ ...cutsDay, mutant: 'unheardClaims' }, silent);
    assert.match(faults[0] ?? '', /^clients: one waits 5\d\d\d ms/);
  });

  it('of the scheduler (seed 1)', async function () {
    this.timeout(120_000);
    const day = await schedulerDay({ minutes: 360, roundsBefore: 60, hourly: false, seed: 1 }, silent);
    const verdict = judge(warm(day, schedulerBears));
    assert.deepEqual(verdict.faults, [], JSON.stringify(verdict));
  });
});
