/** Which replicas would have to leave which agents, and the cheapest choice among these evictions. */
import { Arrangement, type Candidate } from './arrangement.js';
import { candidate } from './attempt.js';
import type { RunningReplica } from './cluster.js';
import { type Question, refuse } from './filters.js';
import { giveBack, type Ledger, roomFor } from './ledger.js';
import { type Amounts, dimensions, specificPorts } from './resources.js';
import type { ReplicaDemand } from './types.js';

/** A replica that may leave. */
export interface Tenant {
  group: string;
  priority: number;
  demand: ReplicaDemand;
  /** `demand` in whole thousandths. */
  given: Amounts;
  replica: RunningReplica;
  leads: boolean;
}

/** Compared in this order: replicas, the sum of their priorities, leaders among them. */
export type Cost = readonly [replicas: number, priorities: number, leaders: number];

/** Replicas that leave one agent, so that a replica of the new group fits. */
export interface Eviction {
  candidate: Candidate;
  victims: Tenant[];
  cost: Cost;
}

/** Sets of replicas looked at: on all agents together, but on each at least so many, and evictions tried per group. */
const setsMax = 200_000;
const setsPerAgentMin = 50;
const evictionsMax = 200_000;

/** @returns the evictions of one agent of `agents`, and whether there may be more */
export function evictionsOn(
  ledger: Ledger,
  question: Question,
  tenants: readonly Tenant[],
  agents: number,
): { evictions: Eviction[]; gaveUp: boolean } {
  const order = [...tenants].sort((a, b) => a.priority - b.priority || b.demand.cpus - a.demand.cpus);
  const emptied = without(ledger, order);
  if (refuse(emptied, question) !== null) return { evictions: [], gaveUp: false };
  const effort = Math.max(setsPerAgentMin, Math.floor(setsMax / agents));
  const { sets, gaveUp } = smallestSets(order, (gone) => makesRoom(ledger, gone, question), effort);
  const taker = candidate(emptied, question, []);
  return { evictions: sets.map((victims) => ({ candidate: taker, victims, cost: costOf(victims) })), gaveUp };
}

function makesRoom(ledger: Ledger, gone: readonly Tenant[], { group: { demand }, asked }: Question): boolean {
  const hasAmounts = dimensions.every((dimension) => {
    const left = gone.reduce((sum, { given }) => sum + given[dimension], ledger.left[dimension]);
    return left >= asked[dimension];
  });
  if (!hasAmounts) return false;
  if (asksByName(demand)) return roomFor(without(ledger, gone), demand, asked) > 0;
  return portsAfter(ledger, gone) >= demand.ports.length;
}

/** Numbers do not tell whether there is room for it. */
function asksByName(demand: ReplicaDemand): boolean {
  return specificPorts(demand).length > 0 || demand.scalars !== undefined || demand.sets !== undefined;
}

function portsAfter({ portsLeft }: Ledger, gone: readonly Tenant[]): number {
  return gone.reduce((sum, { replica }) => sum + replica.ports.length, portsLeft);
}

/** Sets of replicas whose leaving makes room; those from which none could stay are among them. */
function smallestSets(order: readonly Tenant[], isEnough: (gone: readonly Tenant[]) => boolean, effort: number) {
  const sets: Tenant[][] = [];
  let left = effort;
  const descend = (at: number, gone: Tenant[]): void => {
    left -= 1;
    if (left < 0) return;
    if (isEnough(gone)) {
      sets.push(gone);
      return;
    }
    const next = order[at];
    if (!next || !isEnough([...gone, ...order.slice(at)])) return;
    descend(at + 1, [...gone, next]);
    descend(at + 1, gone);
  };
  descend(0, []);
  return { sets, gaveUp: left < 0 };
}

/** The agent as it is when these have left. */
function without(ledger: Ledger, gone: readonly Tenant[]): Ledger {
  const { scalars, sets } = ledger.named;
  const emptied = { ...ledger, left: { ...ledger.left }, named: { scalars: new Map(scalars), sets: new Map(sets) } };
  for (const { demand, replica } of gone) giveBack(emptied, demand, replica);
  return emptied;
}

function costOf(victims: readonly Tenant[]): Cost {
  const priorities = victims.reduce((sum, { priority }) => sum + priority, 0);
  return [victims.length, priorities, victims.filter(({ leads }) => leads).length];
}

/**
 * The cheapest evictions on `wanted` different agents that keep the counting rules and take no more of a group than
 * `allowance` has. Depth first, the cheapest first: what is left costs at least as much as the next one each.
 */
export class EvictionSearch {
  gaveUp = false;
  private best: { chosen: Eviction[]; cost: Cost } | null = null;
  private effort = evictionsMax;
  private readonly arrangement: Arrangement;
  private readonly allowance: Map<string, number>;
  private evictions: Eviction[];

  constructor(evictions: readonly Eviction[], { frame }: Arrangement, allowance: ReadonlyMap<string, number>) {
    this.allowance = new Map(allowance);
    this.arrangement = new Arrangement(frame);
    this.evictions = [...evictions].sort((a, b) => compare(a.cost, b.cost));
  }

  /** Null: there is none, or it was not found before the search gave up. */
  cheapest(wanted: number): Eviction[] | null {
    this.evictions = distinct(this.evictions, wanted);
    this.descend(0, wanted, [], [0, 0, 0]);
    return this.best?.chosen ?? null;
  }

  private descend(from: number, missing: number, chosen: Eviction[], cost: Cost): void {
    if (missing === 0) {
      this.best = { chosen, cost };
      return;
    }
    for (let at = from; at <= this.evictions.length - missing; at++) {
      const next = this.evictions[at] as Eviction;
      if (this.best && compare(plus(cost, next.cost, missing), this.best.cost) >= 0) return;
      this.effort -= 1;
      this.gaveUp ||= this.effort < 0;
      if (this.gaveUp) return;
      if (!this.allows(next)) continue;
      this.take(next, 1);
      this.descend(at + 1, missing - 1, [...chosen, next], plus(cost, next.cost, 1));
      this.take(next, -1);
    }
  }

  private allows({ candidate, victims }: Eviction): boolean {
    if (this.arrangement.usesOf(candidate) > 0 || this.arrangement.refusingRule(candidate.values) !== -1) return false;
    const counts = new Map<string, number>();
    for (const { group } of victims) counts.set(group, (counts.get(group) ?? 0) + 1);
    return [...counts].every(([group, count]) => count <= (this.allowance.get(group) ?? 0));
  }

  private take({ candidate, victims }: Eviction, by: 1 | -1): void {
    if (by === 1) this.arrangement.take(candidate);
    else this.arrangement.release(candidate);
    for (const { group } of victims) this.allowance.set(group, (this.allowance.get(group) ?? 0) - by);
  }
}

function compare(a: Cost, b: Cost): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function plus(a: Cost, b: Cost, times: number): Cost {
  return [a[0] + b[0] * times, a[1] + b[1] * times, a[2] + b[2] * times];
}

/** Of evictions that stand in for each other, as many as may be chosen together: of different agents, one each. */
function distinct(evictions: readonly Eviction[], wanted: number): Eviction[] {
  const seen = new Map<string, Set<string>>();
  return evictions.filter(({ candidate, victims }) => {
    const alike = JSON.stringify([candidate.values, victims.map(({ group }) => group).sort()]);
    const agents = seen.get(alike) ?? new Set();
    if (agents.size >= wanted || agents.has(candidate.agent.id)) return false;
    seen.set(alike, agents.add(candidate.agent.id));
    return true;
  });
}
