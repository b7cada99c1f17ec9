import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { perAnswer, processorTime } from './processor-time.js';

/** Stands in for QEMU: a thread with a virtual processor's name that works, in a process whose first thread rests. */
const script = `
  const { Worker } = require('node:worker_threads');
  const thread = new Worker(\`
    const { parentPort } = require('node:worker_threads');
    require('node:fs').writeFileSync('/proc/thread-self/comm', 'CPU 0/TCG');
    parentPort.postMessage('named');
    parentPort.on('message', () => {
      const endMs = Date.now() + 300;
      while (Date.now() < endMs);
      parentPort.postMessage('worked');
    });\`, { eval: true });
  thread.on('message', (said) => console.log(said));
  process.stdin.once('data', () => thread.postMessage('go'));`;

describe('processor time of a benchmark of guests', () => {
  let qemu: ChildProcess;
  beforeEach(() => {
    qemu = spawn(process.execPath, ['-e', script]);
  });
  afterEach(async () => {
    const ended = once(qemu, 'exit');
    qemu.kill('SIGKILL');
    await ended;
  });

  it("tells the guest's processors from the rest of QEMU, and what runs beside from both", async () => {
    const pid = qemu.pid as number;
    const says = async () => String((await once(qemu.stdout as NodeJS.ReadableStream, 'data'))[0]).trim();
    assert.equal(await says(), 'named');
    const look = () => processorTime({ qemu: pid, beside: process.pid });
    const before = look();
    qemu.stdin?.write('go\n');
    assert.equal(await says(), 'worked');
    const took = perAnswer(before, look(), 10);
    assert.ok(took.guest > 1_000 && took.guest < 60_000, JSON.stringify(took));
    assert.ok(took.restOfQemu < took.guest, JSON.stringify(took));
    const { loop, consensus } = processorTime({ qemu: pid, beside: process.pid });
    assert.ok(loop > 0 && consensus > 0);
    const alone = processorTime({ qemu: pid, beside: null });
    assert.deepEqual([alone.loop, alone.consensus], [0, 0]);
  });
});
