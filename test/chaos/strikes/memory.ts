/** Memory that gets scarce for a replica: a cgroup of its own, in which it may have little more than it has brought along. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../e2e/system.js';
import { nameOf } from '../replica-processes.js';
import { type Arena, type Begin, Skipped, type Struck } from './arena.js';

/** Of cgroups' first version. */
const controller = '/sys/fs/cgroup/memory';
const emptyMaxMs = 30_000;
const spareBytes = 2 ** 20;

/** What grows beyond it is ended by the kernel. */
async function squeezeMemory(arena: Arena, pick: number): Promise<Struck> {
  if (!existsSync(join(controller, 'memory.limit_in_bytes'))) throw new Skipped(`there is no ${controller}`);
  const victim = arena.pick(arena.replicas(), pick, 'replica');
  const release = await arena.holdLosable(victim);
  const before = groupOf(victim.pid);
  const folder = join(controller, `gaia-chaos-${victim.pid}-${Date.now()}`);
  mkdirSync(folder);
  const set = (name: string, value: number) => writeFileSync(join(folder, name), `${value}`);
  set('memory.limit_in_bytes', spareBytes);
  set('cgroup.procs', victim.pid);
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

/** What is in there, the victim and its clones, goes back to where it came from. */
function emptied(folder: string, before: string): boolean {
  const pids = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
  for (const pid of pids) writeFileSync(join(controller, before, 'cgroup.procs'), pid);
  return pids.length === 0;
}

/** As /proc/PID/cgroup says it. */
const groupOf = (pid: number): string =>
  /^\d+:memory:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '/';

export const memoryStrikes = { 'squeeze-memory': squeezeMemory } satisfies Record<string, Begin>;
