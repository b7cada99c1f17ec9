import assert from 'node:assert/strict';
import type { FrameCounts, GuestMetrics, GuestReport, RoundReport } from '../../../executor/assignment.js';
import { decodeAssignment } from '../../../executor/decode.js';
import { messageIntervalMs } from '../../../executor/report.js';
import { quantile } from '../../../framework/distribution.js';
import { type Drive, exit, kill, launched, types, updates } from '../drive.js';
import { assignment, encode, helloLine, metricsLine, replica, stateLine } from '../fixtures.js';

const doors = [{ protocol: 'tcp' as const, listen: '127.0.0.1', hostPort: 31000, guestPort: 6379 }];
const vm = {
  kernel: 'vmlinuz',
  initrd: 'initrd.gz',
  commandLine: '',
  memoryMib: 128,
  vcpus: 1,
  disk: null,
  doors,
  bridge: null,
  group: null,
};
const guest = assignment({ command: { vm } });

const aRound: RoundReport = {
  ...{ number: 1, trigger: 'time', dirtyPages: 10, unchangedPages: 1, zeroPages: 2, equalPages: 3, sentPages: 4 },
  ...{ wholePages: 2, streamBytes: 5000, toBackupBytes: 900, pauseUs: 4000, sleeps: false },
};
const frames: FrameCounts = {
  inputs: 9,
  outputs: 8,
  lost: 0,
  equalOutputs: 6,
  mismatches: 2,
  heldBytes: 70,
  unheardMs: 0,
};

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
    const bridged = (mac: string) =>
      assignment({ command: { vm: { ...vm, doors: [], bridge: { name: 'br0', mac }, group } }, replica });
    for (const one of [member, bridged('02:00:00:00:00:01')]) assert.deepEqual(decodeAssignment(encode(one)), one);
    assert.throws(() => decodeAssignment(encode(bridged('02:0'))), /vm.bridge.mac is "02:0"; it must be a card's/);
    for (const wrong of [
      { ...member, replica: null },
      { ...guest, replica },
    ])
      assert.throws(() => decodeAssignment(encode(wrong)), /command.vm.group and replica belong together/);
  });

  it('tells where a backup listens while it waits, and how it stands', () => {
    const drive = running();
    assert.equal(guestOf(drive), undefined);
    const waits: GuestReport = {
      ...{ standing: 'awaiting', relayPort: 7 },
      ...{ epoch: 1, primary: 1, backup: 0, synced: 0 },
    };
    drive.on({ type: 'pairNews', news: { type: 'guest', guest: waits } });
    assert.deepEqual(guestOf(drive), waits);
    drive.pass(1000);
    const covers: GuestReport = { ...waits, standing: 'backup', relayPort: 0 };
    drive.on({ type: 'pairNews', news: { type: 'guest', guest: covers } });
    assert.deepEqual(guestOf(drive), covers);
  });

  it('hears of backups, and fails when its guest counts no more', () => {
    const drive = running();
    const data = encode({ type: 'offerBackup', member: 2, host: '10.0.0.2', port: 7 });
    const [offered] = drive.on({ type: 'orderReceived', data });
    const order = { type: 'offerBackup', member: 2, host: '10.0.0.2', port: 7 };
    assert.deepEqual(offered, { type: 'guestOrder', order });
    drive.on({ type: 'pairNews', news: { type: 'useless', reason: 'x', asked: false } });
    drive.on({ type: 'childExited', exit }, { type: 'reaped' });
    assert.equal(drive.final?.state, 'TASK_FAILED');
    assert.match(drive.final?.message ?? '', /^The guest counts no more: x\./);
  });

  it('hears what operators want, and its end after a fail-over is no failure', () => {
    const drive = running();
    for (const order of [
      { type: 'syncGuest', request: 1_790_000_000_000 },
      { type: 'failOver', toMember: 2 },
    ])
      assert.deepEqual(drive.on({ type: 'orderReceived', data: encode(order) }), [{ type: 'guestOrder', order }]);
    for (const wrong of [{ type: 'syncGuest' }, { type: 'failOver', toMember: 0 }])
      assert.deepEqual(types(drive.on({ type: 'orderReceived', data: encode(wrong) })), ['log']);
    drive.on({
      type: 'pairNews',
      news: { type: 'useless', reason: 'the log has made member 2 the primary', asked: true },
    });
    drive.on({ type: 'childExited', exit }, { type: 'reaped' });
    assert.equal(drive.final?.state, 'TASK_FINISHED');
    assert.match(drive.final?.message ?? '', /^An operator asked for a fail-over: the log has made member 2/);
  });

  it('tells of rounds and frames with messages, however many there are, and in a bounded form', () => {
    const drive = running();
    const updatesBefore = updates(drive.all).length;
    drive.on(line(metricsLine()));
    for (let number = 1; number <= 100; number++) {
      const round = { ...aRound, number, trigger: number % 4 === 0 ? 'mismatch' : 'time', pauseUs: 1000 * number };
      drive.on({ type: 'pairNews', news: { type: 'round', round } });
      drive.pass(100);
    }
    drive.on({ type: 'pairNews', news: { type: 'frames', frames } });
    drive.pass(messageIntervalMs);
    const messages = drive.all.filter((action) => action.type === 'message');
    assert.ok(messages.length >= 4 && messages.length <= 7, `${messages.length} messages in 12 s`);
    assert.equal(updates(drive.all).length, updatesBefore);
    const told = messages.at(-1)?.report.metrics?.guest as GuestMetrics;
    assert.deepEqual(told.rounds, {
      ...{ dirtyPages: 1000, unchangedPages: 100, zeroPages: 200, equalPages: 300, sentPages: 400 },
      ...{ wholePages: 200, streamBytes: 500_000, toBackupBytes: 90_000 },
    });
    assert.deepEqual(told.triggers, { time: 75, mismatch: 25 });
    assert.deepEqual([told.pauseUs.count, told.pauseUs.sum], [100, 5_050_000]);
    for (const [share, exactUs] of [
      [0.5, 50_000],
      [0.99, 99_000],
    ] as const) {
      const us = quantile(told.pauseUs, share) as number;
      assert.ok(us >= exactUs && us <= exactUs * (1 + 1 / 16), `${share}: ${us}`);
    }
    assert.deepEqual(
      told.recent?.pausesUs,
      Array.from({ length: 32 }, (_, place) => 1000 * (69 + place)),
    );
    assert.deepEqual([told.recent?.spanMs, told.recent?.last.number], [3100, 100]);
    assert.deepEqual([told.frames, told.takeover], [frames, null]);
    assert.deepEqual(drive.pass(10 * messageIntervalMs), []);
  });

  it('says once that its guest answers nobody, and once that it does again', () => {
    const drive = running();
    for (const unheardMs of [0, 6000, 8000, 0, 0])
      drive.on({ type: 'pairNews', news: { type: 'frames', frames: { ...frames, unheardMs } } });
    const logged = drive.all.filter((action) => action.type === 'log').map(({ message }) => message);
    const said = logged.filter((message) => message.startsWith('the guest '));
    assert.deepEqual(said, [
      'the guest has answered no client of this member for 6 s, nor an ARP request: it has not started yet, or has stopped, or its network',
      'the guest answers again',
    ]);
  });

  it('says how long it took to take over, part by part', () => {
    const drive = running();
    drive.on(line(metricsLine()));
    const takeover = { epoch: 4, suspectedMs: 151, electedMs: 160, primaryMs: 163, outputMs: 170 };
    drive.on({ type: 'pairNews', news: { type: 'takeover', takeover } });
    drive.pass(messageIntervalMs);
    const messages = drive.all.filter((action) => action.type === 'message');
    assert.deepEqual(messages.at(-1)?.report.metrics?.guest?.takeover, takeover);
    const logged = drive.all.filter((action) => action.type === 'log').map(({ message }) => message);
    assert.match(
      logged.join('\n'),
      /suspected after 151 ms, elected after 160, primary after 163, first output after 170/,
    );
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
    [{ disk: { sizeMib: 0, image: null, volume: null } }, /command.vm.disk.sizeMib is 0/],
    [{ disk: { sizeMib: 1, image: '', volume: null } }, /command.vm.disk.image is ""/],
    [
      { disk: { sizeMib: 1, image: null, volume: '../x' } },
      /disk.volume is "..\/x"; it must be the name of a file or a folder/,
    ],
    [{ doors: [{ ...doors[0], listen: 'localhost' }] }, /doors\[0\].listen is "localhost"; it must be an IP address/],
    [{ doors: [{ ...doors[0], hostPort: 0 }] }, /doors\[0\].hostPort is 0/],
    [{ doors: [{ ...doors[0], protocol: 'sctp' }] }, /doors\[0\].protocol is "sctp"/],
  ] as const) {
    it(`is refused with ${JSON.stringify(change)}`, () => {
      const data = encode({ ...guest, command: { vm: { ...vm, ...change } } });
      assert.throws(() => decodeAssignment(data), { message: words });
    });
  }
});
