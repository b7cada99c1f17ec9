import { type Group, leaderOf, portOf, redisSpec, System } from '../e2e/system.js';
import { RespConnection } from '../resp.js';
import type { BenchOptions } from './main.js';
import { percentile, round } from './measure.js';

const kills = 30;
const writers = 8;
const app = '/bench/failover';

/**
 * Kills the leader's redis-server (SIGKILL) thirty times under load. `p50Ms`, `p99Ms`: from the kill to the first
 * acknowledged write on a survivor, by clients that try every 2 ms. `electionP50Ms`: from the kill until a survivor
 * reports itself leader, sampled through the API every 10 ms, hence an upper bound. Every acknowledged write is
 * looked for at the end.
 */
export async function run({ replicas }: BenchOptions): Promise<object> {
  const system = await System.start({ agents: Math.max(5, replicas + 1) });
  try {
    await system.deploy(redisSpec(app, { instances: replicas }));
    const ledger = new Map<string, number>();
    const rounds = [];
    for (let i = 0; i < kills; i++) rounds.push(await killOnce(system, replicas, ledger, i));
    const lost = await lostWrites(await system.whole(app, replicas), ledger);
    const outages = rounds.map((one) => one.outageMs);
    return {
      kills,
      replicas,
      p50Ms: round(percentile(outages, 0.5)),
      p99Ms: round(percentile(outages, 0.99)),
      maxMs: round(Math.max(...outages)),
      electionP50Ms: round(
        percentile(
          rounds.map((one) => one.electionMs),
          0.5,
        ),
      ),
      acknowledgedWrites: [...ledger.values()].reduce((sum, value) => sum + value, 0),
      lostAcknowledgedWrites: lost,
    };
  } finally {
    await system.stop();
  }
}

async function killOnce(system: System, replicas: number, ledger: Map<string, number>, sequence: number) {
  const group = await system.whole(app, replicas);
  const leader = leaderOf(group);
  if (!leader?.pid) throw new Error('no leader to kill');
  const survivors = group.replicas.filter((replica) => replica.member !== leader.member);
  const load = new Load(survivors.map(portOf), ledger, sequence);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const killedAt = performance.now();
  process.kill(leader.pid, 'SIGKILL');
  load.killed(killedAt);
  const electionMs = (await newLeader(system, leader.member)) - killedAt;
  const outageMs = await load.finish();
  return { outageMs, electionMs };
}

async function newLeader(system: System, oldMember: number): Promise<number> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const { group } = await system.group(app);
    if (group.leader && group.leader.member !== oldMember) return performance.now();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('no new leader within ten seconds');
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
async function lostWrites(group: Group, ledger: Map<string, number>): Promise<number> {
  const connection = await RespConnection.open(portOf(group.replicas[0] as { address: string }));
  let lost = 0;
  for (const [key, acknowledged] of ledger)
    lost += Math.max(0, acknowledged - Number((await connection.call('GET', key)) ?? 0));
  connection.close();
  return lost;
}
