import assert from 'node:assert/strict';
import { freePort } from '../../consensus/ports.js';
import { Executor } from '../fake-agent.js';
import { assignment, replica, withDirectory } from '../fixtures.js';

const vm = {
  ...{ kernel: 'vmlinuz', initrd: 'initrd.gz', commandLine: '', memoryMib: 128, vcpus: 1 },
  ...{ disk: null, doors: [] },
};

describe('executor vm: a member', () => {
  it('fails with cause and remedy where its host has no such bridge', () =>
    withDirectory(async (directory) => {
      const executor = new Executor(directory);
      try {
        await executor.start();
        const bridge = { name: 'no-bridge0', mac: '02:00:00:00:00:01' };
        const self = { ...replica.self, consensusPort: await freePort(), servicePort: await freePort() };
        const command = { vm: { ...vm, bridge, group: { firstPrimary: 1, witness: false } } };
        executor.agent.launch(assignment({ command, replica: { ...replica, self }, ports: [] }));
        const { message } = await executor.agent.reaches('TASK_FAILED');
        assert.match(
          message ?? '',
          /bridge=no-bridge0: there is no such interface on this host; make the bridge, or name one that is there/,
        );
      } finally {
        await executor.dispose();
      }
    }));
});
