/** Replicas in words. */
import type { GuestRoles, ReplicaRow } from './app-json.js';
import { placeOf } from './domains.js';
import { UNKNOWN } from './format.js';

const WITNESS_SLOT = 2;

/** 'leader', and of replicated guests 'leader, primary (covered)'. */
export function roleOf(replica: ReplicaRow, guest: GuestRoles | null): string {
  const role = replica.role ?? UNKNOWN;
  return guest === null ? role : `${role}, ${guestRoleOf(replica, guest)}`;
}

function guestRoleOf({ member, slot, guest: report }: ReplicaRow, { primary, backup }: GuestRoles): string {
  if (slot === WITNESS_SLOT) return 'witness';
  const role = member === primary ? 'primary' : member === backup ? 'backup' : 'no guest yet';
  return report !== undefined && report.standing !== role ? `${role} (${report.standing})` : role;
}

/** The transports to those it is connected to. */
export function transportsOf({ transports }: ReplicaRow): string {
  if (transports === undefined) return UNKNOWN;
  const used = new Set(transports.flatMap(({ connected, transport }) => (connected ? [transport] : [])));
  return used.size === 0 ? 'none' : [...used].join(', ');
}

/** What somebody should know of a replica beside its row, in sentences. */
export function remarksOn(replica: ReplicaRow): string[] {
  const { slot, divergence, joining, journalError, snapshotError, transports = [], message } = replica;
  const remarks = [
    divergence && `its output differs from that of member ${divergence.otherMember} at entry ${divergence.index}`,
    joining && joiningText(joining),
    journalError,
    snapshotError,
    replica.state === 'TASK_RUNNING' ? null : message,
    ...transports.map(({ connected, member, transportReason }) =>
      connected || transportReason === '' ? null : `not connected to member ${member}: ${transportReason}`,
    ),
  ];
  return remarks.flatMap((remark) => (remark ? [`Slot ${slot}: ${remark.split('\n')[0]}`] : []));
}

function joiningText({ provider, bytesDone, bytesTotal }: NonNullable<ReplicaRow['joining']>): string {
  if (bytesTotal === 0) return 'it joins, and waits for a snapshot of the group';
  return `it joins: ${Math.floor((100 * bytesDone) / bytesTotal)} % of a snapshot from member ${provider}`;
}

/** 'zone a, rack r1' */
export const placeText = (zone: string | null | undefined, attributes: Record<string, string>): string =>
  placeOf({ region: null, zone: zone ?? null, attributes });
