import assert from 'node:assert/strict';
import { decodeAssignment } from '../../../executor/decode.js';
import { type Drive, exit, kill, launched, types, updates } from '../drive.js';
import { assignment, encode, helloLine, replica, stateLine } from '../fixtures.js';

const doors = [{ protocol: 'tcp' as const, listen: '127.0.0.1', hostPort: 31000, guestPort: 6379 }];
const vm = { kernel: 'vmlinuz', initrd: 'initrd.gz', commandLine: '', memoryMib: 128, vcpus: 1, doors, group: null };
const guest = assignment({ command: { vm } });

function spawned(): Drive {
  const drive = launched(guest);
  drive.on({ type: 'childSpawned', pid: 4711 });
  return drive;
}

describe('executor task: a guest', () => {
  it('runs when QEMU says so, not when QEMU is there', () => {
    const drive = spawned();
    drive.pass(60_000);
    assert.deepEqual(drive.states, ['TASK_STARTING']);
    const [update] = updates(drive.on({ type: 'guestRuns', message: 'the guest runs' }));
    assert.deepEqual([update?.state, update?.message], ['TASK_RUNNING', 'the guest runs']);
  });

  it('that stands still ends with its QEMU, and fails with the cause', () => {
    const drive = spawned();
    drive.on({ type: 'guestRuns', message: '' });
    assert.deepEqual(types(drive.on({ type: 'guestFailed', message: 'QEMU says "internal-error".' })), ['signal']);
    drive.on({ type: 'childExited', exit }, { type: 'reaped' });
    assert.equal(drive.final?.state, 'TASK_FAILED');
    assert.match(drive.final?.message ?? '', /^QEMU says "internal-error"\. The program exited with status 0/);
  });

  it('is killed before it runs and while it runs: SIGTERM, in time SIGKILL', () => {
    for (const first of [[], [{ type: 'guestRuns' as const, message: '' }]]) {
      const drive = spawned();
      drive.on(...first);
      assert.deepEqual(drive.on({ ...kill }).at(-1), { type: 'signal', signal: 'SIGTERM' });
      assert.ok(
        drive.pass(guest.killGraceMs).some((action) => action.type === 'signal' && action.signal === 'SIGKILL'),
      );
      drive.on({ type: 'childExited', exit }, { type: 'reaped' });
      assert.equal(drive.final?.state, 'TASK_KILLED');
    }
  });
});

describe('executor task: a member of a replicated guest', () => {
  const group = { firstPrimary: 1, witness: false };
  const member = assignment({ command: { vm: { ...vm, group } }, replica });
  const line = (text: string) => ({ type: 'controlLine' as const, line: text });

  function running(): Drive {
    const drive = launched(member);
    drive.on({ type: 'childSpawned', pid: 4711 }, line(helloLine), line(stateLine()));
    drive.pass(1000);
    return drive;
  }
  const guestOf = (drive: Drive) => updates(drive.all).at(-1)?.report?.guest;

  it('is read as it was written, with `replica` only', () => {
    assert.deepEqual(decodeAssignment(encode(member)), member);
    for (const wrong of [
      { ...member, replica: null },
      { ...guest, replica },
    ])
      assert.throws(() => decodeAssignment(encode(wrong)), /command.vm.group and replica belong together/);
  });

  it('tells where a backup listens while it waits, and how it stands', () => {
    const drive = running();
    assert.equal(guestOf(drive), undefined);
    drive.on({ type: 'pairNews', news: { type: 'ready', port: 7 } });
    assert.deepEqual(guestOf(drive), { standing: 'awaiting', relayPort: 7 });
    drive.pass(1000);
    drive.on({ type: 'pairNews', news: { type: 'stands', standing: 'backup' } });
    assert.deepEqual(guestOf(drive), { standing: 'backup', relayPort: 0 });
  });

  it('hears of backups, and fails when its guest counts no more', () => {
    const drive = running();
    const data = encode({ type: 'offerBackup', member: 2, host: '10.0.0.2', port: 7 });
    const [offered] = drive.on({ type: 'orderReceived', data });
    assert.deepEqual(offered, { type: 'offer', offer: { type: 'offerBackup', member: 2, host: '10.0.0.2', port: 7 } });
    drive.on({ type: 'pairNews', news: { type: 'useless', reason: 'x' } });
    drive.on({ type: 'childExited', exit }, { type: 'reaped' });
    assert.equal(drive.final?.state, 'TASK_FAILED');
    assert.match(drive.final?.message ?? '', /^The guest counts no more: x\./);
  });
});

describe('executor: the assignment of a guest', () => {
  it('is read as it was written', () => {
    assert.deepEqual(decodeAssignment(encode(guest)), guest);
  });

  for (const [change, words] of [
    [{ memoryMib: 0 }, /command.vm.memoryMib is 0; it must be a whole number from 1 to/],
    [{ vcpus: 65 }, /command.vm.vcpus is 65/],
    [{ commandLine: 'a\nb' }, /command.vm.commandLine is "a\\nb"/],
    [{ kernel: '' }, /command.vm.kernel is ""/],
    [{ doors: [{ ...doors[0], listen: 'localhost' }] }, /doors\[0\].listen is "localhost"; it must be an IPv4 address/],
    [{ doors: [{ ...doors[0], hostPort: 0 }] }, /doors\[0\].hostPort is 0/],
    [{ doors: [{ ...doors[0], protocol: 'sctp' }] }, /doors\[0\].protocol is "sctp"/],
  ] as const) {
    it(`is refused with ${JSON.stringify(change)}`, () => {
      const data = encode({ ...guest, command: { vm: { ...vm, ...change } } });
      assert.throws(() => decodeAssignment(data), { message: words });
    });
  }
});
