import assert from 'node:assert/strict';
import { type Nemesis, nemeses, nemesisNames } from './nemeses.js';
import { readChaosOptions } from './options.js';
import { readSchedule, scheduleOf } from './schedule.js';

const noFile = (): string => assert.fail('no file is to be read');

describe('the schedule of a chaos run', () => {
  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(scheduleOf(7, 120, nemesisNames), scheduleOf(7, 120, nemesisNames));
    assert.notDeepEqual(scheduleOf(7, 120, nemesisNames).strikes, scheduleOf(8, 120, nemesisNames).strikes);
  });

  it('is the same when it is read again', () => {
    const schedule = scheduleOf(7, 60, nemesisNames);
    assert.deepEqual(readSchedule(JSON.stringify(schedule)), schedule);
    const { schedule: read } = readChaosOptions(['--schedule', 'f'], () => JSON.stringify(schedule));
    assert.deepEqual(read, schedule);
  });

  it('has every nemesis before it has one again, in its bounds and within the time', () => {
    for (const seed of [1, 2, 3]) {
      const { strikes } = scheduleOf(seed, 600, nemesisNames);
      const first = strikes.slice(0, nemesisNames.length).map(({ nemesis }) => nemesis);
      assert.deepEqual([...first].sort(), [...nemesisNames].sort());
      for (const { nemesis, lastsMs, atMs } of strikes) {
        const [min, max] = (nemeses[nemesis] as Nemesis).lastsMs;
        assert.ok(lastsMs >= min && lastsMs <= max && atMs < 600_000, `${nemesis} for ${lastsMs} ms at ${atMs}`);
      }
      assert.ok(strikes.every(({ atMs }, index) => atMs > (strikes[index - 1]?.atMs ?? 0)));
    }
  });

  it('refuses what it cannot carry out, by name', () => {
    const [strike] = scheduleOf(7, 60, ['kill-server']).strikes;
    const refuses = (given: object, told: RegExp) => assert.throws(() => readSchedule(JSON.stringify(given)), told);
    refuses({ seed: 1, seconds: 60 }, /"strikes" is missing/);
    refuses({ seed: -1, seconds: 60, strikes: [] }, /"seed" is -1; it must be/);
    refuses(
      { seed: 1, seconds: 60, strikes: [{ ...strike, nemesis: 'rain' }] },
      /strikes\[0\].nemesis is "rain"; .*kill-server/,
    );
    refuses({ seed: 1, seconds: 60, strikes: [{ ...strike, atMs: 0.5 }] }, /strikes\[0\].atMs" is 0.5/);
    assert.throws(() => readChaosOptions(['--nemesis', 'kill-server,rain'], noFile), /"rain"; there are kill-server/);
    assert.throws(() => readChaosOptions(['--seconds', 'many'], noFile), /--seconds many: use a whole number/);
    assert.throws(() => readChaosOptions(['--calls', '0'], noFile), /--calls 0: use a whole number from 1 to/);
  });

  it('is for machines of its own, if no master is named', () => {
    assert.equal(readChaosOptions([], noFile).master, null);
    assert.equal(readChaosOptions(['--master', 'http://m:5050/'], noFile).master, 'http://m:5050');
    assert.throws(
      () => readChaosOptions(['--master', 'm:5050'], noFile),
      /--master is "m:5050"; give the URL of the leading/,
    );
  });

  it('takes the nemeses that are named', () => {
    const { schedule } = readChaosOptions(['--nemesis', 'pause-agent,kill-server', '--seed', '3'], noFile);
    assert.deepEqual([...new Set(schedule.strikes.map(({ nemesis }) => nemesis))].sort(), [
      'kill-server',
      'pause-agent',
    ]);
    assert.equal(schedule.seed, 3);
  });
});
