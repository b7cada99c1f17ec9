import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endTracer } from './tracer.js';

/** Runs this, and has said that it does. */
async function tracer(script: string) {
  const child = spawn(process.execPath, ['-e', `${script}; console.log("runs"); setInterval(() => {}, 1000)`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  return child;
}

describe('the end of a tracer', () => {
  it('is waited for, and brought about where the tracer waits for ever', async () => {
    const stuck = await tracer('process.on("SIGTERM", () => {})');
    await endTracer(stuck, 50);
    assert.equal(stuck.signalCode, 'SIGKILL');
    await endTracer(stuck, 50);
  });

  it('is left to the tracer as long as there is patience', async () => {
    const orderly = await tracer('process.on("SIGTERM", () => process.exit(7))');
    await endTracer(orderly, 60_000);
    assert.equal(orderly.exitCode, 7);
  });
});
