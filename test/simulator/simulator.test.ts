/** Lives of groups over the real core (gaia-simulator): no promise is broken, they are worth living, and they replay. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../build/native/gaia-simulator', import.meta.url));
const seed = process.env.GAIA_SEED ?? '1';
const lives = 10_000;

interface Summary {
  lives: number;
  digest: string;
  failedSeed?: number;
  [count: string]: unknown;
}

interface Finished {
  status: number | null;
  text: string;
  summary: Summary;
}

function simulate(...args: string[]): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', reject);
    child.once('close', (status) => {
      const last = text.trimEnd().split('\n').at(-1) ?? '';
      resolve({ status, text, summary: JSON.parse(last) as Summary });
    });
  });
}

const median = (summary: Summary, name: string) => (summary[name] as { median: number }).median;

describe('simulated lives', () => {
  it(`${lives} lives of 3 to 9 members keep every promise (seeds from ${seed} on)`, async function () {
    this.timeout(600_000);
    const run = await simulate('--seeds', String(lives), '--jobs', '2', '--seed', seed);
    process.stdout.write(run.text.replace(/\{.*\}\n$/, ''));
    assert.equal(run.status, 0, run.text);
    assert.equal(run.summary.lives, lives);
    const atLeast: [name: string, count: number][] = [
      ['acknowledged', 100],
      ['leaders', 4],
      ['crashes', 1],
      ['pauses', 1],
      ['partitions', 1],
      ['broken channels', 1],
      ['joined', 2],
      ['laps of a ring', 2],
      ['torn operations', 10],
      ['late operations', 1],
    ];
    for (const [name, count] of atLeast) {
      assert.ok(median(run.summary, name) >= count, `the median life has only ${median(run.summary, name)} ${name}`);
    }
  });

  it('equal seeds live equal lives, however many at a time', async function () {
    this.timeout(60_000);
    const alone = await simulate('--seeds', '40', '--jobs', '1', '--seed', seed);
    const together = await simulate('--seeds', '40', '--jobs', '4', '--seed', seed);
    assert.equal(alone.summary.digest, together.summary.digest);
    assert.deepEqual(alone.summary.events, together.summary.events);
    const others = await simulate('--seeds', '40', '--jobs', '2', '--seed', String(Number(seed) + 1));
    assert.notEqual(alone.summary.digest, others.summary.digest);
  });

  it('groups of nine, each life with nine founders', async function () {
    this.timeout(120_000);
    const run = await simulate('--seeds', '100', '--jobs', '2', '--seed', seed, '--members', '9');
    assert.equal(run.status, 0, run.text);
  });
});
