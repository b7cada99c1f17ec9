/** Executors with guests that have a disk: what is on it when the guest, its QEMU or its task ends; images to boot from. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskAssignment, VmAssignment } from '../../executor/assignment.js';
import { type GuestImage, prepareGuestImage } from '../../framework/guest/image.js';
import { freePort } from '../consensus/ports.js';
import { Executor } from '../executor/fake-agent.js';
import { assignment, withDirectory } from '../executor/fixtures.js';
import type { RespConnection } from '../resp.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';

const words = 'quiet nokaslr no_timer_check mitigations=off';
const onVolume: DiskAssignment = { sizeMib: 64, image: null, volume: 'data' };

describe('executor: a guest with a disk', function () {
  this.timeout(5 * patienceMs);
  let guest: GuestImage;
  before(() => {
    guest = prepareGuestImage();
  });

  /** Each task has a sandbox of its own; the volume is that of all. */
  async function withGuest(
    directory: string,
    change: Partial<VmAssignment>,
    use: (executor: Executor, client: RespConnection) => Promise<void>,
  ) {
    const port = await freePort();
    const doors = [{ protocol: 'tcp' as const, listen: '127.0.0.1', hostPort: port, guestPort: 6379 }];
    const vm = {
      ...guest,
      commandLine: words,
      memoryMib: 128,
      vcpus: 1,
      disk: onVolume,
      doors,
      bridge: null,
      group: null,
      ...change,
    };
    const executor = new Executor(mkdtempSync(join(directory, 'task-')));
    mkdirSync(join(directory, 'data'), { recursive: true });
    symlinkSync(join(directory, 'data'), join(executor.sandbox, 'data'));
    try {
      await executor.start();
      executor.agent.launch(assignment({ command: { vm }, ports: [port], killGraceMs: 60_000 }));
      await executor.agent.reaches('TASK_RUNNING', patienceMs);
      await use(executor, await redisAt(port));
    } finally {
      await executor.dispose();
    }
  }

  async function powerOff(executor: Executor): Promise<void> {
    executor.agent.kill('demo_ledger.1');
    assert.equal(await executor.ended(patienceMs), 0);
    assert.deepEqual(executor.agent.states.slice(-2), ['TASK_KILLING', 'TASK_KILLED']);
    assert.match(executor.output('stdout'), /a service has ended, so the guest ends/);
  }

  /** Throws with its findings when the file system is not as it should be. */
  const check = (file: string) => execFileSync('/usr/sbin/e2fsck', ['-fn', file], { stdio: 'pipe' });

  it('puts it away when its power button is pressed, and the next task on the volume finds it', () =>
    withDirectory(async (directory) => {
      await withGuest(directory, {}, async (executor, client) => {
        assert.equal(await client.call('SET', 'k', 'v'), 'OK');
        await powerOff(executor);
      });
      check(join(directory, 'data/disk.raw'));
      await withGuest(directory, {}, async (executor, client) => {
        assert.equal(await client.call('GET', 'k'), 'v');
        await powerOff(executor);
      });
    }));

  it('keeps each acknowledged write that it flushed when its QEMU is killed', () =>
    withDirectory(async (directory) => {
      let acknowledged = 0;
      await withGuest(directory, {}, async (executor, client) => {
        const [, pid] = /started the program as process (\d+)/.exec(executor.output('executor.log')) ?? [];
        setTimeout(() => process.kill(Number(pid), 'SIGKILL'), 300);
        const write = async () => {
          for (;;) if ((await client.call('INCR', 'n')) === `${acknowledged + 1}`) acknowledged += 1;
        };
        await assert.rejects(write);
        await executor.agent.reaches('TASK_FAILED', patienceMs);
      });
      assert.ok(acknowledged > 0);
      await withGuest(directory, {}, async (executor, client) => {
        const found = Number(await client.call('GET', 'n'));
        assert.ok(found === acknowledged || found === acknowledged + 1, `${found} of ${acknowledged}`);
        await powerOff(executor);
      });
      check(join(directory, 'data/disk.raw'));
    }));

  it('boots an image, writes beside it, and leaves it as it was', () =>
    withDirectory(async (directory) => {
      const image = makeBootable(directory, guest);
      const digest = () => createHash('sha256').update(readFileSync(image)).digest('hex');
      const before = digest();
      const disk = { sizeMib: 80, image, volume: null };
      await withGuest(directory, { kernel: null, initrd: null, disk }, async (executor, client) => {
        assert.equal(await client.call('SET', 'k', 'v'), 'OK');
        await powerOff(executor);
      });
      assert.equal(digest(), before);
    }));
});

/** A file system that the firmware boots as a whole disk: the guest's kernel and initrd behind Debian's syslinux. */
function makeBootable(directory: string, { kernel, initrd }: GuestImage): string {
  const image = join(directory, 'boot.img');
  const config = join(directory, 'syslinux.cfg');
  const append = `initrd=initrd.gz console=ttyS0 panic=1 ${words}`;
  writeFileSync(config, `default guest\nlabel guest\n  kernel vmlinuz\n  append ${append}\n`);
  writeFileSync(image, '');
  truncateSync(image, 64 * 2 ** 20);
  execFileSync('mformat', ['-i', image, '-F', '::']);
  for (const [from, to] of [
    [kernel, 'vmlinuz'],
    [initrd, 'initrd.gz'],
    [config, 'syslinux.cfg'],
  ] as const)
    execFileSync('mcopy', ['-i', image, from, `::${to}`]);
  execFileSync('syslinux', ['--install', image]);
  return image;
}
