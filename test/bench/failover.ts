import { type Group, leaderOf, portOf, redisSpec, System } from '../e2e/system.js';
import { RespConnection } from '../resp.js';
import type { BenchOptions } from './main.js';
import { percentile, round } from './measure.js';
import { failovers } from './native.js';

const writers = 8;
const app = '/bench/failover';

/**
 * `native`: a group of consensus members, each a process; from SIGKILL of the leader until a survivor leads (detection and
 * election) and until its first entry is committed. `redis`: the leader's redis-server of a deployed app is killed under
 * load, and clients that try every 2 ms time the first write that a survivor acknowledges. What was acknowledged is looked
 * for afterwards, in both.
 */
export async function run({ replicas, kills }: BenchOptions): Promise<object> {
  const native = {
    shm: failovers({ transport: 'shm', replicas, kills }),
    tcp: failovers({ transport: 'tcp', replicas, kills }),
  };
  const redis = { shm: await killRedis('shm', replicas, kills), tcp: await killRedis('tcp', replicas, kills) };
  const lost = native.shm.lostEntries + native.tcp.lostEntries + redis.shm.lostWrites + redis.tcp.lostWrites;
  return {
    kills,
    electionP50Ms: { shm: native.shm.electionP50Ms, tcp: native.tcp.electionP50Ms },
    p50Ms: redis.shm.p50Ms,
    p99Ms: redis.shm.p99Ms,
    lostAcknowledgedWrites: lost,
    native,
    redis,
  };
}

async function killRedis(transport: 'shm' | 'tcp', replicas: number, kills: number) {
  const system = await System.start({ agents: Math.max(5, replicas + 1) });
  try {
    await system.deploy(redisSpec(app, { instances: replicas, replication: { protocol: 'apus', transport } }));
    const ledger = new Map<string, number>();
    const outages: number[] = [];
    let group = await system.whole(app, replicas);
    for (let i = 0; i < kills; i++) {
      const killed = leaderOf(group);
      if (!killed?.pid) throw new Error('no leader to kill');
      outages.push(await killOnce(group, killed.pid, ledger, i));
      group = await system.replaced(app, killed.member, replicas);
    }
    const lostWrites = await lookForLost(group, ledger);
    return {
      p50Ms: round(percentile(outages, 0.5)),
      p99Ms: round(percentile(outages, 0.99)),
      maxMs: round(Math.max(...outages)),
      acknowledgedWrites: [...ledger.values()].reduce((sum, value) => sum + value, 0),
      lostWrites,
    };
  } finally {
    await system.stop();
  }
}

/** Milliseconds from the kill of the leader's process to the first write that a survivor acknowledged. */
async function killOnce(group: Group, pid: number, ledger: Map<string, number>, sequence: number): Promise<number> {
  const survivors = group.replicas.filter((replica) => replica.pid !== pid);
  const load = new Load(survivors.map(portOf), ledger, sequence);
  await new Promise((resolve) => setTimeout(resolve, 300));
  process.kill(pid, 'SIGKILL');
  load.killed(performance.now());
  return await load.finish();
}

/** Writers that count their own acknowledged INCRs, reconnecting to survivors whenever a connection ends. */
class Load {
  private killedAtMs = Number.POSITIVE_INFINITY;
  private firstAfterMs: number | null = null;
  private stopping = false;
  private readonly running: Promise<void>[];

  constructor(
    private readonly ports: number[],
    private readonly ledger: Map<string, number>,
    sequence: number,
  ) {
    this.running = Array.from({ length: writers }, (_, id) => this.write(`w${sequence}-${id}`, id));
  }

  killed(atMs: number): void {
    this.killedAtMs = atMs;
  }

  /** Waits for the first write after the kill, then ends the load; milliseconds of outage. */
  async finish(): Promise<number> {
    for (let i = 0; this.firstAfterMs === null; i++) {
      if (i > 5000) throw new Error('no write was acknowledged within ten seconds of the kill');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    this.stopping = true;
    await Promise.all(this.running);
    return this.firstAfterMs - this.killedAtMs;
  }

  private async write(key: string, id: number): Promise<void> {
    for (let attempt = id; !this.stopping; attempt++) {
      const port = this.ports[attempt % this.ports.length] as number;
      try {
        await this.writeThrough(await RespConnection.open(port), key);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
  }

  private async writeThrough(connection: RespConnection, key: string): Promise<void> {
    try {
      while (!this.stopping) {
        const sentAt = performance.now();
        await connection.call('INCR', key);
        this.ledger.set(key, (this.ledger.get(key) ?? 0) + 1);
        if (sentAt > this.killedAtMs) this.firstAfterMs ??= performance.now();
      }
    } finally {
      connection.close();
    }
  }
}

/** A counter may be above its ledger (an unknown outcome that did happen), never below. */
async function lookForLost(group: Group, ledger: Map<string, number>): Promise<number> {
  const connection = await RespConnection.open(portOf(group.replicas[0] as { address: string }));
  let lost = 0;
  for (const [key, acknowledged] of ledger)
    lost += Math.max(0, acknowledged - Number((await connection.call('GET', key)) ?? 0));
  connection.close();
  return lost;
}
