/**
 * Agents and what is left of them, kept from one request to the next: a cluster of any size answers in the time that a
 * few agents take, because nothing is looked at that has not changed.
 */
import { Attempt } from './attempt.js';
import { Copysets } from './copysets.js';
import { DomainTree } from './domain-tree.js';
import { fitStep } from './fit.js';
import { slotsFor } from './leader.js';
import { freeOf, giveBack, type Ledger, openLedgers, withdraw } from './ledger.js';
import { type Order, placeLargestFirst, placePacked } from './packing.js';
import { Recurring } from './recurring.js';
import { groupFault } from './request.js';
import { type Amounts, dimensions } from './resources.js';
import { type Rooms, refresh, roomsOf } from './rooms.js';
import { hash } from './seed.js';
import type { AgentSnapshot, GroupRequest, Objective, ReplicaDemand, Seat } from './types.js';

/** Indexes of a kind. */
const keptMax = 16;
const none: ReadonlySet<number> = new Set();
/** With less of the scarcest dimension free, room for recurring demands is kept. */
const scarceShare = 0.5;

export class Inventory {
  readonly ledgers: readonly Ledger[];
  /** Of each dimension that anyone has asked for, the total of the agent that has most; else 0. */
  readonly largest: Amounts = { cpus: 0, mem: 0, disk: 0, gpus: 0 };
  private readonly byId: Map<string, Ledger>;
  private readonly total: Readonly<Amounts>;
  private readonly free: Amounts;
  private readonly recurring = new Recurring();
  /** False while all that will be asked for is known. */
  keepsRooms = true;
  /** Null until rooms are kept, and when other demands recur. */
  private rooms: Rooms[] | null = null;
  private readonly trees = new Map<string, DomainTree>();
  private readonly copysets = new Map<string, Copysets>();

  /**
   * @param agents one entry per agent: offers of one agent are to be merged
   * @throws RangeError when an agent occurs twice
   */
  constructor(
    agents: readonly AgentSnapshot[],
    readonly objective: Objective = 'bestFit',
  ) {
    this.ledgers = openLedgers(agents);
    this.byId = new Map(this.ledgers.map((ledger) => [ledger.agent.id, ledger]));
    this.total = sumOf(this.ledgers.map(({ total }) => total));
    this.free = sumOf(this.ledgers.map(({ left }) => left));
  }

  /**
   * Places one group and takes what it needs.
   * @returns a seat per replica that found an agent: all, or none for a group that is placed whole or not at all.
   *   `place()` with the same agents says why. That it runs there, and leads, is for `update` to say
   */
  place(group: GroupRequest, seed: number): Seat[] {
    if (group.slots.length === 0 || groupFault(group)) return [];
    const attempt = new Attempt(this, group, seed);
    const falls = attempt.arrangement.taken.length < group.slots.length;
    return falls && group.whole ? [] : this.take(attempt, seed, none);
  }

  /**
   * Places groups that are known at once, in the packed order; when not all fit, the largest first if that places more replicas.
   * @returns for each group, in the order given, what `place` would return
   */
  placeAll(groups: readonly GroupRequest[], seed: number): Seat[][] {
    const packed = this.placeBy(placePacked, groups, seed);
    if (groups.every(({ slots }, i) => packed[i]?.length === slots.length)) return packed;
    this.releaseAll(groups, packed);
    const largestFirst = this.placeBy(placeLargestFirst, groups, seed);
    if (largestFirst.flat().length > packed.flat().length) return largestFirst;
    this.releaseAll(groups, largestFirst);
    return this.placeBy(placePacked, groups, seed);
  }

  private placeBy(order: Order, groups: readonly GroupRequest[], seed: number): Seat[][] {
    const seats = new Map<GroupRequest, Seat[]>();
    const sound = groups.filter((group) => groupFault(group) === null);
    order(sound, this, (group) => {
      const placed = this.place(group, seed);
      seats.set(group, placed);
      return placed.map(({ agentId }) => agentId);
    });
    return groups.map((group) => seats.get(group) ?? []);
  }

  private releaseAll(groups: readonly GroupRequest[], seats: readonly Seat[][]): void {
    for (const [i, { demand }] of groups.entries()) for (const seat of seats[i] ?? []) this.release(seat, demand);
  }

  /** Gives back what a replica of this demand was given. @throws RangeError when its agent is unknown */
  release(seat: Omit<Seat, 'slot'>, demand: ReplicaDemand): void {
    const ledger = this.known(seat.agentId);
    this.change(ledger, () => giveBack(ledger, demand, seat));
  }

  /** What an agent is like has changed. @throws RangeError when it is unknown */
  update(agentId: string, change: Pick<AgentSnapshot, 'leaders' | 'running' | 'unavailable'>): void {
    const ledger = this.known(agentId);
    ledger.agent = { ...ledger.agent, ...change };
  }

  /** What an agent has free is another amount. @throws RangeError when it is unknown */
  restock(agentId: string, free: AgentSnapshot['free']): void {
    const ledger = this.known(agentId);
    this.change(ledger, () => Object.assign(ledger, freeOf(free), { agent: { ...ledger.agent, free } }));
  }

  private known(agentId: string): Ledger {
    const ledger = this.byId.get(agentId);
    if (!ledger) throw new RangeError(`there is no agent ${agentId}`);
    return ledger;
  }

  /** What is asked for the first time counts from now on, in how full agents are. */
  note(asked: Amounts): void {
    const news = dimensions.filter((dimension) => asked[dimension] > 0 && this.largest[dimension] === 0);
    if (news.length === 0) return;
    for (const { total } of this.ledgers)
      for (const dimension of news) this.largest[dimension] = Math.max(this.largest[dimension], total[dimension]);
    for (const ledger of this.ledgers) this.change(ledger, () => {});
  }

  /** A group asks for this, and may be asked for again. */
  ask(asked: Amounts): void {
    this.note(asked);
    if (this.recurring.note(asked, this.largest)) this.rooms = null;
  }

  /** While room is scarce: the agents' rooms, and the demands that they are kept for, the largest first. Null: no room is kept. */
  get keptRooms(): { rooms: readonly Rooms[]; recurring: readonly Amounts[] } | null {
    const recurring = this.recurring.list;
    if (!this.keepsRooms || this.objective !== 'bestFit' || recurring.length === 0 || !this.isScarce()) return null;
    this.rooms ??= this.ledgers.map((ledger) => roomsOf(ledger, recurring, this.largest));
    return { rooms: this.rooms, recurring };
  }

  private isScarce(): boolean {
    return dimensions.some((d) => this.largest[d] > 0 && this.free[d] < this.total[d] * scarceShare);
  }

  /** Null: it is not among the agents. */
  ledgerOf(agentId: string): Ledger | null {
    return this.byId.get(agentId) ?? null;
  }

  /** @param wanted ports that are left to those who name them, while there are others */
  take({ question, arrangement }: Attempt, seed: number, wanted: ReadonlySet<number>): Seat[] {
    const { group } = question;
    const slots = slotsFor(group, arrangement.taken);
    return arrangement.taken.map(({ agent }, i) => {
      const slot = slots[i] as number;
      const start = hash(`${seed}/${group.id}/${slot}/${agent.id}`);
      const ledger = this.byId.get(agent.id) as Ledger;
      const given = this.change(ledger, () => withdraw(ledger, group.demand, start, wanted));
      return { slot, agentId: agent.id, ...given };
    });
  }

  private change<T>(ledger: Ledger, how: () => T): T {
    const { cpus, mem, disk, gpus } = ledger.left;
    const result = how();
    this.free.cpus += ledger.left.cpus - cpus;
    this.free.mem += ledger.left.mem - mem;
    this.free.disk += ledger.left.disk - disk;
    this.free.gpus += ledger.left.gpus - gpus;
    const rooms = this.rooms?.[ledger.number];
    if (rooms) refresh(rooms, this.recurring.list, this.largest);
    ledger.step = fitStep(ledger.left, this.largest, ledger.left, 0);
    for (const tree of this.trees.values()) tree.changed(ledger);
    for (const copysets of this.copysets.values()) copysets.changed(ledger);
    return result;
  }

  /** The agents by the domains of this ladder. */
  tree(ladder: readonly string[]): DomainTree {
    return recent(this.trees, JSON.stringify(ladder), () => new DomainTree(ladder, this.ledgers));
  }

  /** Sets of `size` agents, apart by this ladder. */
  copysetsOf(ladder: readonly string[], size: number, scatterWidth: number): Copysets {
    const tree = this.tree(ladder);
    const make = () => new Copysets(this.ledgers, tree, size, scatterWidth, this.largest);
    return recent(this.copysets, JSON.stringify([ladder, size, scatterWidth]), make);
  }
}

function sumOf(all: readonly Amounts[]): Amounts {
  const sum = { cpus: 0, mem: 0, disk: 0, gpus: 0 };
  for (const one of all) for (const dimension of dimensions) sum[dimension] += one[dimension];
  return sum;
}

/** The entry of `key`; the one that was used longest ago goes when there are too many. */
function recent<Value>(kept: Map<string, Value>, key: string, make: () => Value): Value {
  const value = kept.get(key) ?? make();
  kept.delete(key);
  kept.set(key, value);
  for (const oldest of kept.keys()) {
    if (kept.size <= keptMax) break;
    kept.delete(oldest);
  }
  return value;
}
