/** From an assignment to a running program: checks, files, environment, spawn. */
import { chownSync } from 'node:fs';
import { dirname, join } from 'node:path';
import omit from 'lodash/omit.js';
import type { Assignment, ReplicaAssignment, VmAssignment } from './assignment.js';
import type { Surroundings } from './command-check.js';
import { refuseCriu } from './criu.js';
import { prepareMemberDirectory } from './data-directory.js';
import { ownerOf } from './owner.js';
import { preflight } from './preflight.js';
import { Program } from './process.js';
import { launchGuest } from './vm/launch.js';
import type { Machine } from './vm/machine.js';
import { GuestMember, type MemberOptions } from './vm/member.js';
import { gatewayFile, interposerPath, prepareWorkplace, replicaConfPath } from './workplace.js';

/** The same on every replica, whatever the agent's own PATH is. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface LaunchPlace {
  /** Absolute path of the task's sandbox. */
  sandbox: string;
  /** The interposer library of this installation. */
  interposer: string;
}

export interface Launched {
  program: Program;
  /** Of a guest by itself, which is to be told to run; null for all other programs. */
  machine: Machine | null;
  /** Of a replicated guest; `program` is its gaia-vm. */
  member: GuestMember | null;
  surroundings: Surroundings;
}

/** What a member of a replicated guest tells. */
export type MemberEars = Pick<MemberOptions, 'tell' | 'hear'>;

/** Starts the program. Throws an error whose message is meant for the user. */
export async function launch(assignment: Assignment, place: LaunchPlace, ears: MemberEars): Promise<Launched> {
  const { command, replica } = assignment;
  // Not along the app's own PATH: the probe runs as the executor's user.
  if (replica?.snapshot.provider === 'criu') await refuseCriu(defaultPath);
  const env = environment(assignment, place.sandbox);
  preflight({ assignment, ...place, path: env.PATH ?? defaultPath });
  const owner = ownerOf(assignment.user);
  if (owner !== null) chownSync(place.sandbox, owner.uid, owner.gid);
  if ('vm' in command) {
    const launched = await launchVm(command.vm, replica, { ...place, env, owner }, ears);
    return { ...launched, surroundings: { directory: place.sandbox, env, owner } };
  }
  if (replica !== null) prepareMemberDirectory(replica, owner);
  const directory =
    replica === null ? place.sandbox : prepareWorkplace({ ...place, replica, owner, trace: traceLevel(env) });
  const argv = [
    ...(replica?.gateway ? [join(dirname(place.interposer), gatewayFile)] : []),
    ...('shell' in command ? ['/bin/sh', '-c', command.shell] : command.argv),
  ];
  const program = await Program.start({ argv, env, directory, owner, control: replica !== null });
  // What checks a replica is none itself.
  const around = { directory, owner, env: omit(env, 'LD_PRELOAD', 'GAIA_REPLICA') };
  return { program, machine: null, member: null, surroundings: around };
}

async function launchVm(
  vm: VmAssignment,
  replica: ReplicaAssignment | null,
  place: LaunchPlace & Pick<MemberOptions, 'env' | 'owner'>,
  ears: MemberEars,
): Promise<Omit<Launched, 'surroundings'>> {
  const { group } = vm;
  if (replica === null || group === null) return { ...(await launchGuest(vm, place)), member: null };
  const { sandbox: directory, env, owner } = place;
  const native = dirname(place.interposer);
  const member = await GuestMember.start({
    ...{ replica, vm, group, directory, native, env, owner, ...ears },
  });
  return { program: member.plane, machine: null, member };
}

/** An app's variable GAIA_TRACE asks the interposer to write down every turn. */
function traceLevel({ GAIA_TRACE = '0' }: Record<string, string>): string {
  if (/^[0-2]$/.test(GAIA_TRACE)) return GAIA_TRACE;
  throw new Error(`GAIA_TRACE is ${JSON.stringify(GAIA_TRACE)}; it must be 0, 1 or 2: change it in the app's "env".`);
}

/** Nothing of the executor's own environment gets to the program: it may hold the agent's secrets. */
function environment({ env, replica, command }: Assignment, sandbox: string): Record<string, string> {
  const base = { PATH: defaultPath, LANG: 'C', ...env };
  if (replica === null || 'vm' in command) return { ...base, MESOS_SANDBOX: sandbox };
  const preload = replica.gateway === null ? { LD_PRELOAD: interposerPath } : {};
  return { ...base, ...preload, GAIA_REPLICA: replicaConfPath };
}
