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
 * each, and not proven to be the best for all; nor is it when room has to be made for several parts.
 * @param parts of one group: slots that ask for different amounts, those first that ask for most
 * @throws RangeError when an agent or a group id occurs twice in the cluster
 */
export function planPreemption(
  cluster: Cluster,
  parts: readonly GroupRequest[],
  priority: number,
  seed = 0,
): PreemptionPlan {
  const fault = parts.map(groupFault).find((sentence) => sentence !== null);
  if (fault !== undefined) return impossible(fault);
  const asked = parts.map((part) => ({ ...part, whole: true }));
  const preemption = new Preemption(new Standing(cluster, seed), cluster.groups, priority, asked, seed);
  const lacking = asked.findIndex((part) => !preemption.seat(part, false));
  if (lacking < 0) return preemption.plan;
  const hopeless = sentenceWithout(cluster, preemption.tenants, asked, seed);
  if (hopeless !== null) return impossible(hopeless);
  const pieces = asked.slice(lacking).flatMap(seatedTogether);
  if (!pieces.every((piece) => preemption.seat(piece, true))) return impossible(preemption.failure);
  const { victims, seats } = preemption.plan;
  // Placed for the best spread, the group may leave an agent unused that a search that gave up has emptied.
  const used = victims.filter((victim) => seats.some(({ agentId }) => agentId === victim.agentId));
  return { ...preemption.plan, victims: used };
}

/** Where replicas may share agents, each is seated by itself. */
const seatedTogether = (part: GroupRequest): GroupRequest[] =>
  part.distinctAgents ? [part] : part.slots.map((slot) => ({ ...part, slots: [slot] }));

function impossible(sentence: string): PreemptionPlan {
  return { victims: [], seats: [], sentence, proven: false };
}

/** Why the group does not fit even when all that may go have gone; null: it does. */
function sentenceWithout(
  cluster: Cluster,
  tenants: readonly Tenant[],
  asked: readonly GroupRequest[],
  seed: number,
): string | null {
  const standing = new Standing(cluster, seed);
  for (const { demand, replica } of tenants) standing.leave({ demand }, replica);
  const seats: Seat[] = [];
  for (const part of asked) {
    const attempt = new Attempt(standing.inventory, beside(part, seats, standing), seed);
    if (attempt.arrangement.taken.length < part.slots.length)
      return `no room even without all ${tenants.length} replicas that may go for it: ${unplacedSentence(attempt)}`;
    seats.push(...standing.inventory.take(attempt, seed, new Set()));
  }
  return null;
}

/** With what has been seated of its group before. */
function beside(part: GroupRequest, seats: readonly Seat[], { inventory }: Standing): GroupRequest {
  const seated = seats.map(({ slot, agentId }) => {
    const { agent } = inventory.ledgerOf(agentId) as Ledger;
    return { ...placeOf(agent), slot };
  });
  return { ...part, living: [...part.living, ...seated] };
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
    private readonly parts: readonly GroupRequest[],
    private readonly seed: number,
  ) {
    const lower = groups.filter(
      (other) => other.id !== parts[0]?.id && priorityOf(other) < priority && other.pinned === undefined,
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

  /** Seats all of its slots; false: it did not succeed. */
  seat(part: GroupRequest, evict: boolean): boolean {
    const wanted = part.slots.length;
    let attempt = this.attempt(part);
    if (attempt.arrangement.taken.length < wanted) {
      if (!evict || !this.evict(attempt, wanted)) return false;
      attempt = this.attempt(part);
      if (attempt.arrangement.taken.length < wanted) return false;
    }
    this.plan.seats.push(...this.standing.inventory.take(attempt, this.seed, new Set()));
    return true;
  }

  private attempt(part: GroupRequest): Attempt {
    return new Attempt(this.standing.inventory, beside(part, this.plan.seats, this.standing), this.seed);
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
    const [part] = this.parts;
    const atOnce = this.parts.length === 1 && (part?.distinctAgents || part?.slots.length === 1);
    this.plan.proven &&= !search.gaveUp && atOnce === true;
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
