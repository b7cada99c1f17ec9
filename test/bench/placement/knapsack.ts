/** What one agent holds at most by a price per item: a knapsack of two dimensions, by branch and bound. */
import type { Shape } from './cluster.js';

/** Items of one size. */
export interface Kind extends Shape {
  count: number;
}

/** How many of each kind lie together on one agent. */
export type Pattern = number[];

export interface Priced {
  /** Of the patterns that are worth more than `worthMin`, those that were the best so far when they were found. */
  patterns: Pattern[];
  /** Proven: no pattern is worth more, nor less than this is `worthMin`. */
  worthMax: number;
}

interface Item extends Kind {
  kind: number;
  price: number;
  /** Of this item and all after it. */
  rest: Rest;
}

/** What bounds the worth of any choice of some items. */
interface Rest {
  /** The highest price of one, and per unit of the weighed sum, of cpus and of mem. */
  price: number;
  perWeighed: number;
  perCpus: number;
  perMem: number;
  /** The least weighed sum. */
  weighed: number;
}

const nothing: Rest = { price: 0, perWeighed: 0, perCpus: 0, perMem: 0, weighed: Number.POSITIVE_INFINITY };
/** In place of a size of 0. */
const tiny = 1e-12;
/** Shares of cpus in the weighed sum of both dimensions. */
const weightsOfCpus = [0, 0.2, 0.4, 0.5, 0.6, 0.8, 1];

/**
 * @param nodesMax the search ends after so many steps; `worthMax` is then the bound of what it has not seen
 */
export function priceOut(
  kinds: readonly Kind[],
  prices: readonly number[],
  capacity: Shape,
  worthMin: number,
  nodesMax: number,
): Priced {
  const choices = weightsOfCpus.map((weight) => sorted(kinds, prices, capacity, weight));
  const best = choices.reduce((a, b) => (rootBound(b) < rootBound(a) ? b : a));
  return new Search(best.items, best.weight, kinds.length, worthMin, nodesMax).run();
}

interface Choice {
  items: Item[];
  weight: number;
}

/** Sizes as shares of the capacity, the dearest by the weighed sum first. */
function sorted(kinds: readonly Kind[], prices: readonly number[], capacity: Shape, weight: number): Choice {
  const items = kinds.flatMap(({ cpus, mem, count }, kind): Item[] => {
    const price = prices[kind] as number;
    const shares = { cpus: Math.max(tiny, cpus / capacity.cpus), mem: Math.max(tiny, mem / capacity.mem) };
    return price > 0 ? [{ ...shares, count, kind, price, rest: nothing }] : [];
  });
  const weighed = ({ cpus, mem }: Shape) => weight * cpus + (1 - weight) * mem;
  items.sort((a, b) => b.price / weighed(b) - a.price / weighed(a));
  let rest = nothing;
  for (const item of items.toReversed()) {
    rest = {
      price: Math.max(rest.price, item.price),
      perWeighed: item.price / weighed(item),
      perCpus: Math.max(rest.perCpus, item.price / item.cpus),
      perMem: Math.max(rest.perMem, item.price / item.mem),
      weighed: Math.min(rest.weighed, weighed(item)),
    };
    item.rest = rest;
  }
  return { items, weight };
}

/** Of the linear relaxation. */
function rootBound({ items, weight }: Choice): number {
  let [room, worth] = [1, 0];
  for (const { cpus, mem, count, price } of items) {
    const size = weight * cpus + (1 - weight) * mem;
    const taken = Math.min(count, room / size);
    worth += taken * price;
    room -= taken * size;
    if (room <= 0) break;
  }
  return worth;
}

/** Sums of shares are compared with this much tolerance, to the side that allows more. */
const slack = 1e-9;

class Search {
  private readonly patterns: Pattern[] = [];
  private readonly chosen: number[];
  private nodes = 0;
  private unseen = 0;

  constructor(
    private readonly items: readonly Item[],
    private readonly weight: number,
    private readonly kinds: number,
    private best: number,
    private readonly nodesMax: number,
  ) {
    this.chosen = items.map(() => 0);
  }

  run(): Priced {
    this.descend(0, 1, 1, 0);
    return { patterns: this.patterns, worthMax: Math.max(this.best, this.unseen) };
  }

  private descend(at: number, cpus: number, mem: number, worth: number): void {
    if (worth > this.best + slack) this.keep(worth);
    const item = this.items[at];
    if (!item) return;
    const bound = worth + this.boundOf(item, cpus, mem);
    if (bound <= this.best + slack) return;
    this.nodes += 1;
    if (this.nodes > this.nodesMax) {
      this.unseen = Math.max(this.unseen, bound);
      return;
    }
    const most = Math.min(item.count, Math.floor((cpus + slack) / item.cpus), Math.floor((mem + slack) / item.mem));
    for (let count = most; count >= 0; count--) {
      this.chosen[at] = count;
      this.descend(at + 1, cpus - count * item.cpus, mem - count * item.mem, worth + count * item.price);
    }
    this.chosen[at] = 0;
  }

  private boundOf({ rest }: Item, cpus: number, mem: number): number {
    const weighed = this.weight * cpus + (1 - this.weight) * mem + slack;
    const most = Math.floor(weighed / rest.weighed) * rest.price;
    return Math.min(most, weighed * rest.perWeighed, (cpus + slack) * rest.perCpus, (mem + slack) * rest.perMem);
  }

  private keep(worth: number): void {
    this.best = worth;
    const pattern = Array<number>(this.kinds).fill(0);
    for (const [at, { kind }] of this.items.entries()) pattern[kind] = this.chosen[at] as number;
    this.patterns.push(pattern);
  }
}
