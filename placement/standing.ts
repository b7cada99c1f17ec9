/** Where everything stands while moves are being planned, one after another. */
import { Attempt } from './attempt.js';
import type { Cluster, Move, RunningGroup, RunningReplica } from './cluster.js';
import { Inventory } from './inventory.js';
import type { Ledger } from './ledger.js';
import { type Amounts, amounts, dimensions, plain } from './resources.js';
import type { AgentSnapshot, GroupRequest, Seat } from './types.js';

const none: ReadonlySet<number> = new Set();

/** What is left of one agent. */
export interface Room {
  agentId: string;
  hostname: string;
  cpus: number;
  /** MB */
  mem: number;
  /** MB */
  disk: number;
  gpus: number;
}

export class Standing {
  readonly inventory: Inventory;
  private readonly replicas: Map<string, readonly RunningReplica[]>;
  /** Some group is to be near or apart from another. */
  private readonly neighbours: boolean;

  /** @throws RangeError when an agent or a group id occurs twice */
  constructor(
    { agents, groups }: Cluster,
    private readonly seed: number,
  ) {
    this.inventory = new Inventory(agents);
    this.replicas = new Map(groups.map(({ id, replicas }) => [id, replicas]));
    if (this.replicas.size < groups.length) throw new RangeError('a group is twice in the cluster; merge its replicas');
    for (const { demand } of groups) this.inventory.note(amounts(demand));
    this.neighbours = groups.some(({ near = [], apart = [] }) => near.length + apart.length > 0);
    if (!this.neighbours) return;
    for (const { id } of agents) this.inventory.update(id, { running: [] });
    for (const { id, replicas } of groups) this.tell(id, replicas, true);
  }

  replicasOf({ id }: Pick<RunningGroup, 'id'>): readonly RunningReplica[] {
    return this.replicas.get(id) ?? [];
  }

  /** Other agents for these replicas beside the group's others, all or none; nothing is taken. */
  find(group: RunningGroup, moving: readonly RunningReplica[], avoid = group.avoid): Attempt {
    const living = this.replicasOf(group).filter((replica) => !moving.includes(replica));
    return new Attempt(this.inventory, request(group, moving, living, avoid), this.seed);
  }

  /** The successors take their places, in the order of `moving`; the replicas they succeed still have theirs until they `leave`. */
  join(group: RunningGroup, moving: readonly RunningReplica[], attempt: Attempt): RunningReplica[] {
    const seats = this.inventory.take(attempt, this.seed, none);
    const successors = moving.map(({ slot, demand }) => {
      // Not in the order given when the whole group moves: the lowest slot goes where few others lead.
      const seat = seats.find((one) => one.slot === slot) as Seat;
      const { agent } = this.inventory.ledgerOf(seat.agentId) as Ledger;
      return { ...placeOf(agent), ...seat, runs: true, ...(demand && { demand: attempt.question.group.demand }) };
    });
    this.exchange(group, moving, successors);
    return successors;
  }

  /** What it had is free, if its agent is known. */
  leave({ demand }: Pick<RunningGroup, 'demand'>, replica: RunningReplica): void {
    if (this.inventory.ledgerOf(replica.agentId)) this.inventory.release(replica, replica.demand ?? demand);
  }

  /** Takes `join` back. */
  undo(group: RunningGroup, moving: readonly RunningReplica[], successors: readonly RunningReplica[]): void {
    for (const successor of successors) this.leave(group, successor);
    this.exchange(group, successors, moving);
  }

  /** What is left of the agent that has room for the largest replica; null: there are no agents. */
  largestRoom(): Room | null {
    const { ledgers, largest } = this.inventory;
    const sizes = ledgers.map((ledger) => ({ ledger, size: roomShare(ledger, largest) }));
    const [first, ...rest] = sizes;
    if (!first) return null;
    const { ledger } = rest.reduce((most, next) => (next.size > most.size ? next : most), first);
    const [cpus, mem, disk, gpus] = dimensions.map((dimension) => plain(ledger.left[dimension]));
    return { agentId: ledger.agent.id, hostname: ledger.agent.hostname, cpus, mem, disk, gpus } as Room;
  }

  private exchange({ id }: RunningGroup, gone: readonly RunningReplica[], come: readonly RunningReplica[]): void {
    const kept = this.replicasOf({ id }).filter((replica) => !gone.includes(replica));
    this.replicas.set(id, [...kept, ...come]);
    if (!this.neighbours) return;
    this.tell(id, gone, false);
    this.tell(id, come, true);
  }

  /** Notes with their agents that these replicas run there, or no longer. */
  private tell(app: string, replicas: readonly RunningReplica[], run: boolean): void {
    for (const { agentId, slot } of replicas) {
      const running = this.inventory.ledgerOf(agentId)?.agent.running;
      if (!running) continue;
      const others = running.filter((one) => one.app !== app || one.slot !== slot);
      this.inventory.update(agentId, { running: run ? [...others, { app, slot }] : others });
    }
  }
}

/** The smallest share of the largest agent that is left, over all dimensions that anyone asks for. */
function roomShare({ left }: Ledger, largest: Amounts): number {
  const asked = dimensions.filter((dimension) => largest[dimension] > 0);
  return Math.min(...asked.map((dimension) => left[dimension] / largest[dimension]));
}

export function moveOf(group: RunningGroup, from: RunningReplica, to: RunningReplica): Move {
  const at = ({ agentId, hostname }: RunningReplica) => ({ agentId, hostname });
  return { group: group.id, slot: from.slot, from: at(from), to: at(to), leads: from.slot === group.leader };
}

function request(
  group: RunningGroup,
  moving: readonly RunningReplica[],
  living: readonly RunningReplica[],
  avoid: Record<string, string>,
): GroupRequest {
  // One that asks for less is looked for alone; together with others it may as well have what they have.
  const demand = (moving.length === 1 && moving[0]?.demand) || group.demand;
  return { ...group, demand, slots: moving.map(({ slot }) => slot), living: [...living], avoid, whole: true };
}

/** An agent as a replica remembers it. */
export function placeOf({ id, hostname, region, zone, attributes }: AgentSnapshot) {
  return { agentId: id, hostname, region, zone, attributes };
}
