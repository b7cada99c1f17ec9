/**
 * Where a replica with durability `disk` keeps what outlives its process and its sandbox: one folder for each member below
 * the agent's data directory, or on a persistent volume of its own, `GROUP/SLOT-MEMBER`.
 */
import { chownSync, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ReplicaAssignment } from './assignment.js';
import type { Owner } from './owner.js';

/** Slashes of a group's name become what no app id contains. */
const folderOf = (group: string) => group.replaceAll('/', '_');

/** The member's folder, as an absolute path; null with durability `memory`. */
export function memberDirectory({ durability, dataDirectory, group, self }: ReplicaAssignment): string | null {
  if (durability === 'memory' || dataDirectory === null) return null;
  // A volume is a folder in the sandbox, where executors run.
  return resolve(dataDirectory, folderOf(group), `${self.slot}-${self.member}`);
}

/**
 * Makes the folder, or finds it where the member returns, and removes those of the members it takes the place of.
 * Throws an error whose message is meant for the user.
 */
export function prepareMemberDirectory(replica: ReplicaAssignment, owner: Owner | null): void {
  const directory = memberDirectory(replica);
  if (directory === null) return;
  if (replica.returns && !existsSync(directory)) {
    throw new Error(
      `What member ${replica.self.member} kept in ${directory} is gone, so it cannot return: a new member must take its place.`,
    );
  }
  try {
    // Left by another app of this name, deleted while its member was away.
    if (!replica.returns) rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (owner !== null) for (const path of [dirname(directory), directory]) chownSync(path, owner.uid, owner.gid);
  } catch (error) {
    throw new Error(
      `${directory} cannot be made (${(error as Error).message}): give the framework a --data-directory that executors may write.`,
    );
  }
  removePredecessors(directory, replica);
}

function removePredecessors(directory: string, { self }: ReplicaAssignment): void {
  for (const name of readdirSync(dirname(directory))) {
    const [slot, member] = name.split('-').map(Number);
    if (slot === self.slot && member !== undefined && member < self.member) {
      rmSync(join(dirname(directory), name), { recursive: true, force: true });
    }
  }
}

/** Whether what it kept is marked as useless (consensus/native/runtime/data_directory.cc), so that no life of this member comes after this one. */
export function isCondemned(replica: ReplicaAssignment): boolean {
  const directory = memberDirectory(replica);
  return directory !== null && existsSync(join(directory, 'condemned'));
}

/** After the member's end by order: it never returns. */
export function removeMemberDirectory(replica: ReplicaAssignment): void {
  const directory = memberDirectory(replica);
  if (directory === null) return;
  rmSync(directory, { recursive: true, force: true });
  try {
    rmdirSync(dirname(directory));
  } catch {
    // Other members of the group keep theirs there.
  }
}
