/** Replicated guests: what the log and the members say of their guest, and what follows for who may leave. Pure. */
import type { GuestReport } from '../../executor/assignment.js';
import { isReplicatedGuest } from '../replicated-guest.js';
import type { GuestView } from '../service.js';
import type { Group, MemberTask } from './quorum.js';
import type { GuestRoles } from './records.js';

type Standing = GuestReport['standing'] | null;

const hasGuest = ({ app }: Group): boolean => isReplicatedGuest(app.active);

/** Null: nothing is known yet. */
const rolesOf = ({ record }: Group): GuestRoles | null => record.guestRoles ?? null;

/** What of a report is newer than what was known; null: nothing. Who told it may end, and others may know less. */
export function newerRoles(group: Group, told: GuestReport | undefined): GuestRoles | null {
  if (!told || told.epoch <= (rolesOf(group)?.epoch ?? 0)) return null;
  const { epoch, primary, backup } = told;
  return { epoch, primary, backup };
}

const numbered = ({ members }: Group, number: number | undefined): MemberTask | undefined =>
  members.find(({ replica }) => replica.self.member === number);

export const standingOf = (task: MemberTask | undefined): Standing => task?.replica.report?.guest?.standing ?? null;

/** Its guest is the one that clients are answered by; undefined: nobody's is, or it is not known. */
export const primaryOf = (group: Group): MemberTask | undefined => numbered(group, rolesOf(group)?.primary);

/** The backup that would go on if the primary were lost now; undefined: there is none. */
export function coveringBackup(group: Group): MemberTask | undefined {
  const backup = numbered(group, rolesOf(group)?.backup);
  const isThere = backup?.state === 'TASK_RUNNING' && standingOf(backup) === 'backup';
  return isThere && standingOf(primaryOf(group)) === 'covered' ? backup : undefined;
}

/** A member may be lost, and the guest goes on; so it is with programs, whatever their group's state. */
export const isCovered = (group: Group): boolean => !hasGuest(group) || coveringBackup(group) !== undefined;

/** Clients are answered by its guest: if it is to leave, the backup has to become the primary first. */
export const isPrimary = (group: Group, task: MemberTask): boolean => primaryOf(group)?.id === task.id;

/** May the guest go on without these members? Programs always may: their state is with every member. */
export function guestBears(group: Group, gone: ReadonlySet<number>): boolean {
  const roles = rolesOf(group);
  if (!roles || !gone.has(roles.primary)) return true;
  const backup = coveringBackup(group);
  return backup !== undefined && !gone.has(backup.replica.self.member);
}

/**
 * Primary and backup of the log have ended. Nobody else has the guest's state, and nobody else may become primary, so this stays so
 * whatever members come.
 */
export function isGuestLost(group: Group): boolean {
  const roles = rolesOf(group);
  return roles !== null && [roles.primary, roles.backup].every((number) => !numbered(group, number));
}

/**
 * The primary, which nobody covers, has been unreachable for too long. It may have the only copy of the guest's state: nothing takes its
 * place, and when it is back the guest goes on.
 */
export const isGuestOutOfReach = (group: Group): boolean =>
  hasGuest(group) && primaryOf(group)?.inactive === true && coveringBackup(group) === undefined;

/** Null: of a program, or nothing is known yet. */
export function guestView(group: Group): GuestView | null {
  const roles = rolesOf(group);
  if (!roles) return null;
  const { primary, backup } = roles;
  return { primary: primary || null, backup: backup || null, covered: isCovered(group) };
}

/** What a deployment waits for beside the group; null: the guest runs, covered or not. */
export function guestProgress(group: Group): string | null {
  if (!hasGuest(group)) return null;
  const primary = primaryOf(group);
  const runs = primary?.state === 'TASK_RUNNING' && standingOf(primary) !== null;
  return runs ? null : `${group.app.id}: its guest does not run yet`;
}

/** What the story tells of a change; null: nothing. */
export function standingSentence(before: Standing, now: Standing): string | null {
  if (before === now) return null;
  if (now === 'covered') return 'its guest is covered: a backup would go on';
  if (now !== 'alone') return null;
  return before === 'backup' ? 'its guest goes on, as the primary' : 'its guest runs without a backup';
}
