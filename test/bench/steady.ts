import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { redisSpec, System } from '../e2e/system.js';
import type { BenchOptions } from './main.js';

const transports = ['shm', 'tcp'] as const;

/**
 * Whether anyone is elected without need: a replicated redis-server per transport, left alone for `seconds`, then for
 * as long with a busy loop on every processor. A group whose leader's term has risen has held an election.
 */
export async function run({ replicas, seconds }: BenchOptions): Promise<object> {
  const system = await System.start({ agents: Math.max(5, replicas) });
  try {
    for (const transport of transports) {
      const id = `/bench/${transport}`;
      await system.deploy(redisSpec(id, { instances: replicas, replication: { protocol: 'apus', transport } }));
      await system.whole(id, replicas);
    }
    const idle = await electionsDuring(system, seconds);
    const busy = cpus().map(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
    const loaded = await electionsDuring(system, seconds).finally(() => {
      for (const child of busy) child.kill('SIGKILL');
    });
    return { spuriousElections: { idle, loaded }, processors: cpus().length };
  } finally {
    await system.stop();
  }
}

/** Terms gone up by, per transport. */
async function electionsDuring(system: System, seconds: number): Promise<Record<string, number>> {
  const before = await terms(system);
  await sleep(seconds * 1000);
  const after = await terms(system);
  return Object.fromEntries(transports.map((name, i) => [name, (after[i] as number) - (before[i] as number)]));
}

async function terms(system: System): Promise<number[]> {
  return await Promise.all(
    transports.map(async (transport) => {
      const { replicas } = await system.group(`/bench/${transport}`);
      return Math.max(...replicas.map((replica) => replica.term ?? 0));
    }),
  );
}
