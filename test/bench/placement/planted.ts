/**
 * Clusters with a planted solution: agents are filled to the brim first, then what lies on them is cut into groups and
 * handed out in random order. All of it fits, and whoever places does not know how. `firstRefusal`: the share of the replicas placed
 * before the first group was refused, one group after another; `batch`: the share placed when all groups are known at once.
 */
import lodash from 'lodash';
import { type Random, randomFrom } from '../../random.js';
import { gib, ladder, machines, pick, type Shape, shuffled } from './cluster.js';
import { type Cluster, clusterOf, policies, type Wanted } from './policies.js';

const catalogues: Record<string, Shape[]> = {
  'powers of two': shapes([0.5, 0.5], [1, 1], [2, 4], [4, 8], [1, 4], [2, 2]),
  'rich in mem': shapes([0.5, 2], [1, 6], [2, 3], [4, 4], [3, 12], [1.5, 1]),
  'small and large': shapes([0.5, 1], [1, 4], [2, 4], [4, 16], [12, 32], [28, 100]),
  'odd sizes': shapes([0.7, 1.1], [1.3, 2.9], [2.6, 3.1], [3.7, 9.3], [5.1, 6.2], [0.9, 7.7]),
};
const sizes = [7, 5, 3];
const missesMax = 200;

function shapes(...rows: [cpus: number, gib: number][]): Shape[] {
  return rows.map(([cpus, mem]) => ({ cpus, mem: Math.round(mem * gib) }));
}

/** Means over the seeds. */
export function measurePlanted(agentCount: number, seeds: readonly number[]) {
  return Object.entries(catalogues).map(([catalogue, demands]) => {
    const runs = seeds.map((seed) => measureOnce(agentCount, demands, randomFrom(seed)));
    const means = (read: (run: Run) => Record<string, number>) =>
      lodash.mapValues(read(runs[0] as Run), (_, key) =>
        Number(lodash.meanBy(runs, (run) => read(run)[key]).toFixed(4)),
      );
    return {
      catalogue,
      filled: means(({ filled }) => filled),
      firstRefusal: means(({ firstRefusal }) => firstRefusal),
      batch: means(({ batch }) => batch),
    };
  });
}

type Run = ReturnType<typeof measureOnce>;

function measureOnce(agentCount: number, demands: readonly Shape[], random: Random) {
  const agents = Array.from({ length: agentCount }, () => pick(random, machines));
  const groups = plant(random, agents, demands);
  const all = groups.reduce((sum, { replicas }) => sum + replicas, 0);
  const shares = (placed: (policy: string, spread?: string[]) => number): Record<string, number> => ({
    ...Object.fromEntries(policies.map((policy) => [policy, placed(policy) / all])),
    oursSpread: placed('ours', ladder) / all,
  });
  return {
    filled: filledShare(agents, groups),
    firstRefusal: shares((policy, spread) => untilRefusal(clusterOf(policy, agents, spread), groups)),
    batch: shares((policy, spread) => clusterOf(policy, agents, spread).placeAll(groups)),
  };
}

function plant(random: Random, agents: readonly Shape[], demands: readonly Shape[]): Wanted[] {
  const homes = new Map<Shape, number[]>(demands.map((demand) => [demand, []]));
  for (const [number, agent] of agents.entries()) {
    const left = { ...agent };
    for (let misses = 0; misses < missesMax; ) {
      const demand = pick(random, demands);
      if (demand.cpus > left.cpus || demand.mem > left.mem) misses += 1;
      else {
        left.cpus -= demand.cpus;
        left.mem -= demand.mem;
        homes.get(demand)?.push(number);
      }
    }
  }
  return shuffled(
    random,
    [...homes].flatMap(([demand, on]) => cut(random, demand, on)),
  );
}

/** Groups of replicas that lie on different agents; what is left over is nobody's. */
function cut(random: Random, demand: Shape, on: readonly number[]): Wanted[] {
  const groups: Wanted[] = [];
  let rest = shuffled(random, on);
  for (;;) {
    const size = pick(random, sizes);
    const chosen = new Set<number>();
    const passed: number[] = [];
    let at = 0;
    for (; at < rest.length && chosen.size < size; at++) {
      const agent = rest[at] as number;
      if (chosen.has(agent)) passed.push(agent);
      else chosen.add(agent);
    }
    if (chosen.size < size && size > 3 && rest.length >= 3) continue;
    if (chosen.size < size) return groups;
    groups.push({ replicas: size, demand });
    rest = rest.slice(at).concat(passed);
  }
}

function filledShare(agents: readonly Shape[], groups: readonly Wanted[]) {
  const share = (dimension: keyof Shape) =>
    groups.reduce((sum, group) => sum + group.replicas * group.demand[dimension], 0) /
    agents.reduce((sum, agent) => sum + agent[dimension], 0);
  return { cpus: share('cpus'), mem: share('mem') };
}

/** How many replicas were placed before the first group was refused. */
function untilRefusal({ place }: Cluster, groups: readonly Wanted[]): number {
  const refused = groups.findIndex((group) => !place(group));
  const placed = refused === -1 ? groups : groups.slice(0, refused);
  return placed.reduce((sum, { replicas }) => sum + replicas, 0);
}
