/** Agents, or sets of them, by how full they are: the fullest that will do is found without looking at all of them. */
import { stepsMax } from './fit.js';
import { type Amounts, covers, dimensions } from './resources.js';

export interface Filled {
  /** Its place in the list of all. */
  number: number;
  left: Amounts;
  /** See fit.ts. */
  step: number;
}

interface Bucket<Item> {
  items: Item[];
  /** At least what any of them has left. */
  most: Amounts;
}

/** In which bucket and at which place an item is, by its number. Indexes without common items can share them. */
export interface Positions {
  buckets: Uint16Array;
  places: Uint32Array;
}

export function positionsFor(items: number): Positions {
  return { buckets: new Uint16Array(items), places: new Uint32Array(items) };
}

/** The bucket of those that have too little left for the smallest replica that was ever asked for. */
const exhausted = stepsMax + 1;
const anything: Readonly<Amounts> = { cpus: 0, mem: 0, disk: 0, gpus: 0 };

export class FitIndex<Item extends Filled> {
  private buckets: Bucket<Item>[] = [];
  /** No more than any replica has asked for, so far. Null: none has been asked for. */
  private least: Amounts | null = null;

  constructor(
    private readonly items: readonly Item[],
    private readonly positions: Positions,
  ) {
    this.sortIn();
  }

  private sortIn(): void {
    this.buckets = Array.from({ length: exhausted + 1 }, () => ({ items: [], most: { ...anything } }));
    for (const item of this.items) this.add(item, this.bucketOf(item));
  }

  private bucketOf({ left, step }: Item): number {
    return this.least === null || covers(left, this.least) ? step : exhausted;
  }

  private add(item: Item, to: number): void {
    const bucket = this.buckets[to] as Bucket<Item>;
    this.positions.buckets[item.number] = to;
    this.positions.places[item.number] = bucket.items.push(item) - 1;
    raise(bucket.most, item.left);
  }

  /** What the item has left is another amount. */
  changed(item: Item): void {
    const before = this.positions.buckets[item.number] as number;
    const now = this.bucketOf(item);
    if (before === now) raise((this.buckets[before] as Bucket<Item>).most, item.left);
    else {
      this.remove(item, before);
      this.add(item, now);
    }
  }

  private remove(item: Item, from: number): void {
    const { places } = this.positions;
    const { items } = this.buckets[from] as Bucket<Item>;
    const place = places[item.number] as number;
    const last = items.pop() as Item;
    if (last === item) return;
    items[place] = last;
    places[last.number] = place;
  }

  /** Those that are not exhausted. */
  get open(): number {
    return this.items.length - (this.buckets[exhausted] as Bucket<Item>).items.length;
  }

  /**
   * The fullest that has `asked` left and is accepted, or the emptiest.
   * @param start decides among items of one step
   */
  best(asked: Amounts, start: number, emptiest: boolean, accepts: (item: Item) => boolean): Item | null {
    this.note(asked);
    for (let i = stepsMax; i >= 0; i--) {
      const step = emptiest ? stepsMax - i : i;
      const bucket = this.buckets[step] as Bucket<Item>;
      if (bucket.items.length === 0 || !covers(bucket.most, asked)) continue;
      const found = search(bucket, asked, start, accepts);
      if (found) return found;
    }
    return null;
  }

  private note(asked: Amounts): void {
    const { least } = this;
    if (least !== null && covers(asked, least)) return;
    const lower = { ...(least ?? asked) };
    for (const dimension of dimensions) lower[dimension] = Math.min(lower[dimension], asked[dimension]);
    this.least = lower;
    this.sortIn();
  }
}

function search<Item extends Filled>(
  bucket: Bucket<Item>,
  asked: Amounts,
  start: number,
  accepts: (item: Item) => boolean,
): Item | null {
  const { items } = bucket;
  let tooFull = 0;
  for (let i = 0, at = start % items.length; i < items.length; i++, at++) {
    if (at === items.length) at = 0;
    const item = items[at] as Item;
    if (!covers(item.left, asked)) tooFull += 1;
    else if (accepts(item)) return item;
  }
  if (tooFull > 0) tighten(bucket);
  return null;
}

function raise(most: Amounts, left: Amounts): void {
  if (left.cpus > most.cpus) most.cpus = left.cpus;
  if (left.mem > most.mem) most.mem = left.mem;
  if (left.disk > most.disk) most.disk = left.disk;
  if (left.gpus > most.gpus) most.gpus = left.gpus;
}

function tighten(bucket: Bucket<Filled>): void {
  bucket.most = { ...anything };
  for (const { left } of bucket.items) raise(bucket.most, left);
}
