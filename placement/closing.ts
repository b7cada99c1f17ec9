/** Empties agents that are little used: their replicas go to agents that are in use and stay so. */
import { mayImprove, type RunningGroup, type RunningReplica } from './cluster.js';
import type { Ledger } from './ledger.js';
import type { Draft } from './rebalance.js';
import { type Relocation, relocate } from './relocation.js';
import { amounts, dimensions, shareOf } from './resources.js';
import { moveOf, type Room, type Standing } from './standing.js';

interface Tenant {
  group: RunningGroup;
  replica: RunningReplica;
}
/** By agent id. */
type Tenants = Map<string, Tenant[]>;

/** A tenant that has found another agent; it has not left yet. */
interface Joined extends Tenant {
  successor: RunningReplica;
  sharing: Relocation['sharing'];
}

/** The agents with fewest replicas first, among those the emptiest, until no other can be emptied. */
export function closeAgents(draft: Draft): void {
  const { standing } = draft;
  const tenants = tenantsOf(draft);
  const shut: Record<string, string> = {};
  for (const { agent } of standing.inventory.ledgers) if (!tenants.has(agent.id)) shut[agent.id] = 'it is empty';
  for (const ledger of leastUsed(standing, tenants)) {
    if (draft.triesLeft === 0) return;
    const { id } = ledger.agent;
    const here = tenants.get(id) as Tenant[];
    if (!mayClose(draft, ledger, here)) continue;
    shut[id] = 'it is to be emptied';
    const before = standing.largestRoom() as Room;
    const joined = joinElsewhere(standing, here, shut);
    if (joined) carryOut(draft, ledger, joined, tenants, before);
    else {
      delete shut[id];
      draft.triesLeft -= 1;
    }
  }
}

/** On each agent the largest replicas first: they are the hardest to seat. */
function tenantsOf({ cluster, standing }: Draft): Tenants {
  const { largest } = standing.inventory;
  const share = ({ group }: Tenant) => shareOf(amounts(group.demand), largest);
  const tenants: Tenants = new Map();
  for (const group of cluster.groups)
    for (const replica of standing.replicasOf(group)) enter(tenants, { group, replica });
  for (const here of tenants.values()) here.sort((a, b) => share(b) - share(a));
  return tenants;
}

function enter(tenants: Tenants, tenant: Tenant): void {
  const { agentId } = tenant.replica;
  const here = tenants.get(agentId) ?? [];
  here.push(tenant);
  tenants.set(agentId, here);
}

function leastUsed({ inventory }: Standing, tenants: Tenants): Ledger[] {
  const count = ({ agent }: Ledger) => tenants.get(agent.id)?.length ?? 0;
  const used = inventory.ledgers.filter((ledger) => count(ledger) > 0);
  return used.sort((a, b) => count(a) - count(b) || a.step - b.step || a.number - b.number);
}

/** Nothing else is on it, all that is there may move, and so many moves gain enough. */
function mayClose({ moves, movesMax, gainMin, sought }: Draft, ledger: Ledger, here: Tenant[]): boolean {
  if (moves.length + here.length > movesMax || 1 / here.length < gainMin) return false;
  const foreign = dimensions.some((dimension) => {
    const ours = here.reduce((sum, { group }) => sum + amounts(group.demand)[dimension], 0);
    return ledger.total[dimension] - ledger.left[dimension] > ours;
  });
  return !foreign && here.every(({ group }) => !sought.has(group.id) && mayImprove(group));
}

/** All or none. */
function joinElsewhere(standing: Standing, here: readonly Tenant[], shut: Record<string, string>): Joined[] | null {
  const joined: Joined[] = [];
  for (const tenant of here) {
    const next = joinOne(standing, tenant, shut);
    if (next) joined.push(next);
    else {
      for (const { group, replica, successor } of joined.reverse()) standing.undo(group, [replica], [successor]);
      return null;
    }
  }
  return joined;
}

function joinOne(standing: Standing, { group, replica }: Tenant, shut: Record<string, string>): Joined | null {
  const relocation = relocate(standing, group, replica, shut);
  if (!relocation) return null;
  const [successor] = standing.join(group, [replica], relocation.attempt) as [RunningReplica];
  return { group, replica, successor, sharing: relocation.sharing };
}

function carryOut(
  { standing, moves }: Draft,
  { agent, name }: Ledger,
  joined: Joined[],
  tenants: Tenants,
  before: Room,
): void {
  for (const { group, replica } of joined) standing.leave(group, replica);
  const after = standing.largestRoom() as Room;
  const sentence =
    `${joined.length === 1 ? 'one move empties' : `${joined.length} moves empty`} ${name}; ` +
    `most room on one agent: ${roomText(before)} before, ${roomText(after)} after`;
  for (const { group, replica, successor, sharing } of joined) {
    const move = moveOf(group, replica, successor);
    moves.push({ ...move, goal: 'room', gain: 1 / joined.length, sharingPairs: sharing, frees: agent.id, sentence });
    enter(tenants, { group, replica: successor });
  }
  tenants.delete(agent.id);
}

function roomText({ cpus, mem }: Room): string {
  return `${cpus} cpus and ${mem} MB of mem`;
}
