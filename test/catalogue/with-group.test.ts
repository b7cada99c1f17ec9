import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as later } from 'node:timers/promises';
import { eventually } from '../consensus/group.js';
import { repository } from '../consensus/interpose/group.js';
import { processesIn } from '../executor/with-executor.js';
import { allEnd, thenStop } from './with-group.js';

const fails = async (message: string) => {
  throw new Error(message);
};

describe('the end of a run of the catalogue', () => {
  it('is told by what failed first, not by the group that does not stop', async () => {
    const unstoppable = { stop: () => fails('does not stop') };
    await assert.rejects(
      thenStop(() => fails('went wrong'), unstoppable),
      /went wrong/,
    );
    await assert.rejects(
      thenStop(async () => 1, unstoppable),
      /does not stop/,
    );
    assert.equal(await thenStop(async () => 1, { stop: async () => {} }), 1);
  });

  it('waits for those that go on when one has failed', async () => {
    let goesOn = true;
    let ended = false;
    const other = async () => {
      while (goesOn) await later();
      ended = true;
    };
    await assert.rejects(
      allEnd([other(), fails('went wrong')], () => {
        goesOn = false;
      }),
      /went wrong/,
    );
    assert.ok(ended);
  });

  it('is that of its replicas when it is told to end', async () => {
    const scratch = mkdtempSync(path.join(tmpdir(), 'gaia-told-'));
    const file = path.join(repository, 'dist/test/catalogue/main.js');
    const run = spawn(process.execPath, [file, '--soak', '60', 'redis-server'], {
      env: { ...process.env, TMPDIR: scratch },
      stdio: 'ignore',
    });
    try {
      await eventually('no replicas', () => processesIn(scratch).length >= 3, 30_000);
      run.kill('SIGTERM');
      assert.deepEqual(await once(run, 'exit'), [1, null]);
      await eventually('replicas are left', () => processesIn(scratch).length === 0);
      assert.deepEqual(readdirSync(scratch), []);
    } finally {
      for (const pid of processesIn(scratch)) process.kill(pid, 'SIGKILL');
      run.kill('SIGKILL');
      rmSync(scratch, { recursive: true, force: true });
    }
  }).timeout(60_000);
});
