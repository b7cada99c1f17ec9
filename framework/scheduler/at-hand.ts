/**
 * What the offers at hand come to, for all demands of a match: agents are looked at anew only when something has been put on
 * them. Demands that take of the same roles and respect the same earmarks share an inventory.
 */
import { type AgentSnapshot, Inventory, type Plan, placeIn, sharedBy } from '../../placement/index.js';
import type { Context, Earmark } from './context.js';
import { type Demand, partsOf } from './demand.js';
import { besides } from './earmarks.js';
import type { Filling, Fillings } from './filling.js';
import { snapshotOf } from './offers.js';
import { beside, leadersByAgent, planOver } from './surroundings.js';

/** Agents that a placed task tells about: why they were not taken. Of very many, a few stand for all: each group keeps its own sentences. */
const othersMax = (agents: number) => (agents > 1000 ? 3 : 20);

/** What was found for a demand. */
export type Found = Pick<Plan, 'assigned' | 'considered'>;

interface Share {
  roles: string[];
  earmarks: Earmark[];
  inventory: Inventory;
}

export class AtHand {
  /** Null: nobody has asked for them yet. */
  #agents: Map<string, AgentSnapshot> | null = null;
  readonly #shares = new Map<string, Share>();

  constructor(
    private readonly context: Context,
    private readonly fillings: Pick<Fillings, 'keys' | 'get'>,
  ) {}

  /** The agents with what is left, beside these earmarks. */
  offered(earmarks: Earmark[]): AgentSnapshot[] {
    return [...this.#known().values()].map((agent) => besides(agent, earmarks));
  }

  /** What is found is to be put on its agents, or given up, and `settle` is to be told. */
  find(demand: Demand, earmarks: Earmark[]): Found {
    const { assigned, considered } = this.#found(demand, earmarks);
    return { assigned, considered: considered.slice(0, othersMax(this.#known().size)) };
  }

  #found(demand: Demand, earmarks: Earmark[]): Found {
    const { request } = demand;
    if (!isShared(demand)) return planOver(this.context, request, this.offered(earmarks));
    const { inventory } = this.#share(request.claim?.roles ?? ['*'], earmarks);
    const found: Found = { assigned: [], considered: [] };
    for (const part of partsOf(request)) {
      const before = beside(part, found.assigned, this.#known());
      const { assigned, considered } = placeIn(inventory, before, 0, othersMax(this.#known().size));
      if (assigned.length === 0 && part.whole) return this.#giveUp(found);
      found.assigned.push(...assigned);
      found.considered.push(...considered);
    }
    return found;
  }

  #giveUp(found: Found): Found {
    this.settle(found);
    return { assigned: [], considered: [] };
  }

  /** What these agents have left is what their fillings say. */
  settle({ assigned }: Found): void {
    for (const agentId of new Set(assigned.map((one) => one.agentId))) {
      const agent = this.#snapshot(agentId);
      this.#known().set(agentId, agent);
      for (const share of this.#shares.values()) share.inventory.restock(agentId, viewOf(agent, share).free);
    }
  }

  #known(): Map<string, AgentSnapshot> {
    this.#agents ??= new Map([...this.fillings.keys()].map((id) => [id, this.#snapshot(id)]));
    return this.#agents;
  }

  #snapshot(agentId: string): AgentSnapshot {
    const { ref, split } = this.fillings.get(agentId) as Filling;
    return snapshotOf(ref, split);
  }

  #share(roles: string[], earmarks: Earmark[]): Share {
    const key = JSON.stringify([roles, earmarks.map(({ appId, sinceMs }) => [appId, sinceMs])]);
    const share = this.#shares.get(key) ?? { roles, earmarks, inventory: this.#inventory(roles, earmarks) };
    this.#shares.set(key, share);
    return share;
  }

  #inventory(roles: string[], earmarks: Earmark[]): Inventory {
    const { state, memory } = this.context;
    const leaders = leadersByAgent(state);
    const agents = [...this.#known().values()].map((agent) => ({
      ...viewOf(agent, { roles, earmarks }),
      leaders: leaders.get(agent.id) ?? 0,
      unavailable: memory.unavailable.get(agent.id) ?? null,
    }));
    return new Inventory(agents);
  }
}

/** What it may take of an agent, and whether it may go there, is the same for others that take of its roles. */
export function isShared({ request: { near = [], apart = [], claim = {}, scatterWidth } }: Demand): boolean {
  return (
    near.length + apart.length === 0 && scatterWidth === undefined && claim.keptFor === undefined && !claim.revocable
  );
}

function viewOf(agent: AgentSnapshot, { roles, earmarks }: Pick<Share, 'roles' | 'earmarks'>): AgentSnapshot {
  return besides(sharedBy(roles, agent), earmarks);
}
