/** Makes room for a group: which replicas of less important groups leave, as few as can be. */
import { Attempt } from './attempt.js';
import { type Cluster, isWhole, majorityOf, type RunningGroup } from './cluster.js';
import { EvictionSearch, evictionsOn, type Tenant } from './evictions.js';
import type { Ledger } from './ledger.js';
import { groupFault } from './request.js';
import { amounts } from './resources.js';
import { placeOf, Standing } from './standing.js';
import type { GroupRequest, Seat } from './types.js';
import { unplacedSentence } from './unplaced.js';

export interface Victim {
  group: string;
  slot: number;
  agentId: string;
  hostname: string;
  priority: number;
  leads: boolean;
}

export interface PreemptionPlan {
  /** They leave before anything is placed. Empty when the group fits as it is, or cannot fit. */
  victims: Victim[];
  /** Where the replicas go then; empty when they cannot. */
  seats: Seat[];
  /** Why there is no room even so, with a remedy; null: there is. */
  sentence: string | null;
  /** No other choice has fewer victims, nor as many with a smaller sum of priorities. */
  proven: boolean;
}

/**
 * Victims are of lower priority than the group. Of a replicated group of n at most floor((n-1)/2) replicas go, so that
 * it keeps its majority, and none when one is missing already; tasks of plain apps may all go. A group is preempted for
 * whole or not at all. Where replicas may share agents they are seated one after another, so the choice is the best for
 * each, and not proven to be the best for all.
 * @throws RangeError when an agent or a group id occurs twice in the cluster
 */
export function planPreemption(cluster: Cluster, group: GroupRequest, priority: number, seed = 0): PreemptionPlan {
  const fault = groupFault(group);
  if (fault !== null) return impossible(fault);
  const asked = { ...group, whole: true };
  const standing = new Standing(cluster, seed);
  const preemption = new Preemption(standing, cluster.groups, priority, asked, seed);
  if (preemption.seat(group.slots, false)) return preemption.plan;
  const hopeless = sentenceWithout(cluster, preemption.tenants, asked, seed);
  if (hopeless !== null) return impossible(hopeless);
  const parts = group.distinctAgents ? [group.slots] : group.slots.map((slot) => [slot]);
  if (!parts.every((slots) => preemption.seat(slots, true))) return impossible(preemption.failure);
  const { victims, seats } = preemption.plan;
  // Placed for the best spread, the group may leave an agent unused that a search that gave up has emptied.
  const used = victims.filter((victim) => seats.some(({ agentId }) => agentId === victim.agentId));
  return { ...preemption.plan, victims: used };
}

function impossible(sentence: string): PreemptionPlan {
  return { victims: [], seats: [], sentence, proven: false };
}

/** Why the group does not fit even when all that may go have gone; null: it does. */
function sentenceWithout(
  cluster: Cluster,
  tenants: readonly Tenant[],
  group: GroupRequest,
  seed: number,
): string | null {
  const standing = new Standing(cluster, seed);
  for (const { demand, replica } of tenants) standing.leave({ demand }, replica);
  const attempt = new Attempt(standing.inventory, group, seed);
  if (attempt.arrangement.taken.length === group.slots.length) return null;
  return `no room even without all ${tenants.length} replicas that may go for it: ${unplacedSentence(attempt)}`;
}

/** A plan in the making. */
class Preemption {
  readonly plan: PreemptionPlan = { victims: [], seats: [], sentence: null, proven: true };
  /** Who may still go. */
  tenants: Tenant[];
  /** How many of each group may still go. */
  private readonly allowance: Map<string, number>;

  constructor(
    private readonly standing: Standing,
    groups: readonly RunningGroup[],
    priority: number,
    private readonly group: GroupRequest,
    private readonly seed: number,
  ) {
    const lower = groups.filter(
      (other) => other.id !== group.id && priorityOf(other) < priority && other.pinned === undefined,
    );
    this.allowance = new Map(lower.map((other) => [other.id, allowanceOf(other)]));
    this.tenants = lower.filter((other) => allowanceOf(other) > 0).flatMap(tenantsOf);
  }

  get failure(): string {
    const why = this.plan.proven
      ? 'of a replicated group of n at most floor((n-1)/2) go, and none while one is missing'
      : 'the search stopped at its limit';
    return `the ${this.tenants.length} replicas that may go make no room together: ${why}; add agents or lower instances`;
  }

  /** Seats these slots; false: it did not succeed. */
  seat(slots: readonly number[], evict: boolean): boolean {
    const { inventory } = this.standing;
    let attempt = this.attempt(slots);
    if (attempt.arrangement.taken.length < slots.length) {
      if (!evict || !this.evict(attempt, slots.length)) return false;
      attempt = this.attempt(slots);
      if (attempt.arrangement.taken.length < slots.length) return false;
    }
    this.plan.seats.push(...inventory.take(attempt, this.seed, new Set()));
    return true;
  }

  private attempt(slots: readonly number[]): Attempt {
    const seated = this.plan.seats.map(({ slot, agentId }) => {
      const { agent } = this.standing.inventory.ledgerOf(agentId) as Ledger;
      return { ...placeOf(agent), slot };
    });
    const request = { ...this.group, slots: [...slots], living: [...this.group.living, ...seated] };
    return new Attempt(this.standing.inventory, request, this.seed);
  }

  /** Makes room on `wanted` agents; false: there is no way, or none was found. */
  private evict({ question, arrangement }: Attempt, wanted: number): boolean {
    const byAgent = new Map<string, Tenant[]>();
    for (const tenant of this.tenants) {
      const { agentId } = tenant.replica;
      byAgent.set(agentId, [...(byAgent.get(agentId) ?? []), tenant]);
    }
    const { ledgers } = this.standing.inventory;
    const evictions = ledgers.flatMap((ledger) => {
      const here = evictionsOn(ledger, question, byAgent.get(ledger.agent.id) ?? [], ledgers.length);
      this.plan.proven &&= !here.gaveUp;
      return here.evictions;
    });
    const search = new EvictionSearch(evictions, arrangement, this.allowance);
    const victims = search.cheapest(wanted)?.flatMap((eviction) => eviction.victims);
    // One after another may be dearer than all at once.
    this.plan.proven &&= !search.gaveUp && (this.group.distinctAgents || this.group.slots.length === 1);
    for (const victim of victims ?? []) this.remove(victim);
    return victims !== undefined;
  }

  private remove(victim: Tenant): void {
    const { group, replica, demand, priority, leads } = victim;
    const { slot, agentId, hostname } = replica;
    this.standing.leave({ demand }, replica);
    this.tenants = this.tenants.filter((tenant) => tenant !== victim);
    this.allowance.set(group, (this.allowance.get(group) ?? 0) - 1);
    this.plan.victims.push({ group, slot, agentId, hostname, priority, leads });
  }
}

const priorityOf = ({ priority = 0 }: RunningGroup) => priority;

function allowanceOf(group: RunningGroup): number {
  if (!group.replicated) return Number.POSITIVE_INFINITY;
  return isWhole(group) ? group.size - majorityOf(group.size) : 0;
}

function tenantsOf(group: RunningGroup): Tenant[] {
  const { id, leader } = group;
  return group.replicas.map((replica) => {
    const { demand = group.demand } = replica;
    const given = amounts(demand);
    return { group: id, priority: priorityOf(group), demand, given, replica, leads: replica.slot === leader };
  });
}
