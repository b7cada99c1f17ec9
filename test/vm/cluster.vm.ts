/** A virtual machine as an app of a local cluster, as a user sees it. */
import assert from 'node:assert/strict';
import { type System, until } from '../e2e/system.js';
import { app, GuestCluster } from './guest-cluster.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';

interface Task {
  id: string;
  state: string;
  ports: number[];
  message?: string;
}

describe('a virtual machine in a cluster', function () {
  this.timeout(5 * patienceMs);
  let cluster: GuestCluster;
  let system: System;
  before(async () => {
    cluster = await GuestCluster.start(2);
    system = cluster.system;
  });
  after(() => system?.stop());

  async function running(notId = ''): Promise<Task> {
    return until(`${app} runs`, patienceMs, async () => {
      const { body } = await system.request('GET', `/v2/apps${app}`);
      const [task] = body.app.tasks as Task[];
      return task?.state === 'TASK_RUNNING' && task.id !== notId ? task : null;
    });
  }

  it('is placed with its memory and what QEMU takes, and serves at a port of its agent', async () => {
    await cluster.deploy({}, { cpus: 0.5 });
    const task = await running();
    const client = await redisAt(task.ports[0] as number);
    assert.equal(await client.call('SET', 'kept', 'in memory'), 'OK');
    client.close();
    const { body } = await system.request('GET', `/v2/apps${app}`);
    assert.equal(body.app.mem, 320);
    assert.equal(body.app.container.vm.vcpus, 1);
  });

  it('is shown by the command line, and so is the console', async () => {
    const shown = await system.gaia('app', 'show', app);
    assert.match(shown.stdout, /virtual machine: .*vmlinuz with .*initrd\.gz/);
    assert.match(shown.stdout, /the guest runs with 1 virtual processor and 128 MB, QEMU [\d.]+ with (TCG|KVM)/);
    const console = await system.gaia('vm', 'console', app, '--directory', system.directory);
    assert.equal(console.status, 0, console.stderr);
    assert.match(console.stdout, /guest is up/);
    assert.doesNotMatch(console.stdout, /stderr/);
  });

  it('starts again, empty, when its QEMU is killed', async () => {
    const before = await running();
    const [qemu, ...others] = system.servers('qemu-system-x86_64');
    assert.deepEqual(others, []);
    process.kill(qemu as number, 'SIGKILL');
    const after = await running(before.id);
    const client = await redisAt(after.ports[0] as number);
    assert.equal(await client.call('GET', 'kept'), null);
    client.close();
    const now = await system.request('GET', `/v2/apps${app}`);
    assert.match(now.body.app.lastTaskFailure.message, /was ended by SIGKILL/);
  });
});
