import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  afterVerdict,
  areAlive,
  type CheckHealth,
  isAlive,
  isExhausted,
  unknownHealth,
  type Verdict,
  verdictOf,
} from '../../framework/scheduler/check-health.js';
import { answered } from './model/world.js';

const startedMs = 1_790_000_000_000;
const verdict = fc.constantFrom<Verdict['type']>('success', 'failure', 'none');
const steps = fc.array(fc.record({ type: verdict, afterSeconds: fc.integer({ min: 0, max: 30 }) }), { maxLength: 40 });
const limits = fc.record({
  gracePeriodSeconds: fc.integer({ min: 0, max: 120 }),
  maxConsecutiveFailures: fc.integer({ min: 0, max: 4 }),
});

interface Seen {
  type: Verdict['type'];
  seconds: number;
}

/** The machine over a history, beside the history itself. */
function run(check: { gracePeriodSeconds: number }, history: { type: Verdict['type']; afterSeconds: number }[]) {
  let health: CheckHealth = unknownHealth;
  let seconds = 0;
  const seen: Seen[] = [];
  for (const { type, afterSeconds } of history) {
    seconds += afterSeconds;
    seen.push({ type, seconds });
    const verdictNow: Verdict = type === 'failure' ? { type, cause: `at ${seconds} s` } : { type };
    health = afterVerdict(check, health, verdictNow, { startedMs, now: startedMs + seconds * 1000 });
  }
  return { health, seen };
}

/** What counts of a history: nothing before the first success within the grace period but successes. */
function counted({ gracePeriodSeconds }: { gracePeriodSeconds: number }, seen: Seen[]): Seen[] {
  const first = seen.findIndex(({ type }) => type === 'success');
  const isForgiven = ({ seconds }: Seen, index: number) => seconds < gracePeriodSeconds && (first < 0 || index < first);
  return seen.filter((one, index) => one.type === 'success' || (one.type === 'failure' && !isForgiven(one, index)));
}

describe('the health of a task (property)', () => {
  it('is what the last verdict that counts says, and failures are counted since the last success', () => {
    fc.assert(
      fc.property(limits, steps, (check, history) => {
        const { health, seen } = run(check, history);
        const counts = counted(check, seen);
        const last = counts.at(-1);
        assert.equal(isAlive(health), last === undefined ? null : last.type === 'success');
        const failures = counts.length - 1 - counts.findLastIndex(({ type }) => type === 'success');
        assert.equal(health.consecutiveFailures, failures);
        const { maxConsecutiveFailures: max } = check;
        assert.equal(isExhausted(check, health), max > 0 && failures >= max);
        assert.equal(
          health.lastFailureCause !== null,
          counts.some(({ type }) => type === 'failure'),
        );
      }),
    );
  });

  it('needs all checks to be healthy, and one to be unhealthy', () => {
    const of = (type: Verdict['type'] | null) =>
      type === null ? unknownHealth : run({ gracePeriodSeconds: 0 }, [{ type, afterSeconds: 1 }]).health;
    assert.equal(areAlive([]), null);
    assert.equal(areAlive([of('success'), of(null)]), null);
    assert.equal(areAlive([of('success'), of('success')]), true);
    assert.equal(areAlive([of(null), of('failure')]), false);
  });

  it('passes with the statuses 200 to 399', () => {
    const passes = (status: number, ignoreHttp1xx = false) => verdictOf({ ignoreHttp1xx }, answered(status)).type;
    assert.deepEqual(
      [200, 399].map((status) => passes(status)),
      ['success', 'success'],
    );
    assert.deepEqual(
      [101, 400, 503].map((status) => passes(status)),
      ['failure', 'failure', 'failure'],
    );
    assert.deepEqual(
      [101, 404].map((status) => passes(status, true)),
      ['none', 'failure'],
    );
  });
});
