import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createSandbox } from '../../../framework/mesos-local/agent/sandbox.js';

describe('a sandbox of the embedded agent', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-sandbox-'));
    chmodSync(directory, 0o755);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('is closed to others, and an account that is not the agent comes to it', () => {
    const sandbox = join(directory, 'slaves/S0/executors/e/runs/1');
    createSandbox(sandbox, null);
    assert.equal(statSync(sandbox).mode & 0o777, 0o750);
    for (let above = dirname(sandbox); above !== directory; above = dirname(above))
      assert.equal(statSync(above).mode & 0o055, 0o055, above);
  });
});
