/** The command line of QEMU for one guest. Pure: the same machine gives the same words. */

import type { Door, VmAssignment } from '../assignment.js';

export type Accelerator = 'kvm' | 'tcg';

/** Its files are absolute paths. */
export interface Machine extends Omit<VmAssignment, 'doors' | 'bridge' | 'group' | 'disk'> {
  disk: Disk | null;
  accelerator: Accelerator;
  network: Network;
  /** The file that is the guest's memory, for others to map; null: memory of QEMU's own. */
  memoryFile: string | null;
  /** Waits for a migration instead of booting. */
  incoming: boolean;
}

export type Disk =
  /** With a base it holds, as qcow2, what differs from that; without it is the guest's disk byte for byte. */
  | { file: string; base: { file: string; format: ImageFormat } | null }
  /** `gaia-vm` has it, and serves it as NBD. */
  | { socket: string };

export type ImageFormat = 'raw' | 'qcow2';

export type Network =
  /** QEMU's own stack: no way out for the guest, and doors from ports of the host into it. */
  | { type: 'user'; doors: Door[] }
  /** Frames over a Unix socket that somebody else listens on. */
  | { type: 'stream'; socket: string; mac?: string }
  /** A bridge of the host, which QEMU's own helper plugs a tap device into if /etc/qemu/bridge.conf allows it. */
  | { type: 'bridge'; name: string; mac: string }
  | { type: 'none' };

/** The guest's address in QEMU's own stack. */
export const guestAddress = '10.0.2.15';
/** Of the one network card, but on a bridge. Replicas of a guest must have the same. */
export const guestMac = '52:54:00:67:61:01';
/** QMP is on this descriptor, which QEMU inherits. */
export const qmpDescriptor = 3;
/** Translated code that TCG keeps; its default may grow to a gigabyte. */
const translatedMib = 64;
/** A guest that panics starts again instead of standing still; the console is the first serial line. */
const ownCommandLine = 'console=ttyS0 panic=1';

/** QEMU starts with the guest stopped, QMP on `qmpDescriptor`, the console on standard output, its own words on standard error. */
export function machineArguments(machine: Machine): string[] {
  const { memoryMib, vcpus } = machine;
  return [
    // What top(1) and `npm run bench -- vm` tell threads apart by.
    ...['-name', 'debug-threads=on'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-S'],
    ...['-machine', 'pc,memory-backend=memory', ...processor(machine.accelerator), '-smp', processors(vcpus)],
    ...['-m', `${memoryMib}M`, '-object', memory(machine)],
    ...['-chardev', `socket,id=qmp,fd=${qmpDescriptor}`, '-mon', 'chardev=qmp,mode=control'],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...kernel(machine),
    ...network(machine.network),
    ...disk(machine),
    ...(machine.incoming ? ['-incoming', 'defer'] : []),
  ];
}

function processor(accelerator: Accelerator): string[] {
  if (accelerator === 'kvm') return ['-accel', 'kvm', '-cpu', 'host'];
  return ['-accel', `tcg,thread=multi,tb-size=${translatedMib}`, '-cpu', 'max'];
}

/**
 * Room for a second processor, also where there is one: with room for one only TCG leaves out the guest's memory barriers and atomic operations (QEMU 7.2,
 * `mttcg_start_vcpu_thread`), although QEMU's devices, which are other threads, rely on them to tell of filled queues.
 */
function processors(vcpus: number): string {
  return `${vcpus},maxcpus=${Math.max(2, vcpus)}`;
}

function memory({ memoryMib, memoryFile }: Machine): string {
  if (memoryFile === null) return `memory-backend-ram,id=memory,size=${memoryMib}M`;
  return `memory-backend-file,id=memory,size=${memoryMib}M,mem-path=${escaped(memoryFile)},share=on`;
}

/** Without a kernel the firmware boots the disk. */
function kernel({ kernel, initrd, commandLine }: Machine): string[] {
  if (kernel === null || initrd === null) return [];
  return ['-kernel', kernel, '-initrd', initrd, '-append', `${ownCommandLine} ${commandLine}`.trim()];
}

/** What the guest gives back (discard) leaves the file; a flush of the guest is one of the file. */
function disk({ disk, kernel }: Machine): string[] {
  if (disk === null) return [];
  const first = kernel === null ? ',bootindex=0' : '';
  return ['-blockdev', JSON.stringify(blockNode(disk)), '-device', `virtio-blk-pci,drive=disk${first}`];
}

function blockNode(disk: Disk): object {
  if ('socket' in disk)
    return { driver: 'nbd', 'node-name': 'disk', server: { type: 'unix', path: disk.socket }, export: 'disk' };
  const format = disk.base === null ? 'raw' : 'qcow2';
  const node = { driver: format, 'node-name': 'disk', discard: 'unmap', file: file(disk.file) };
  // Not as the overlay's own header names it: a fetched image has another path in each sandbox.
  const backing = disk.base && {
    driver: disk.base.format,
    'read-only': true,
    file: { ...file(disk.base.file), 'read-only': true },
  };
  return backing === null ? node : { ...node, backing };
}

const file = (filename: string) => ({ driver: 'file', filename });

/**
 * What a replicated guest says waits for its backup or a round, so the card takes it in bunches: a guest that is rid of each frame at
 * once cuts answers that follow each other into more of them, and tells the card of each.
 */
const gatherNs = 700_000;

function network(net: Network): string[] {
  if (net.type === 'none') return [];
  const mac = ('mac' in net && net.mac) || guestMac;
  const gathers = net.type === 'stream' ? `,tx=timer,x-txtimer=${gatherNs}` : '';
  const card = ['-device', `virtio-net-pci,netdev=network,mac=${mac},romfile=${gathers}`];
  if (net.type === 'stream')
    return ['-netdev', `stream,id=network,addr.type=unix,addr.path=${escaped(net.socket)}`, ...card];
  if (net.type === 'bridge') return ['-netdev', `bridge,id=network,br=${net.name}`, ...card];
  const doors = net.doors.map(
    ({ protocol, listen, hostPort, guestPort }) =>
      `hostfwd=${protocol}:${listen}:${hostPort}-${guestAddress}:${guestPort}`,
  );
  return ['-netdev', ['user,id=network,restrict=on', ...doors].join(','), ...card];
}

/** In QEMU's lists of options a comma is written twice. */
function escaped(value: string): string {
  return value.replaceAll(',', ',,');
}
