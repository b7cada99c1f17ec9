/** The QMP client with the QEMU of this machine. */
import assert from 'node:assert/strict';
import { QmpRefusal } from '../../executor/vm/qmp.js';
import { eventually } from '../executor/fixtures.js';
import { bare, patienceMs, TestMachine } from './machine.js';

describe('QMP of a real QEMU', function () {
  this.timeout(2 * patienceMs);
  let machine: TestMachine;

  beforeEach(async () => {
    machine = await TestMachine.start(bare);
  });
  afterEach(() => machine.kill());

  it('tells its version, and answers typed commands in any number at once', async () => {
    assert.match(machine.qmp.version.version, /^\d+\.\d+\.\d+$/);
    const answers = await Promise.all(Array.from({ length: 50 }, () => machine.qmp.execute('query-status', {})));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set(['prelaunch']));
    assert.deepEqual(await machine.qmp.execute('query-kvm', {}), { enabled: false, present: true });
  });

  it('tells events in order: the guest runs, stops and runs', async () => {
    for (const command of ['cont', 'stop', 'cont'] as const) await machine.qmp.execute(command, {});
    const told = () => machine.events.map(({ event }) => event).filter((name) => /^(RESUME|STOP)$/.test(name));
    await eventually('three events', () => told().length === 3);
    assert.deepEqual(told(), ['RESUME', 'STOP', 'RESUME']);
    assert.equal((await machine.qmp.execute('query-status', {})).status, 'running');
  });

  it('is refused with class and words, and goes on', async () => {
    const wrong = machine.qmp.execute('migrate-incoming', { uri: 'unix:/nowhere' });
    await assert.rejects(wrong, (error) => {
      assert.ok(error instanceof QmpRefusal);
      assert.equal(error.command, 'migrate-incoming');
      assert.equal(error.errorClass, 'GenericError');
      return /QEMU refused migrate-incoming: .+ \(GenericError\)/.test(error.message);
    });
    const unknown = machine.qmp.execute('no-such-command' as 'cont', {});
    await assert.rejects(unknown, /CommandNotFound.*use Debian's qemu-system-x86, 7\.2 or later/);
    assert.equal((await machine.qmp.execute('query-status', {})).running, false);
  });

  it('gives up a QEMU that stands still, command by command, and hears it again later', async () => {
    machine.child.kill('SIGSTOP');
    await assert.rejects(machine.qmp.execute('query-status', {}, 200), /did not answer query-status within 200 ms/);
    machine.child.kill('SIGCONT');
    assert.equal((await machine.qmp.execute('query-status', {})).status, 'prelaunch');
  });

  it('rejects what waits and what comes when QEMU is killed', async () => {
    machine.child.kill('SIGSTOP');
    const waiting = assert.rejects(machine.qmp.execute('query-status', {}), /QEMU/);
    await machine.kill();
    await waiting;
    assert.match((await machine.qmp.closed).message, /QEMU/);
    await assert.rejects(machine.qmp.execute('query-status', {}), /QEMU/);
  });

  it('ends QEMU', async () => {
    const quit = machine.qmp.execute('quit', {}).catch(() => {});
    await eventually('its end', () => !machine.running, patienceMs);
    await quit;
    assert.equal(machine.child.exitCode, 0);
  });
});
