/**
 * Copysets: the sets of agents that may carry a group together. With few of them, few combinations of failed agents hit
 * any group's majority. Each permutation of the agents is cut into sets of different domains and alike machines, so an
 * agent shares groups with `scatterWidth` others at least. Source: Cidon et al., "Copysets: Reducing the Frequency of Data Loss in Cloud
 * Storage", USENIX ATC 2013, section 4.
 */
import type { DomainTree } from './domain-tree.js';
import { fitStep } from './fit.js';
import { type Filled, FitIndex, positionsFor } from './fit-index.js';
import type { Ledger } from './ledger.js';
import { type Amounts, dimensions } from './resources.js';
import { hash } from './seed.js';

export interface Copyset extends Filled {
  members: Ledger[];
}

/** Agents that are looked at for each member of a set. */
const lookAhead = 64;

export class Copysets {
  readonly sets: Copyset[] = [];
  /** By the agent's number. */
  private readonly ofAgent: Copyset[][];
  private readonly index: FitIndex<Copyset>;

  constructor(
    ledgers: readonly Ledger[],
    private readonly tree: DomainTree,
    private readonly size: number,
    scatterWidth: number,
    private readonly largest: Amounts,
  ) {
    this.ofAgent = ledgers.map(() => []);
    const permutations = Math.ceil(scatterWidth / (size - 1));
    for (let round = 0; round < permutations; round++) this.cut(permuted(ledgers, round));
    this.index = new FitIndex(this.sets, positionsFor(this.sets.length));
  }

  /** The last agents, too few for a set, share one with some that are in another already. */
  private cut(order: readonly Ledger[]): void {
    if (order.length < this.size) return;
    const near: Ledger[] = [];
    for (let at = 0; ; ) {
      while (near.length < lookAhead && at < order.length) near.push(order[at++] as Ledger);
      if (near.length < this.size) break;
      this.enter(this.nextSet(near));
    }
    const filler = order.filter((ledger) => !near.includes(ledger)).slice(0, this.size - near.length);
    if (near.length > 0) this.enter([...near, ...filler]);
  }

  private enter(members: Ledger[]): void {
    const set = { number: this.sets.length, members, left: { cpus: 0, mem: 0, disk: 0, gpus: 0 }, step: 0 };
    this.weigh(set);
    this.sets.push(set);
    for (const { number } of members) this.ofAgent[number]?.push(set);
  }

  /** Takes a set out of `near`: the first, and whoever lies furthest from those chosen. */
  private nextSet(near: Ledger[]): Ledger[] {
    const members = near.splice(0, 1);
    while (members.length < this.size) {
      const crowds = near.map((ledger) => this.nearness(ledger, members));
      const best = crowds.reduce((least, crowd, i) => (crowd < (crowds[least] as number) ? i : least), 0);
      members.push(...near.splice(best, 1));
    }
    return members;
  }

  /** Shared domains count, the widest most; having been together before counts more than any. */
  private nearness(ledger: Ledger, members: readonly Ledger[]): number {
    const keys = this.tree.keysOf(ledger);
    const known = new Set((this.ofAgent[ledger.number] as Copyset[]).flatMap((set) => set.members));
    return members.reduce((sum, member) => {
      const theirs = this.tree.keysOf(member);
      const shared = keys.findIndex((key, rung) => key !== theirs[rung]);
      return sum + 4 ** (shared === -1 ? keys.length : shared) + (known.has(member) ? 4 ** (keys.length + 2) : 0);
    }, 0);
  }

  private weigh(set: Copyset): void {
    for (const dimension of dimensions)
      set.left[dimension] = Math.min(...set.members.map(({ left }) => left[dimension]));
    set.step = fitStep(set.left, this.largest, set.left, 0);
  }

  /** What `ledger` has left is another amount. */
  changed(ledger: Ledger): void {
    for (const set of this.ofAgent[ledger.number] as Copyset[]) {
      this.weigh(set);
      this.index.changed(set);
    }
  }

  /** The fullest whose members all have `asked` left, if it is accepted. */
  best(asked: Amounts, start: number, accepts: (set: Copyset) => boolean): Copyset | null {
    return this.index.best(asked, start, false, accepts);
  }

  /** Those that this agent is in. */
  with(ledger: Ledger): readonly Copyset[] {
    return this.ofAgent[ledger.number] as Copyset[];
  }
}

/** Alike machines are neighbours, the largest first; among those the order is the round's. */
function permuted(ledgers: readonly Ledger[], round: number): Ledger[] {
  const ranked = ledgers.map((ledger) => ({ ledger, rank: hash(`${round}/${ledger.agent.id}`) }));
  ranked.sort(
    (a, b) => compare(a.ledger.total, b.ledger.total) || a.rank - b.rank || a.ledger.number - b.ledger.number,
  );
  return ranked.map(({ ledger }) => ledger);
}

function compare(a: Amounts, b: Amounts): number {
  for (const dimension of dimensions) if (a[dimension] !== b[dimension]) return b[dimension] - a[dimension];
  return 0;
}
