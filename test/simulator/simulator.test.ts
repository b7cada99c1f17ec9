/** Lives of groups over the real core (gaia-simulator): no promise is broken, they are worth living, and they replay. */
import assert from 'node:assert/strict';
import { median, type Summary, simulate, sum } from './simulate.js';

const seed = process.env.GAIA_SEED ?? '1';
const lives = 10_000;

async function kept(...args: string[]): Promise<Summary> {
  const run = await simulate(args, 600);
  assert.equal(run.status, 0, run.text);
  assert.ok(run.summary);
  return run.summary;
}

describe('simulated lives', () => {
  it('a member that knows old members only finds the snapshot that a new one has (seed 20263233)', async function () {
    this.timeout(60_000);
    await kept('--seeds', '1', '--seed', '20263233');
  });

  it('a joiner whose channel opens when it has just been forgotten joins (seed 91484780)', async function () {
    this.timeout(60_000);
    await kept('--seeds', '1', '--seed', '91484780');
  });

  it('four of six elect a leader although answers are late as often as not (seed 717596)', async function () {
    this.timeout(60_000);
    await kept('--seeds', '1', '--seed', '717596');
  });

  it(`${lives} lives of 3 to 9 members keep every promise (seeds from ${seed} on)`, async function () {
    this.timeout(600_000);
    const summary = await kept('--seeds', String(lives), '--jobs', '2', '--seed', seed);
    console.log(`      ${summary.lives} lives, ${summary.seconds.toFixed(0)} s`);
    assert.equal(summary.lives, lives);
    const atLeast: [name: string, count: number][] = [
      ['acknowledged', 100],
      ['leaders', 4],
      ['crashes', 1],
      ['pauses', 1],
      ['partitions', 1],
      ['broken channels', 1],
      ['joined', 2],
      ['laps of a ring', 2],
      ['torn operations', 10],
      ['late operations', 1],
    ];
    for (const [name, count] of atLeast) {
      assert.ok(median(summary, name) >= count, `the median life has only ${median(summary, name)} ${name}`);
    }
    const altogether: [name: string, count: number][] = [
      ['lives with disks', 2500],
      ['restarts', 30_000],
      ['group power losses', 4000],
      ['full disks', 700],
      ['failed syncs', 150],
      ['lives with snapshots', 2500],
      ['those with disks, too', 900],
      ['snapshots restored', 4000],
      ['entries dropped', 2_000_000],
    ];
    for (const [name, count] of altogether) {
      assert.ok(sum(summary, name) >= count, `all lives have only ${sum(summary, name)} ${name}`);
    }
  });

  it('equal seeds live equal lives, however many at a time', async function () {
    this.timeout(60_000);
    const alone = await kept('--seeds', '40', '--jobs', '1', '--seed', seed);
    const together = await kept('--seeds', '40', '--jobs', '4', '--seed', seed);
    assert.equal(alone.digest, together.digest);
    assert.deepEqual(alone.events, together.events);
    const others = await kept('--seeds', '40', '--jobs', '2', '--seed', String(Number(seed) + 1));
    assert.notEqual(alone.digest, others.digest);
  });

  it('groups of nine, each life with nine founders', async function () {
    this.timeout(120_000);
    await kept('--seeds', '100', '--jobs', '2', '--seed', seed, '--members', '9');
  });

  // One mutant per kind of check; all of them: npm run sim:mutants.
  const quick: [mutant: string, checks: string[]][] = [
    ['appliedIgnored', ['agreement', 'loss', 'primary order']],
    ['recycledWhenCommitted', ['G1', 'disk']],
    ['anyLocalApplied', ['agreement']],
    ['sharedRing', ['liveness', 'one leader per ballot']],
    ['unkeptCounts', ['D1']],
    ['piecesMixed', ['snapshot']],
    ['ackSkipped', ['D1']],
    ['replyBeforeCommit', ['D1']],
    ['appliedTwice', ['state']],
  ];
  for (const [mutant, checks] of quick) {
    it(`notice ${mutant}, and the failing life replays`, async function () {
      this.timeout(120_000);
      const run = await simulate(['--mutant', mutant, '--seeds', '1000', '--jobs', '2'], 100);
      assert.equal(run.status, 1, run.text);
      assert.ok(checks.includes(String(run.summary?.check)), `noticed by ${run.summary?.check}`);
      const failed = String(run.summary?.failedSeed);
      const again = await simulate(['--mutant', mutant, '--seeds', '1', '--seed', failed], 100);
      assert.equal(again.summary?.check, run.summary?.check);
      const stated = /^seed \d+, after .*$/m;
      assert.equal(stated.exec(again.text)?.[0], stated.exec(run.text)?.[0]);
    });
  }
});
