import assert from 'node:assert/strict';
import { Possible } from './possible.js';

const [first, second, third] = ['1', '2', '3'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];

describe('the values that a name may have', () => {
  it('are unknown until one is acknowledged, then that one and what was sent since', () => {
    const possible = new Possible();
    possible.sent('a', first);
    assert.deepEqual(possible.of('a'), []);
    possible.acknowledged('a', first);
    possible.sent('a', second);
    possible.sent('a', third);
    assert.deepEqual(possible.of('a'), [first, second, third]);
    possible.acknowledged('a', third);
    assert.deepEqual(possible.of('a'), [third]);
    assert.deepEqual(possible.of('b'), []);
  });
});
