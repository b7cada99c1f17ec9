/** Where this machine bounds the memory of processes: cgroups of the first version, or of the second one. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryCgroups {
  /** Cgroups are folders in there. */
  root: string;
  /** The file of a cgroup that says how many bytes it may have. */
  limit: string;
  /** The cgroup of a process, below `root`, by its /proc/PID/cgroup. */
  groupIn(text: string): string;
}

/** @returns a string: why there are none */
export function memoryCgroupsAt(mount: string): MemoryCgroups | string {
  const first = join(mount, 'memory');
  if (existsSync(join(first, 'memory.limit_in_bytes')))
    return {
      root: first,
      limit: 'memory.limit_in_bytes',
      groupIn: (text) => /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(text)?.[1] ?? '/',
    };
  if (!existsSync(join(mount, 'cgroup.controllers'))) return `there are no cgroups of memory at ${mount}`;
  // What the topmost one does not hand on has no file in those below it; that is not a test's to change.
  const handedOn = readFileSync(join(mount, 'cgroup.subtree_control'), 'utf8').split(/\s+/);
  if (!handedOn.includes('memory')) return `cgroups at ${mount} are not handed memory (cgroup.subtree_control)`;
  return { root: mount, limit: 'memory.max', groupIn: (text) => /^0::(.*)$/m.exec(text)?.[1] ?? '/' };
}
