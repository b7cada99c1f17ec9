import assert from 'node:assert/strict';
import { wholeNumber } from './whole-number.js';

describe('whole numbers of commands', () => {
  const read = (given: string) =>
    wholeNumber('count', given, [0, 20], (problem) => {
      throw new Error(problem);
    });

  it('are digits, within their bounds', () => {
    assert.deepEqual(['0', '7', '20'].map(read), [0, 7, 20]);
    for (const given of ['', ' ', '-1', '21', '1.5', '1e1', '0x2', 'many'])
      assert.throws(() => read(given), new Error(`--count ${given}: use a whole number from 0 to 20.`));
  });
});
