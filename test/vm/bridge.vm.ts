/** A guest that is not replicated on a bridge of its host, in namespaces: it needs root, or user namespaces that are allowed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { patienceMs } from './machine.js';

const program = fileURLToPath(new URL('./bridged-guest.js', import.meta.url));

describe('executor: a guest on a bridge', function () {
  this.timeout(4 * patienceMs);

  it('is a host of its own there, without doors', () => {
    const output = execFileSync(process.execPath, [program], { encoding: 'utf8', timeout: 3 * patienceMs });
    assert.equal(output, 'answered 1\n');
  });
});
