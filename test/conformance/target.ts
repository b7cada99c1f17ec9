import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalCluster, startLocalCluster } from '../../framework/mesos-local/cluster.js';
import { AGENT_TIMINGS, MASTER_TIMINGS } from '../../framework/mesos-local/timings.js';
import { page } from './raw-http.js';
import { until } from './wait.js';

/**
 * What the suite runs against: a fresh embedded cluster, or the master of MASTER_URL (set by `main.ts`) with at least two idle agents
 * on this host and default timings (its agents are then neither killed nor restarted).
 */
export interface Target {
  masterUrl: string;
  /** Null for a master of somebody else. */
  cluster: LocalCluster | null;
  timings: typeof MASTER_TIMINGS & typeof AGENT_TIMINGS;
  stop(): Promise<void>;
}

const SHORT_TIMINGS = {
  allocationIntervalMs: 200,
  heartbeatIntervalMs: 400,
  agentPingIntervalMs: 300,
  agentPingsMissedMax: 4,
  retryBaseMs: 400,
  executorRegistrationTimeoutMs: 5000,
  executorShutdownGraceMs: 700,
};

export async function startTarget(agentCount = 2): Promise<Target> {
  const timings = { ...MASTER_TIMINGS, ...AGENT_TIMINGS };
  const masterUrl = process.env.MASTER_URL;
  if (masterUrl) return { masterUrl, cluster: null, timings, stop: async () => {} };
  const directory = mkdtempSync(join(tmpdir(), 'mesos-local-'));
  const agents = Array.from({ length: agentCount }, (_, index) => ({
    hostname: `agent-${index}`,
    attributes: `rack:r${index}`,
    zone: `z${index}`,
    region: 'local',
    resources: 'cpus:4;mem:4096;disk:10240',
  }));
  const cluster = await startLocalCluster({ directory, agents, timings: SHORT_TIMINGS, detached: false });
  const stop = async () => {
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  await agentsRegistered(cluster.masterUrl, agentCount);
  return { masterUrl: cluster.masterUrl, cluster, timings: { ...timings, ...SHORT_TIMINGS }, stop };
}

export async function agentsRegistered(masterUrl: string, count: number): Promise<void> {
  await until(`${count} active agents`, async () => (await activeAgents(masterUrl)) === count);
}

export async function activeAgents(masterUrl: string): Promise<number> {
  const { slaves } = await page<{ slaves: { active: boolean }[] }>(masterUrl, '/slaves');
  return slaves.filter((agent) => agent.active).length;
}
