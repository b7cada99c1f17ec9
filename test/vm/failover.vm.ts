/** Short campaigns of fail-overs, as `npm run campaign -- failover` runs long ones. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Summary } from './campaign/summary.js';
import { patienceMs } from './machine.js';

const program = fileURLToPath(new URL('./campaign/main.js', import.meta.url));
const seed = Number(process.env.GAIA_SEED ?? 20261126);

/** Its exit status tells of outages, too; those are no matter of a machine that has other work. */
async function campaign(...words: string[]): Promise<Summary> {
  const child = spawn(
    process.execPath,
    [program, 'failover', '--json', '--seed', `${seed}`, '--minutes', '4', ...words],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const kill = () => child.kill('SIGTERM');
  process.once('exit', kill);
  let output = '';
  child.stdout.on('data', (bytes) => (output += bytes));
  await once(child, 'close');
  process.off('exit', kill);
  return JSON.parse(output);
}

function isFaultless(summary: Summary, count: number): void {
  const { failOvers, lost, stale, brokenConnections, troubles } = summary;
  assert.deepEqual(
    { failOvers, lost, stale, brokenConnections, troubles },
    { failOvers: count, lost: [], stale: [], brokenConnections: 0, troubles: [] },
  );
}

describe(`fail-overs of a replicated guest (seed ${seed})`, function () {
  this.timeout(3 * patienceMs);

  it('lose no acknowledged write and no connection, and no host that comes back answers', async () => {
    isFaultless(await campaign('--count', '5'), 5);
  });

  it('lose no connection of clients on a bridge, whose guest moves', async () => {
    const summary = await campaign('--count', '2', '--bridge', '--faults', 'kill,power');
    isFaultless(summary, 2);
    assert.equal(summary.connections, 4);
  });

  it('are none when backup or witness are lost', async () => {
    isFaultless(await campaign('--count', '2', '--faults', 'backup,witness'), 2);
  });

  it('work with a guest of 1 GiB and two processors', async () => {
    isFaultless(await campaign('--count', '1', '--memory', '1024', '--vcpus', '2'), 1);
  });
});
