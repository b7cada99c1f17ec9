/** An executor with a guest under a fake agent: what the agent is told, and what clients reach. */
import assert from 'node:assert/strict';
import type { VmAssignment } from '../../executor/assignment.js';
import { type GuestImage, prepareGuestImage } from '../../framework/guest/image.js';
import { freePort } from '../consensus/ports.js';
import { Executor } from '../executor/fake-agent.js';
import { assignment, withDirectory } from '../executor/fixtures.js';
import { RespConnection } from '../resp.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';

const words = 'quiet nokaslr no_timer_check mitigations=off';

describe('executor: a guest', function () {
  this.timeout(5 * patienceMs);
  let image: GuestImage;
  before(() => {
    image = prepareGuestImage();
  });

  it('an image is made once, and who waits for it hears how far it is', async () => {
    await withDirectory(async (directory) => {
      const told: number[] = [];
      const make = () => prepareGuestImage(directory, undefined, (share) => told.push(share));
      const made = make();
      assert.ok(told.length >= 4, `${told}`);
      assert.deepEqual(told, [...new Set(told)].sort());
      assert.deepEqual(make(), made);
      assert.equal(told.at(-1), 0, 'the second time it is there');
    });
  });

  async function withGuest(change: Partial<VmAssignment>, use: (executor: Executor, port: number) => Promise<void>) {
    const port = await freePort();
    const doors = [{ protocol: 'tcp' as const, listen: '127.0.0.1', hostPort: port, guestPort: 6379 }];
    const vm = {
      ...image,
      commandLine: words,
      memoryMib: 128,
      vcpus: 1,
      disk: null,
      doors,
      bridge: null,
      group: null,
      ...change,
    };
    await withDirectory(async (directory) => {
      const executor = new Executor(directory);
      try {
        await executor.start();
        executor.agent.launch(assignment({ command: { vm }, ports: [port] }));
        await use(executor, port);
      } finally {
        await executor.dispose();
      }
    });
  }

  it('runs, serves clients at a port of the host, writes its console, and ends on request', () =>
    withGuest({}, async (executor, port) => {
      const update = await executor.agent.reaches('TASK_RUNNING', patienceMs);
      assert.match(
        update.message ?? '',
        /the guest runs with 1 virtual processor and 128 MB, QEMU \d+\.\d+\.\d+ with (TCG|KVM)/,
      );
      const client = await redisAt(port);
      assert.equal(await client.call('SET', 'k', 'v'), 'OK');
      assert.equal(await client.call('GET', 'k'), 'v');
      client.close();
      assert.match(executor.output('stdout'), /guest is up: [\d.]+ s/);
      executor.agent.kill('demo_ledger.1');
      assert.equal(await executor.ended(patienceMs), 0);
      assert.deepEqual(executor.agent.states, ['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
      await assert.rejects(RespConnection.open(port));
    }));

  it('ends when its service does, and the agent is told', () =>
    withGuest({}, async (executor, port) => {
      const client = await redisAt(port);
      void client.call('SHUTDOWN', 'NOSAVE').catch(() => {});
      const update = await executor.agent.reaches('TASK_FINISHED', patienceMs);
      assert.match(update.message ?? '', /a service has ended, so the guest ends/);
      client.close();
    }));

  it('is lost with its QEMU: TASK_FAILED with the signal', () =>
    withGuest({}, async (executor) => {
      await executor.agent.reaches('TASK_RUNNING', patienceMs);
      const [, pid] = /started the program as process (\d+)/.exec(executor.output('executor.log')) ?? [];
      process.kill(Number(pid), 'SIGKILL');
      const update = await executor.agent.reaches('TASK_FAILED', patienceMs);
      assert.match(update.message ?? '', /was ended by SIGKILL/);
    }));

  it('does not start without its kernel, or when its port is taken: cause and remedy', async () => {
    await withGuest({ kernel: '/no/kernel' }, async ({ agent }) => {
      const update = await agent.reaches('TASK_FAILED', patienceMs);
      assert.match(
        update.message ?? '',
        /kernel is "\/no\/kernel", and there is no file .*: put it there, or fetch it/,
      );
    });
    await withGuest({}, async (first, port) => {
      await first.agent.reaches('TASK_RUNNING', patienceMs);
      const doors = [{ protocol: 'tcp' as const, listen: '127.0.0.1', hostPort: port, guestPort: 6379 }];
      await withGuest({ doors }, async ({ agent }) => {
        const update = await agent.reaches('TASK_FAILED', patienceMs);
        assert.match(update.message ?? '', /taken by another process/);
        assert.match(update.message ?? '', /Could not set up host forwarding rule/);
      });
    });
  });
});
