/** Some seconds of what `npm run soak` does for an hour, with hardly any load: others measure beside it. */
import assert from 'node:assert/strict';
import { kinds } from './census.js';
import { soak } from './soak.js';

describe('a short soak', function () {
  this.timeout(300_000);

  it('serves, changes apps, sees all kinds of processes and finds no fault', async () => {
    const verdict = await soak({ minutes: 0.15, loadPercent: 5, seed: 1, measuredMs: 500 }, () => {});
    assert.deepEqual(verdict.faults, []);
    const { answers, gatewayAnswers, rounds, peakMiB } = verdict;
    assert.ok(answers > 0 && gatewayAnswers > 0 && rounds > 0, JSON.stringify(verdict));
    assert.deepEqual(Object.keys(peakMiB).sort(), [...kinds].sort());
  });
});
