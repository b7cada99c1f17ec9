import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../consensus/ports.js';
import { liveBytesOf } from './live.js';

const megabyte = 1 << 20;
/** At each line it keeps 32 MiB of objects more, makes as much garbage beside it, and says so. */
const program = `
  const kept = [];
  const some = () => Array.from({ length: 1 << 20 }, (_, index) => ({ index }));
  process.stdin.on('data', () => { kept.push(some()); some(); console.log('done'); });
  console.log('ready');`;

describe('what a process has in use', function () {
  this.timeout(60_000);

  it('is what it keeps, again and again, and nothing of its garbage; null when it has ended', async () => {
    const port = await freePort();
    const child = spawn(process.execPath, [`--inspect-port=${port}`, '-e', program], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const ended = once(child, 'exit');
    const pid = child.pid as number;
    try {
      await once(child.stdout, 'data');
      const live = [];
      for (let round = 0; round < 3; round += 1) {
        live.push((await liveBytesOf(pid, port)) as number);
        child.stdin.write('more\n');
        await once(child.stdout, 'data');
      }
      const [first = 0, second = 0, third = 0] = live;
      for (const more of [second - first, third - second])
        assert.ok(more > 15 * megabyte && more < 60 * megabyte, `${live}`);
      assert.ok(Math.abs(second - first - (third - second)) < megabyte, `${live}`);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    assert.equal(await liveBytesOf(pid, port), null);
  });
});
