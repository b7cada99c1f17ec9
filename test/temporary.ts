/** A folder for a run's temporary files, so that what its tests leave behind shows. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Counts } from './mocha.js';

/** From here on temporary files of this process and its children lie in a folder of their own, which the returned function
 *  removes; what is left there counts as failed, and nothing as passed: a run without tests is a failure still. */
export function ownTemporaryFolder(): () => Counts {
  const folder = mkdtempSync(join(tmpdir(), 'gaia-test-'));
  process.env.TMPDIR = folder;
  return () => {
    const left = readdirSync(folder).filter((name) => !isEmptyRegister(join(folder, name)));
    rmSync(folder, { recursive: true });
    const failures = left.map((name) => `a test left ${name} behind in its folder for temporary files`);
    return { passed: 0, failed: left.length, skipped: 0, failures };
  };
}

/** Of ports claimed by local clusters: it stays, the claims in it do not. */
function isEmptyRegister(place: string): boolean {
  return basename(place).startsWith('mesos-local-ports-') && readdirSync(place).length === 0;
}
