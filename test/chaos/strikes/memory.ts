/** Memory that gets scarce for a replica: a cgroup of its own, in which it may have little more than it has brought along. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../e2e/system.js';
import { nameOf } from '../replica-processes.js';
import { type Arena, type Begin, Impossible, type Struck } from './arena.js';
import { type MemoryCgroups, memoryCgroupsAt } from './memory-cgroups.js';

const mount = '/sys/fs/cgroup';
const emptyMaxMs = 30_000;
const spareBytes = 2 ** 20;

/** What grows beyond it is ended by the kernel. */
async function squeezeMemory(arena: Arena, pick: number): Promise<Struck> {
  const cgroups = memoryCgroupsAt(mount);
  if (typeof cgroups === 'string') throw new Impossible(cgroups);
  const victim = arena.pick(arena.replicas(), pick, 'replica');
  const release = await arena.holdLosable(victim);
  const { folder, before } = squeeze(victim.pid, cgroups);
  arena.blame(victim.pid);
  return {
    target: nameOf(victim),
    end: async () => {
      await until('the cgroup is empty', emptyMaxMs, async () => emptied(folder, before));
      rmdirSync(folder);
      await release();
    },
  };
}

/** What a process has already is counted where it came from, in both versions. */
export function squeeze(pid: number, { root, limit, groupIn }: MemoryCgroups): { folder: string; before: string } {
  const before = join(root, groupIn(readFileSync(`/proc/${pid}/cgroup`, 'utf8')));
  const folder = join(root, `gaia-chaos-${pid}-${Date.now()}`);
  mkdirSync(folder);
  writeFileSync(join(folder, limit), `${spareBytes}`);
  writeFileSync(join(folder, 'cgroup.procs'), `${pid}`);
  return { folder, before };
}

/** What is in there, the victim and its clones, goes back to where it came from. */
function emptied(folder: string, before: string): boolean {
  const pids = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
  for (const pid of pids) writeFileSync(join(before, 'cgroup.procs'), pid);
  return pids.length === 0;
}

export const memoryStrikes = { 'squeeze-memory': squeezeMemory } satisfies Record<string, Begin>;
