/** How fast plans are made: 2,000 agents in 10 zones and 200 racks, 1,000 groups, with every agent explained. */
import { type AgentSnapshot, type GroupRequest, place } from '../../placement/index.js';
import { percentile, round } from './measure.js';

const agentCount = 2000;
const groupCount = 1000;
/** Groups in one request of the batch; what a plan explains grows with agents times groups. */
const groupsPerRequest = 100;

function cluster(): AgentSnapshot[] {
  return Array.from({ length: agentCount }, (_, i) => {
    const total = {
      cpus: 4 + (i % 13),
      mem: 8192 + 1024 * (i % 7),
      disk: 100_000,
      gpus: 0,
      ports: [{ begin: 31000, end: 32000 }],
    };
    return {
      id: `S${i}`,
      hostname: `agent-${i}`,
      region: 'eu',
      zone: `z${i % 10}`,
      attributes: { rack: { type: 'text', value: `r${i % 200}` } },
      free: { ...total, cpus: total.cpus - (i % 4) },
      total,
    };
  });
}

function groups(replicas: number, constraints: GroupRequest['constraints']): GroupRequest[] {
  return Array.from({ length: groupCount }, (_, i) => ({
    id: `/bench/${i}`,
    slots: Array.from({ length: replicas }, (_, slot) => slot),
    demand: { cpus: 0.5, mem: 128, disk: 0, gpus: 0, ports: [0, 0] },
    constraints,
    distinctAgents: true,
    spread: ['zone', 'rack', 'host'],
    living: [],
    avoid: {},
    whole: true,
  }));
}

function batches(all: GroupRequest[]): GroupRequest[][] {
  return Array.from({ length: groupCount / groupsPerRequest }, (_, i) =>
    all.slice(i * groupsPerRequest, (i + 1) * groupsPerRequest),
  );
}

function measureGroups(agents: AgentSnapshot[], all: GroupRequest[]) {
  const batchAt = performance.now();
  let placed = 0;
  for (const batch of batches(all)) placed += place({ groups: batch, seed: 1 }, agents).assigned.length;
  const batchSeconds = (performance.now() - batchAt) / 1000;
  const samplesMs = all.slice(0, 200).map((group, seed) => {
    const startedAt = performance.now();
    place({ groups: [group], seed }, agents);
    return performance.now() - startedAt;
  });
  return {
    replicasPlaced: placed,
    replicasPerSecond: Math.round(placed / batchSeconds),
    groupsPerSecond: Math.round(groupCount / batchSeconds),
    oneGroupP50Ms: round(percentile(samplesMs, 0.5)),
    oneGroupP99Ms: round(percentile(samplesMs, 0.99)),
  };
}

export async function run({ replicas }: { replicas: number }): Promise<object> {
  const agents = cluster();
  const rackUnique = { field: 'rack', operator: 'UNIQUE' as const, value: null };
  return {
    agents: agentCount,
    groups: groupCount,
    spread: measureGroups(agents, groups(replicas, [])),
    spreadAndConstraint: measureGroups(agents, groups(replicas, [rackUnique])),
  };
}
