/** Files of specs that somebody else has written. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT, Failure } from '../../../framework/cli/failure.js';
import { readSpecs } from '../../../framework/cli/spec-file.js';

describe('files of specs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gaia-specs-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  function specsIn(text: string | Uint8Array): unknown[] {
    const file = join(directory, 'spec');
    writeFileSync(file, text);
    return readSpecs(file);
  }

  const isRefused = (error: unknown) => error instanceof Failure && error.exitCode === EXIT.usage;

  it('refuse aliases that stand for more than there is memory, and those of nothing', () => {
    const lists = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
    assert.throws(() => specsIn(`a0: &a0 [x]\n${lists.join('\n')}`), isRefused);
    assert.throws(() => specsIn('id: *none'), isRefused);
  });

  it('give nobody a prototype, in JSON, YAML and merges', () => {
    for (const text of [
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
      '__proto__:\n  polluted: true\nconstructor: {prototype: {polluted: true}}',
      'a: &a {__proto__: {polluted: true}}\nb: {<<: *a}',
    ]) {
      const [spec] = specsIn(text);
      assert.equal(({} as { polluted?: boolean }).polluted, undefined, text);
      assert.equal(Object.getPrototypeOf(spec), Object.prototype, text);
    }
  });
});
