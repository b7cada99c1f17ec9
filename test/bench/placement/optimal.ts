/**
 * Small random instances against an exhaustive solver: is every plan legal, is any single group refused that fits, and
 * how far do plans for several groups in a given order stay behind the best choice of groups and agents.
 */
import { type AgentSnapshot, type GroupRequest, place } from '../../../placement/index.js';
import { agent, constraint, group } from '../../placement/build.js';
import { isValid, multisets } from '../../placement/oracle.js';
import { type Random, randomFrom } from '../../random.js';
import { round } from '../measure.js';
import { pick } from './cluster.js';

const rules = [[], [], [], [constraint('rack', 'UNIQUE')], [constraint('rack', 'MAX_PER', '2')]];

export function measureOptimal(instances: number, seed: number) {
  const random = randomFrom(seed);
  let illegal = 0;
  let refusedFeasible = 0;
  let optimal = 0;
  let behind = 0;
  for (let i = 0; i < instances; i++) {
    const agents = drawAgents(random);
    const groups = Array.from({ length: 1 + (i % 3) }, (_, number) => drawGroup(random, number));
    const placed = placedBy(agents, groups);
    const best = mostReplicas(agents, groups);
    if (placed === null) illegal += 1;
    if (groups.length === 1 && placed === 0 && best > 0) refusedFeasible += 1;
    if (placed === best) optimal += 1;
    else behind += 1 - (placed ?? 0) / best;
  }
  return {
    instances,
    illegal,
    refusedFeasible,
    optimalPercent: round((100 * optimal) / instances),
    meanGapPercent: round((100 * behind) / instances),
  };
}

function drawAgents(random: Random): AgentSnapshot[] {
  return Array.from({ length: 2 + Math.floor(random() * 4) }, (_, i) =>
    agent(`s${i}`, {
      cpus: pick(random, [0.5, 1, 1.5, 2, 3]),
      mem: pick(random, [1, 2, 3, 4]),
      zone: pick(random, ['a', 'b']),
      text: { rack: pick(random, ['1', '2', '3']) },
    }),
  );
}

function drawGroup(random: Random, number: number): GroupRequest {
  return group({
    id: `/g${number}`,
    slots: Array.from({ length: 1 + Math.floor(random() * 3) }, (_, slot) => slot),
    demand: { cpus: pick(random, [0.5, 1, 1.5]), mem: pick(random, [0, 1, 2]), disk: 0, gpus: 0, ports: [] },
    constraints: pick(random, rules),
    spread: pick(random, [[], ['zone', 'rack']]),
  });
}

/** Null: the plan breaks a promise. */
function placedBy(agents: AgentSnapshot[], groups: GroupRequest[]): number | null {
  const { assigned } = place({ groups, seed: 1 }, agents);
  let left = agents;
  for (const one of groups) {
    const chosen = assigned
      .filter((row) => row.group === one.id)
      .map(({ agentId }) => agents.findIndex(({ id }) => id === agentId));
    if (chosen.length !== 0 && chosen.length !== one.slots.length) return null;
    if (!isValid(one, left, chosen)) return null;
    left = without(left, one, chosen);
  }
  return assigned.length;
}

/** Replicas of the best choice of whole groups, wherever they go. */
function mostReplicas(agents: AgentSnapshot[], groups: GroupRequest[]): number {
  const [first, ...rest] = groups;
  if (!first) return 0;
  const all = groups.reduce((sum, { slots }) => sum + slots.length, 0);
  let best = 0;
  for (const chosen of multisets(agents.length, first.slots.length)) {
    if (!isValid(first, agents, chosen)) continue;
    best = Math.max(best, chosen.length + mostReplicas(without(agents, first, chosen), rest));
    if (best === all) return best;
  }
  return Math.max(best, mostReplicas(agents, rest));
}

function without(agents: AgentSnapshot[], { demand }: GroupRequest, chosen: number[]): AgentSnapshot[] {
  return agents.map((one, i) => {
    const replicas = chosen.filter((at) => at === i).length;
    const { cpus, mem } = one.free;
    return { ...one, free: { ...one.free, cpus: cpus - replicas * demand.cpus, mem: mem - replicas * demand.mem } };
  });
}
