/**
 * Placement as others do it, beside ours: one score, all agents looked at, two replicas of a group never on one agent.
 * The Kubernetes-like ones are NodeResourcesFit's LeastAllocated and MostAllocated with equal weights for cpus and mem.
 * Groups that are known at once they take by the sum of the shares of the largest agent, the largest first.
 */
import lodash from 'lodash';
import { Inventory, type Seat } from '../../../placement/index.js';
import { agentOf, demandOf, groupOf, type Shape } from './cluster.js';

export interface Wanted {
  replicas: number;
  demand: Shape;
}

interface Bin extends Shape {
  left: Shape;
  number: number;
}

/** Higher is better; of equals the first. */
type Score = (bin: Bin, demand: Shape) => number;

const freeShare = ({ left, cpus, mem }: Bin, demand: Shape) =>
  ((left.cpus - demand.cpus) / cpus + (left.mem - demand.mem) / mem) / 2;

const scores: Record<string, Score> = {
  firstFit: ({ number }) => -number,
  worstFit: ({ left }, demand) => Math.max(left.cpus - demand.cpus, (left.mem - demand.mem) / 4096),
  leastAllocated: freeShare,
  mostAllocated: (bin, demand) => -freeShare(bin, demand),
};

export const policies = ['ours', ...Object.keys(scores)];

export interface Cluster {
  /** Places a whole group; false: it does not fit, and nothing was taken. */
  place(wanted: Wanted): boolean;
  /** Places groups that are known at once, in its own order; returns how many replicas found a place. */
  placeAll(groups: readonly Wanted[]): number;
  /** Agents that have at least one replica. */
  used(): number;
}

export function clusterOf(policy: string, agents: readonly Shape[], spread: string[] = []): Cluster {
  const score = scores[policy];
  return score ? scored(score, agents) : ours(agents, spread);
}

function ours(agents: readonly Shape[], spread: string[]): Cluster {
  const inventory = new Inventory(agents.map((shape, i) => agentOf(i, shape)));
  const used = new Set<string>();
  let groups = 0;
  const request = ({ replicas, demand }: Wanted) => groupOf(groups++, replicas, demandOf(demand), spread);
  const count = (seats: readonly Seat[]) => {
    for (const { agentId } of seats) used.add(agentId);
    return seats.length;
  };
  return {
    place: (wanted) => count(inventory.place(request(wanted), 1)) > 0,
    placeAll: (all) => count(inventory.placeAll(all.map(request), 1).flat()),
    used: () => used.size,
  };
}

function scored(score: Score, agents: readonly Shape[]): Cluster {
  const bins = agents.map((shape, number): Bin => ({ ...shape, left: { ...shape }, number }));
  const place = ({ replicas, demand }: Wanted) => {
    const chosen = best(bins, score, demand, replicas);
    if (chosen.length < replicas) return false;
    for (const { left } of chosen) {
      left.cpus -= demand.cpus;
      left.mem -= demand.mem;
    }
    return true;
  };
  return {
    place,
    placeAll: (all) => lodash.sumBy(decreasing(all, agents).filter(place), 'replicas'),
    used: () => bins.filter(({ left, cpus, mem }) => left.cpus < cpus || left.mem < mem).length,
  };
}

function decreasing(all: readonly Wanted[], agents: readonly Shape[]): Wanted[] {
  const [cpus, mem] = [Math.max(...agents.map((agent) => agent.cpus)), Math.max(...agents.map((agent) => agent.mem))];
  const share = ({ demand }: Wanted) => demand.cpus / cpus + demand.mem / mem;
  return all.toSorted((a, b) => share(b) - share(a));
}

const slack = 1e-6;

function best(bins: readonly Bin[], score: Score, demand: Shape, replicas: number): Bin[] {
  const top: { bin: Bin; value: number }[] = [];
  for (const bin of bins) {
    if (bin.left.cpus + slack < demand.cpus || bin.left.mem + slack < demand.mem) continue;
    const value = score(bin, demand);
    if (top.length === replicas && value <= (top.at(-1)?.value ?? 0)) continue;
    const at = top.findIndex((other) => value > other.value);
    top.splice(at === -1 ? top.length : at, 0, { bin, value });
    if (top.length > replicas) top.pop();
  }
  return top.map(({ bin }) => bin);
}
