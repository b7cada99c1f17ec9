/** The text of `vm.conf`, through which `gaia-vm` learns who it is (consensus/native/vm/README.md). Pure. */
import type { GuestGroup, ReplicaAssignment, VmAssignment } from '../assignment.js';
import { replicaConf } from '../replica-conf.js';

/** Names in the directory that gaia-vm and QEMU share: an absolute path may be too long for a socket. */
export const memberFiles = {
  guest: 'guest.sock',
  migration: 'migration.sock',
  memory: 'memory',
  disk: 'disk.sock',
  diskFile: 'disk.raw',
};
/** QEMU's id of the guest's memory (machine.ts). */
const memoryBlock = 'memory';

export function vmConf(
  replica: ReplicaAssignment,
  { doors, disk, bridge }: Pick<VmAssignment, 'doors' | 'disk' | 'bridge'>,
  { firstPrimary, witness }: GuestGroup,
): string {
  const pairs: [key: string, value: string | number][] = [
    ['first_primary', firstPrimary],
    ...doors.map(({ protocol, listen, hostPort, guestPort }): [string, string] => [
      'door',
      [protocol, listen, hostPort, guestPort].join(','),
    ]),
  ];
  if (!witness)
    pairs.push(
      ['guest_socket', memberFiles.guest],
      ['migration_socket', memberFiles.migration],
      ['memory', `${memoryBlock},${memberFiles.memory}`],
    );
  if (!witness && bridge !== null) pairs.push(['bridge', `${bridge.name},${bridge.mac}`]);
  if (!witness && disk !== null) pairs.push(['disk', `${memberFiles.disk},${memberFiles.diskFile}`]);
  return replicaConf(replica, '0') + pairs.map(([key, value]) => `${key}=${value}\n`).join('');
}
