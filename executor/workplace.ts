/**
 * Where a replica's program runs: a directory in the sandbox whose absolute path has the same length on every replica,
 * because paths end up in the program's memory and their lengths shift everything behind them.
 */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type ReplicaAssignment, unpackedDirectory } from './assignment.js';
import type { Owner } from './owner.js';
import { writeReplicaConf } from './replica-conf.js';

/** Room for Mesos' own path with the longest ids, and below what programs expect of a path (PATH_MAX is 4096). */
export const pathBytes = 512;
const componentBytesMax = 200;
/** In a sandbox, and not fetched for the app. */
const notTheApps = ['stdout', 'stderr', 'executor.log', unpackedDirectory];
const filler = 'path-of-equal-length_';

export const interposerFile = 'libgaia-interpose.so';
/** Beside the interposer; stands before programs that cannot be preloaded. */
export const gatewayFile = 'gaia-gateway';
/** Beside the interposer, which loads it where there is an RDMA device. */
const verbsFile = 'libgaia-verbs.so';
export const interposerPath = `./.gaia/${interposerFile}`;
export const replicaConfPath = '.gaia/replica.conf';

/** The path below `sandbox` that makes `${sandbox}/${path}` exactly `pathBytes` bytes long. Throws when there is no room. */
export function paddedPath(sandbox: string): string {
  const room = pathBytes - Buffer.byteLength(sandbox);
  if (room < 2) {
    throw new Error(
      `the sandbox path has ${Buffer.byteLength(sandbox)} bytes and must have at most ${pathBytes - 2} for a replicated ` +
        `app: choose a shorter work_dir for the agent or a shorter app id (${sandbox})`,
    );
  }
  const components = Math.ceil(room / (componentBytesMax + 1));
  const bytes = room - components;
  const lengths = Array.from({ length: components }, (_, index) => Math.floor((bytes + index) / components));
  return lengths.map((length) => filler.repeat(Math.ceil(length / filler.length)).slice(0, length)).join('/');
}

export interface WorkplaceRequest {
  sandbox: string;
  replica: ReplicaAssignment;
  /** The library to be preloaded. */
  interposer: string;
  /** Who the program runs as; null: as the executor. */
  owner: Owner | null;
  /** The interposer's trace level, `0` for none. */
  trace: string;
}

/** Makes the working directory with `.gaia/` in it and gives back its absolute path. */
export function prepareWorkplace({ sandbox, replica, interposer, owner, trace }: WorkplaceRequest): string {
  const root = realpathSync(sandbox);
  const fetched = readdirSync(root).filter((name) => !notTheApps.includes(name));
  const path = paddedPath(root);
  const directory = join(root, path);
  mkdirSync(join(directory, '.gaia', 'journal'), { recursive: true, mode: 0o755 });
  linkFetched(fetched, directory, '../'.repeat(path.split('/').length));
  // A copy: the program must not see another build of the library being put in its place.
  copyFileSync(interposer, join(directory, interposerPath));
  const verbs = join(dirname(interposer), verbsFile);
  if (existsSync(verbs)) copyFileSync(verbs, join(directory, '.gaia', verbsFile));
  chmodSync(join(directory, interposerPath), 0o755);
  writeReplicaConf(join(directory, replicaConfPath), replica, trace);
  if (owner !== null) giveTo(owner, directory);
  return directory;
}

function giveTo({ uid, gid }: Owner, directory: string): void {
  for (const name of ['.', '.gaia', '.gaia/journal', replicaConfPath]) chownSync(join(directory, name), uid, gid);
}

/** What Mesos fetched for the app lies in the sandbox, and commands name it relative to their directory. */
function linkFetched(names: string[], directory: string, up: string): void {
  for (const name of names) if (!existsSync(join(directory, name))) symlinkSync(join(up, name), join(directory, name));
}
