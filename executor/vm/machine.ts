/** The command line of QEMU for one guest. Pure: the same machine gives the same words. */

import type { Door, VmAssignment } from '../assignment.js';

export type Accelerator = 'kvm' | 'tcg';

/** Its files are absolute paths. */
export interface Machine extends Omit<VmAssignment, 'doors' | 'group'> {
  accelerator: Accelerator;
  network: Network;
  /** The file that is the guest's memory, for others to map; null: memory of QEMU's own. */
  memoryFile: string | null;
  /** Waits for a migration instead of booting. */
  incoming: boolean;
}

export type Network =
  /** QEMU's own stack: no way out for the guest, and doors from ports of the host into it. */
  | { type: 'user'; doors: Door[] }
  /** Frames over a Unix socket that somebody else listens on. */
  | { type: 'stream'; socket: string }
  | { type: 'none' };

/** The guest's address in QEMU's own stack. */
export const guestAddress = '10.0.2.15';
/** Of the one network card. Replicas of a guest must have the same. */
const guestMac = '52:54:00:67:61:01';
/** QMP is on this descriptor, which QEMU inherits. */
export const qmpDescriptor = 3;
/** Translated code that TCG keeps; its default may grow to a gigabyte. */
const translatedMib = 64;
/** A guest that panics starts again instead of standing still; the console is the first serial line. */
const ownCommandLine = 'console=ttyS0 panic=1';

/** QEMU starts with the guest stopped, QMP on `qmpDescriptor`, the console on standard output, its own words on standard error. */
export function machineArguments(machine: Machine): string[] {
  const { kernel, initrd, commandLine, memoryMib, vcpus } = machine;
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-S'],
    ...['-machine', 'pc,memory-backend=memory', ...processor(machine.accelerator), '-smp', `${vcpus}`],
    ...['-m', `${memoryMib}M`, '-object', memory(machine)],
    ...['-chardev', `socket,id=qmp,fd=${qmpDescriptor}`, '-mon', 'chardev=qmp,mode=control'],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-kernel', kernel, '-initrd', initrd, '-append', `${ownCommandLine} ${commandLine}`.trim()],
    ...network(machine.network),
    ...(machine.incoming ? ['-incoming', 'defer'] : []),
  ];
}

function processor(accelerator: Accelerator): string[] {
  if (accelerator === 'kvm') return ['-accel', 'kvm', '-cpu', 'host'];
  return ['-accel', `tcg,thread=multi,tb-size=${translatedMib}`, '-cpu', 'max'];
}

function memory({ memoryMib, memoryFile }: Machine): string {
  if (memoryFile === null) return `memory-backend-ram,id=memory,size=${memoryMib}M`;
  return `memory-backend-file,id=memory,size=${memoryMib}M,mem-path=${escaped(memoryFile)},share=on`;
}

function network(net: Network): string[] {
  if (net.type === 'none') return [];
  const card = ['-device', `virtio-net-pci,netdev=network,mac=${guestMac},romfile=`];
  if (net.type === 'stream')
    return ['-netdev', `stream,id=network,addr.type=unix,addr.path=${escaped(net.socket)}`, ...card];
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
