/** The text of `vm.conf`, through which `gaia-vm` learns who it is (consensus/native/vm/README.md). Pure. */
import type { Door, GuestGroup, ReplicaAssignment } from '../assignment.js';
import { replicaConf } from '../replica-conf.js';

/** Names in the directory that gaia-vm and QEMU share: an absolute path may be too long for a socket. */
export const memberFiles = { guest: 'guest.sock', migration: 'migration.sock', memory: 'memory' };
/** QEMU's id of the guest's memory (machine.ts). */
const memoryBlock = 'memory';

export function vmConf(replica: ReplicaAssignment, doors: Door[], { firstPrimary, witness }: GuestGroup): string {
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
  return replicaConf(replica, '0') + pairs.map(([key, value]) => `${key}=${value}\n`).join('');
}
