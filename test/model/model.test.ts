/** The models with bounds small enough for every run of the tests; `npm run model` checks all. */
import assert from 'node:assert/strict';
import { runs } from './catalogue.js';
import { check, complaint, nameOf, verdictOf } from './spin.js';

describe('models of the protocol', function () {
  this.timeout(180_000);
  for (const run of runs.filter(({ quick }) => quick)) {
    it(`${nameOf(run)} ${run.breaks === null ? 'holds' : `breaks ${run.breaks.join(' or ')}`}`, () => {
      const verdict = check(run);
      assert.equal(complaint(run, verdict), null, verdict.output);
    });
  }

  it('a search that was cut short is no proof', () => {
    const cut =
      'pan: reached -DMEMLIM bound\nWarning: Search not completed\nState-vector 64 byte, depth reached 25, errors: 0';
    assert.equal(verdictOf(cut, null).exhaustive, false);
    assert.equal(verdictOf('', null).exhaustive, false);
  });
});
