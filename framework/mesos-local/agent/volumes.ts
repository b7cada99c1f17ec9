import { chownSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isVolume } from '../../mesos-http-client/operations.js';
import { reservationRole } from '../../mesos-http-client/resources.js';
import type { Resource } from '../../mesos-http-client/types.js';
import type { Account } from './sandbox.js';

/** Folders of persistent volumes, in Mesos' layout below the agent's work directory, and links to them in sandboxes. */

export function volumePath(workDirectory: string, volume: Resource): string {
  const role = reservationRole(volume).replaceAll('/', ' ');
  return join(workDirectory, 'volumes', 'roles', role, volume.disk?.persistence?.id ?? '');
}

export function makeVolume(workDirectory: string, volume: Resource): void {
  mkdirSync(volumePath(workDirectory, volume), { recursive: true, mode: 0o755 });
}

export function removeVolume(workDirectory: string, volume: Resource): void {
  rmSync(volumePath(workDirectory, volume), { recursive: true, force: true });
}

/**
 * Links the volumes among the resources into the sandbox and gives them to the account that runs there.
 * @throws Error with the path that cannot be linked
 */
export function linkVolumes(
  workDirectory: string,
  resources: readonly Resource[],
  sandbox: string,
  account: Account | null,
): void {
  for (const volume of resources.filter(isVolume)) {
    const path = volumePath(workDirectory, volume);
    const name = volume.disk?.volume?.container_path ?? '';
    if (name === '' || isAbsolute(name) || name.split('/').includes('..'))
      throw new Error(`cannot mount volume at '${name}': only relative paths within the sandbox are supported here`);
    if (!existsSync(path)) throw new Error(`the folder of the volume at '${name}', ${path}, does not exist`);
    if (account) chownSync(path, account.uid, account.gid);
    const link = join(sandbox, name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(path, link);
  }
}
