import assert from 'node:assert/strict';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accelerator, bootFile, bridge, findQemu } from '../../../executor/vm/host.js';
import { type Machine, machineArguments } from '../../../executor/vm/machine.js';
import { withDirectory } from '../fixtures.js';

const machine: Machine = {
  kernel: '/boot/vmlinuz',
  initrd: '/boot/initrd,gz',
  commandLine: 'quiet',
  memoryMib: 256,
  vcpus: 2,
  disk: null,
  accelerator: 'tcg',
  network: { type: 'none' },
  memoryFile: null,
  incoming: false,
};

/** The word behind an option. */
function option(name: string, change: Partial<Machine> = {}): string | undefined {
  const words = machineArguments({ ...machine, ...change });
  const place = words.indexOf(name);
  return place < 0 ? undefined : words[place + 1];
}

describe('executor vm: the command line of QEMU', () => {
  it('says processors, memory and what is booted; the guest waits for QMP', () => {
    assert.equal(option('-smp'), '2,maxcpus=2');
    assert.equal(option('-smp', { vcpus: 1 }), '1,maxcpus=2');
    assert.equal(option('-smp', { vcpus: 4 }), '4,maxcpus=4');
    assert.equal(option('-name'), 'debug-threads=on');
    assert.equal(option('-m'), '256M');
    assert.equal(option('-object'), 'memory-backend-ram,id=memory,size=256M');
    assert.equal(option('-kernel'), '/boot/vmlinuz');
    assert.equal(option('-initrd'), '/boot/initrd,gz');
    assert.equal(option('-append'), 'console=ttyS0 panic=1 quiet');
    assert.equal(option('-incoming'), undefined);
    assert.ok(machineArguments(machine).includes('-S'));
  });

  it('bounds what TCG keeps, and takes the processor of the host with KVM only', () => {
    assert.equal(option('-accel'), 'tcg,thread=multi,tb-size=64');
    assert.equal(option('-cpu'), 'max');
    assert.equal(option('-accel', { accelerator: 'kvm' }), 'kvm');
    assert.equal(option('-cpu', { accelerator: 'kvm' }), 'host');
  });

  it('opens the doors and no way out', () => {
    const doors = [
      { protocol: 'tcp' as const, listen: '127.0.0.1', hostPort: 31000, guestPort: 6379 },
      { protocol: 'udp' as const, listen: '0.0.0.0', hostPort: 31001, guestPort: 53 },
    ];
    assert.equal(
      option('-netdev', { network: { type: 'user', doors } }),
      'user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:31000-10.0.2.15:6379,hostfwd=udp:0.0.0.0:31001-10.0.2.15:53',
    );
    assert.equal(option('-netdev'), undefined);
    assert.equal(option('-device'), undefined);
  });

  it('has a disk, by itself or over a base that is not written to; the firmware boots it when there is no kernel', () => {
    const own = { file: '/s/disk.raw', base: null };
    const node = (disk: Machine['disk']) => JSON.parse(option('-blockdev', { disk }) ?? '');
    const file = { driver: 'file', filename: '/s/disk.raw' };
    assert.deepEqual(node(own), { driver: 'raw', 'node-name': 'disk', discard: 'unmap', file });
    assert.equal(option('-device', { disk: own }), 'virtio-blk-pci,drive=disk');
    const overlay = node({ file: '/s/disk.qcow2', base: { file: '/a,b', format: 'raw' } });
    assert.equal(overlay.driver, 'qcow2');
    const base = { driver: 'file', filename: '/a,b', 'read-only': true };
    assert.deepEqual(overlay.backing, { driver: 'raw', 'read-only': true, file: base });
    const nbd = { driver: 'nbd', 'node-name': 'disk', server: { type: 'unix', path: 'd' }, export: 'disk' };
    assert.deepEqual(node({ socket: 'd' }), nbd);
    const booted = { disk: own, kernel: null, initrd: null };
    assert.equal(option('-device', booted), 'virtio-blk-pci,drive=disk,bootindex=0');
    assert.equal(option('-kernel', booted), undefined);
  });

  it('shares memory by a file, takes frames from a socket and waits for a migration; commas in names are no options', () => {
    const change = {
      memoryFile: '/dev/shm/a,share=off',
      incoming: true,
      network: { type: 'stream' as const, socket: './a,b' },
    };
    assert.equal(
      option('-object', change),
      'memory-backend-file,id=memory,size=256M,mem-path=/dev/shm/a,,share=off,share=on',
    );
    assert.equal(option('-netdev', change), 'stream,id=network,addr.type=unix,addr.path=./a,,b');
    assert.match(option('-device', change) as string, /^virtio-net-pci,netdev=network,.*,tx=timer,x-txtimer=\d+$/);
    assert.equal(option('-incoming', change), 'defer');
    assert.match(option('-device', change) as string, /,mac=52:54:00:67:61:01,/);
    const bridged = { network: { ...change.network, mac: '02:00:00:00:00:01' } };
    assert.match(option('-device', bridged) as string, /,mac=02:00:00:00:00:01,/);
  });

  it('is on a bridge with a card of its own', () => {
    const change = { network: { type: 'bridge' as const, name: 'br0', mac: '02:00:00:00:00:01' } };
    assert.equal(option('-netdev', change), 'bridge,id=network,br=br0');
    assert.match(option('-device', change) as string, /netdev=network,mac=02:00:00:00:00:01,/);
  });
});

describe('executor vm: the host', () => {
  it('names what is missing, and the remedy', () =>
    withDirectory((directory) => {
      assert.throws(
        () => findQemu(directory),
        /qemu-system-x86_64 was not found in PATH .*: install Debian's package qemu-system-x86/,
      );
      assert.throws(
        () => bootFile('initrd', 'my.gz', directory, null),
        /initrd is "my.gz", and there is no file .*\/my.gz on this host/,
      );
      assert.throws(() => bootFile('kernel', directory, '/', null), /no file/);
      assert.throws(
        () => bridge({ name: 'br0', mac: '02:00:00:00:00:01' }, '  br01: 1 2\n'),
        /bridge is "br0", and this host has no such interface: make it \(ip link add br0 type bridge\), or keep/,
      );
      const there = bridge({ name: 'br0', mac: '02:00:00:00:00:01' }, 'Inter-|\n   br0: 1 2\n');
      assert.deepEqual(there, { type: 'bridge', name: 'br0', mac: '02:00:00:00:00:01' });
    }));

  it('takes KVM only where the processor virtualises and the device can be opened', () => {
    const flags = (words: string) => `processor\t: 0\nflags\t\t: fpu ${words} sse\nbugs\t\t: vmx\n`;
    assert.equal(accelerator(null, flags('vmx'), '/dev/null'), 'kvm');
    assert.equal(accelerator(null, flags('svm'), '/dev/null'), 'kvm');
    assert.equal(accelerator(null, flags('svm'), '/dev/no-such-device'), 'tcg');
    assert.equal(accelerator(null, flags('vmxx'), '/dev/null'), 'tcg');
  });

  it('looks with the eyes of the user that QEMU will run as', () =>
    withDirectory((directory) => {
      const file = join(directory, 'vmlinuz');
      writeFileSync(file, '');
      const { uid, gid } = statSync(file);
      const opens = (mode: number, owner: { uid: number; gid: number }) => {
        chmodSync(file, mode);
        return accelerator(owner, 'flags : vmx\n', file);
      };
      assert.equal(opens(0o600, { uid: uid + 1, gid: gid + 1 }), 'tcg');
      assert.equal(opens(0o660, { uid: uid + 1, gid }), 'kvm');
      assert.equal(opens(0o664, { uid: uid + 1, gid: gid + 1 }), 'tcg');
      assert.equal(bootFile('kernel', file, '/', { uid: uid + 1, gid: gid + 1 }), file);
      chmodSync(file, 0o600);
      const foreign = { uid: uid + 1, gid: gid + 1 };
      assert.throws(() => bootFile('kernel', file, '/', foreign), /cannot be read by the app's user: set its mode/);
    }));
});
