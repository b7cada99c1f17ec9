/**
 * The pure core: which agent takes which replica. Groups are placed one after the other, each seeing what the ones before it
 * have left. The same request, agents and seed give the same plan, whatever the order of the agents.
 */
import { Arrangement } from './arrangement.js';
import { Attempt } from './attempt.js';
import { considered, refusals } from './explain.js';
import { refusal } from './filters.js';
import { Inventory } from './inventory.js';
import { isFounded } from './leader.js';
import type { Ledger } from './ledger.js';
import { type Order, placeLargestFirst, placePacked } from './packing.js';
import { isSetAside, Stock } from './portions.js';
import { groupFault } from './request.js';
import { specificPorts } from './resources.js';
import type { AgentSnapshot, Assigned, GroupRequest, PlacementRequest, Plan, Seat } from './types.js';
import { unplacedSentence } from './unplaced.js';

/**
 * Plans all groups of the request, and explains each agent that was not taken.
 * @param agents one entry per agent: offers of one agent are to be merged
 * @throws RangeError when an agent or a group id occurs twice; anything wrong with one group only leaves it unplaced
 */
export function place(request: PlacementRequest, agents: AgentSnapshot[]): Plan {
  const ids = new Set<string>();
  for (const { id } of request.groups) {
    if (ids.has(id)) throw new RangeError(`group ${id} is twice in the request; merge its slots`);
    ids.add(id);
  }
  const given = () => inOrder(request, agents, null);
  if (request.order !== 'packed') return given();
  const packed = inOrder(request, agents, placePacked);
  if (packed.unplaced.length === 0) return packed;
  const others = [inOrder(request, agents, placeLargestFirst), given()];
  return others.reduce((best, plan) => (plan.assigned.length > best.assigned.length ? plan : best), packed);
}

/** @param order null: as given */
function inOrder({ groups, objective, seed }: PlacementRequest, agents: AgentSnapshot[], order: Order | null): Plan {
  const plan: Plan = { assigned: [], unplaced: [], considered: [] };
  const stock = isSetAside(groups, agents) ? new Stock(agents) : null;
  const shared = new Inventory(stock ? [] : agents, objective);
  const wanted = new Set(groups.flatMap((group) => specificPorts(group.demand)));
  const placeOne = (group: GroupRequest): string[] => {
    const before = plan.assigned.length;
    const inventory = stock?.inventoryFor(group, objective) ?? shared;
    if (group.slots.length > 0) placeGroup(plan, group, inventory, seed, wanted);
    const seats = plan.assigned.slice(before);
    stock?.settle(group, seats, inventory);
    return seats.map(({ agentId }) => agentId);
  };
  const mayOrder = order !== null && stock === null;
  const ordered = new Set(mayOrder ? groups.filter((group) => groupFault(group) === null) : []);
  order?.([...ordered], shared, placeOne);
  for (const group of groups) if (!ordered.has(group)) placeOne(group);
  return plan;
}

/**
 * Places one group on an inventory that is kept, and takes what it needs. Nothing is said when it does not fit: `place()`
 * over the same agents says why.
 * @param consideredMax of the agents that were not taken, so many are explained
 */
export function placeIn(
  inventory: Inventory,
  group: GroupRequest,
  seed: number,
  consideredMax: number,
): Pick<Plan, 'assigned' | 'considered'> {
  const none = { assigned: [], considered: [] };
  if (group.slots.length === 0 || groupFault(group)) return none;
  const attempt = new Attempt(inventory, group, seed);
  const found = attempt.arrangement.taken.length;
  if (found === 0 || (found < group.slots.length && group.whole)) return none;
  const explained = found === group.slots.length ? considered(attempt, consideredMax) : [];
  return { assigned: assign(attempt, inventory, seed, new Set(specificPorts(group.demand))), considered: explained };
}

function placeGroup(
  plan: Plan,
  group: GroupRequest,
  inventory: Inventory,
  seed: number,
  wanted: ReadonlySet<number>,
): void {
  const fault = groupFault(group);
  if (fault) {
    const all = inventory.ledgers.map((ledger) => refusal(ledger, 'request', fault));
    plan.unplaced.push({ group: group.id, slots: [...group.slots], sentence: fault, refusals: all });
    return;
  }
  const attempt = new Attempt(inventory, group, seed);
  const found = attempt.arrangement.taken.length;
  const keep = found === group.slots.length || !group.whole ? found : 0;
  const sentence = found < group.slots.length ? unplacedSentence(attempt) : '';
  if (keep === group.slots.length)
    plan.considered = plan.considered.concat(considered(attempt, Number.POSITIVE_INFINITY));
  if (keep > 0) plan.assigned.push(...assign(attempt, inventory, seed, wanted));
  if (keep < group.slots.length) {
    plan.unplaced.push({ group: group.id, slots: group.slots.slice(keep), sentence, refusals: refusals(attempt) });
  }
}

function assign(attempt: Attempt, inventory: Inventory, seed: number, wanted: ReadonlySet<number>): Assigned[] {
  const { taken, frame } = attempt.arrangement;
  const before = new Arrangement(frame);
  const scores = taken.map((item) => {
    const { score, parts } = before.scoreParts(item);
    before.take(item);
    return { score, scoreParts: parts };
  });
  const seats = inventory.take(attempt, seed, wanted);
  noteRunning(attempt.question.group, seats, inventory);
  return seats.map((seat, i) => {
    const scored = scores[i] as (typeof scores)[number];
    const { hostname } = (inventory.ledgerOf(seat.agentId) as Ledger).agent;
    return { group: attempt.question.group.id, hostname, ...seat, ...scored };
  });
}

/** For the groups after it in the request. */
function noteRunning(group: GroupRequest, seats: readonly Seat[], inventory: Inventory): void {
  for (const { agentId, slot } of seats) {
    const running = inventory.ledgerOf(agentId)?.agent.running ?? [];
    inventory.update(agentId, { running: [...running, { app: group.id, slot }] });
  }
  if (!isFounded(group)) return;
  const { agentId } = seats.reduce((a, b) => (b.slot < a.slot ? b : a));
  inventory.update(agentId, { leaders: (inventory.ledgerOf(agentId)?.agent.leaders ?? 0) + 1 });
}
