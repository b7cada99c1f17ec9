import assert from 'node:assert/strict';
import { hasSecret } from './secret-search.js';

const key = '0123456789abcdef'.repeat(4);

describe('a search for secrets', () => {
  for (const around of ['', 'a', 'ab', 'abc'])
    it(`finds them in Base64 behind ${around.length} bytes`, () => {
      for (const secret of ['pass-word', 'pass-words', 'pass-worded'])
        assert.ok(hasSecret(Buffer.from(btoa(`${around}${secret}~${around}`)), secret), secret);
    });

  it('finds keys as hexadecimal digits, as bytes and as characters of two bytes', () => {
    for (const form of ['latin1', 'hex', 'utf16le'] as const)
      assert.ok(hasSecret(Buffer.concat([Buffer.from('before'), Buffer.from(key, form)]), key), form);
  });

  it('finds none where there is none', () => {
    const other = 'f123456789abcdef'.repeat(4);
    for (const bytes of [Buffer.from(other), Buffer.from(other, 'hex'), Buffer.from(btoa(other))])
      assert.ok(!hasSecret(bytes, key));
  });
});
