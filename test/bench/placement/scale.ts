/**
 * Placements per second as a cluster fills: ten replicas an agent in groups of 3, 5 and 7 that arrive one after another,
 * one group in ten leaving again. Every placement is checked afterwards by counting anew.
 */
import { type GroupRequest, Inventory, type ReplicaDemand, type Seat } from '../../../placement/index.js';
import { type Random, randomFrom } from '../../random.js';
import { percentile, round } from '../measure.js';
import { agentOf, demandOf, groupOf, machines, pick } from './cluster.js';

const replicasPerAgent = 10;
const sizes = [3, 5, 7];
const cpus = [0.5, 1, 2, 4];
const mems = [512, 1024, 4096, 8192];

interface Living {
  group: GroupRequest;
  seats: Seat[];
}

export function measureScale(agents: number, seed: number) {
  const random = randomFrom(seed);
  const snapshot = Array.from({ length: agents }, (_, i) => agentOf(i, pick(random, machines)));
  const inventory = new Inventory(snapshot);
  const groups = arrivals(random, agents * replicasPerAgent);
  const living: Living[] = [];
  const samplesUs: number[] = [];
  let placed = 0;
  let refused = 0;
  const startedAt = performance.now();
  for (const [i, group] of groups.entries()) {
    const beganAt = performance.now();
    const seats = inventory.place(group, seed);
    samplesUs.push((performance.now() - beganAt) * 1000);
    placed += seats.length;
    if (seats.length > 0) living.push({ group, seats });
    else refused += 1;
    if (i % 10 === 9) leave(inventory, living, random);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    agents,
    groups: groups.length,
    placed,
    refusedGroups: refused,
    placementsPerSecond: Math.round(placed / seconds),
    usPerPlacement: round((seconds * 1e6) / placed),
    p50Us: round(percentile(samplesUs, 0.5)),
    p99Us: round(percentile(samplesUs, 0.99)),
    violations: countViolations(snapshot, living),
  };
}

function arrivals(random: Random, replicas: number): GroupRequest[] {
  const groups: GroupRequest[] = [];
  for (let placed = 0; placed < replicas; ) {
    const size = pick(random, sizes);
    const demand = demandOf({ cpus: pick(random, cpus), mem: pick(random, mems) });
    groups.push(groupOf(groups.length, size, demand));
    placed += size;
  }
  return groups;
}

function leave(inventory: Inventory, living: Living[], random: Random): void {
  const at = Math.floor(random() * living.length);
  const last = living.pop();
  if (!last) return;
  const gone = at < living.length ? (living[at] as Living) : last;
  if (gone !== last) living[at] = last;
  for (const seat of gone.seats) inventory.release(seat, gone.group.demand);
}

/** Agents with more than they have, ports twice, two replicas of a group on an agent or a majority of it in one zone. */
function countViolations(snapshot: ReturnType<typeof agentOf>[], living: readonly Living[]): number {
  const byId = new Map(snapshot.map((agent) => [agent.id, { agent, cpus: 0, mem: 0, ports: new Set<number>() }]));
  let violations = 0;
  for (const { group, seats } of living) {
    const zones = new Map<string, number>();
    if (new Set(seats.map(({ agentId }) => agentId)).size !== seats.length) violations += 1;
    for (const { agentId, ports } of seats) {
      const books = byId.get(agentId);
      if (!books) violations += 1;
      else violations += enter(books, group.demand, ports);
      const zone = books?.agent.zone ?? '';
      zones.set(zone, (zones.get(zone) ?? 0) + 1);
    }
    if (Math.max(...zones.values()) > seats.length / 2) violations += 1;
  }
  for (const { agent, cpus, mem } of byId.values())
    if (cpus > agent.total.cpus + 1e-6 || mem > agent.total.mem) violations += 1;
  return violations;
}

function enter(
  books: { cpus: number; mem: number; ports: Set<number> },
  demand: ReplicaDemand,
  ports: readonly number[],
): number {
  books.cpus += demand.cpus;
  books.mem += demand.mem;
  const twice = ports.filter((port) => books.ports.has(port)).length;
  for (const port of ports) books.ports.add(port);
  return twice;
}
