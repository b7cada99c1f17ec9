/** An app that is a replicated guest (`replication.protocol` "vm"): which of its three members has what. */
import { createHash } from 'node:crypto';
import type { GuestBridge } from '../executor/assignment.js';
import type { ReplicaDemand } from '../placement/types.js';
import type { AppSpec, VmSpec } from './app.js';

/** Primary, backup and witness: as many as `instances` is. */
export const guestMembers = 3;
/** Any of the others may be primary or backup; this one has no guest, for the whole life of the group. */
export const witnessSlot = 2;
/**
 * What a member with a guest takes beside its guest's memory twice, in MB: once that of its guest, once what QEMU keeps of the last
 * round while it is the backup. QEMU itself, `gaia-vm` and the executor.
 */
export const pairMb = 384;
/**
 * The most that a backup keeps beside its guest's disk in MB, twice: what its guest has written since the last round, and what the
 * round under way brings. `gaia-vm` keeps no more (consensus/native/vm/relay/shared_disk.h).
 */
const asideMbMax = 1024;
/** A witness runs `gaia-vm` and an executor. */
const witnessDemand = { cpus: 0.1, mem: 192, gpus: 0 };

export const isReplicatedGuest = ({ replication }: Pick<AppSpec, 'replication'>): boolean =>
  replication?.protocol === 'vm';

/** What a member with a guest has in its sandbox beside the guest's disk, in MB: the memory, which the relay maps, and what is aside. */
export const besideDiskMb = ({ memory, disk = 0 }: VmSpec): number => memory + 2 * Math.min(disk, asideMbMax);

/** Where the guest's card is; null: behind doors. An address of our own making is local, and that of one `card`: a group has one for all its life. */
export function bridgeOf({ id, container }: Pick<AppSpec, 'id' | 'container'>, card = id): GuestBridge | null {
  const network = container?.vm.network;
  if (network === undefined) return null;
  const bytes = createHash('sha256').update(card).digest().subarray(0, 6);
  bytes[0] = ((bytes[0] as number) & 0xfc) | 0x02;
  const own = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  return { name: network.bridge, mac: network.mac ?? own };
}

/** What the witness asks for in place of a member with a guest. */
export function ofWitness(demand: ReplicaDemand): ReplicaDemand {
  const { cpus, mem, gpus } = witnessDemand;
  return { ...demand, cpus: Math.min(cpus, demand.cpus), mem, gpus };
}
