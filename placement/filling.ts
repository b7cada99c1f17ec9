/** Which of many demands together leave least of one agent. */
import { type Amounts, covers, dimensions } from './resources.js';

/** Replicas that ask for the same. */
export interface Kind {
  asked: Readonly<Amounts>;
  count: number;
}

/** Kinds looked at in one search. Bounds the time, not a clock. */
const looksMax = 3000;

/**
 * @param kinds in the order that is tried
 * @param weights of what is left, per dimension
 * @returns replicas that fit together, each by its kind, and leave the least weighed sum of all sets that were looked at; empty when
 *   nothing fits
 */
export function bestFilling<K extends Kind>(left: Amounts, kinds: readonly K[], weights: Amounts): K[] {
  const open = kinds.filter(({ asked, count }) => count > 0 && covers(left, asked));
  const balanced = new Search(open, weights);
  balanced.balance({ ...left });
  const search = new Search(open, weights, balanced.best);
  search.descend({ ...left }, 0);
  return search.best.set;
}

interface Filling<K> {
  set: K[];
  /** The weighed sum of what is left. */
  slack: number;
}

class Search<K extends Kind> {
  private looks = 0;
  private readonly chosen: K[] = [];
  private readonly counts: number[];

  constructor(
    private readonly kinds: readonly K[],
    private readonly weights: Amounts,
    public best: Filling<K> = { set: [], slack: Number.POSITIVE_INFINITY },
  ) {
    this.counts = kinds.map(({ count }) => count);
  }

  /** Each time the replica whose demand is most like what is left, by the angle between them. */
  balance(left: Amounts): void {
    for (;;) {
      let [next, most] = [-1, Number.NEGATIVE_INFINITY];
      for (const [at, { asked }] of this.kinds.entries()) {
        if (this.counts[at] === 0 || !covers(left, asked)) continue;
        const likeness = this.product(asked, left) / Math.sqrt(this.product(asked, asked));
        if (likeness > most) [next, most] = [at, likeness];
      }
      if (next === -1) return;
      this.take(next, left);
    }
  }

  private product(a: Amounts, b: Amounts): number {
    return dimensions.reduce((sum, dimension) => sum + this.weights[dimension] * a[dimension] * b[dimension], 0);
  }

  /** All sets, the first kinds first, until one leaves nothing or the limit is reached. */
  descend(left: Amounts, from: number): void {
    for (let at = from; at < this.kinds.length && this.looks < looksMax && this.best.slack > 0; at++) {
      this.looks += 1;
      if (this.counts[at] === 0 || !covers(left, (this.kinds[at] as K).asked)) continue;
      this.take(at, left);
      this.descend(left, at);
      this.release(left, at);
    }
  }

  private take(at: number, left: Amounts): void {
    const kind = this.kinds[at] as K;
    this.counts[at] = (this.counts[at] as number) - 1;
    this.chosen.push(kind);
    for (const dimension of dimensions) left[dimension] -= kind.asked[dimension];
    const slack = dimensions.reduce((sum, dimension) => sum + left[dimension] * this.weights[dimension], 0);
    if (slack < this.best.slack) this.best = { set: [...this.chosen], slack };
  }

  private release(left: Amounts, at: number): void {
    const kind = this.chosen.pop() as K;
    this.counts[at] = (this.counts[at] as number) + 1;
    for (const dimension of dimensions) left[dimension] += kind.asked[dimension];
  }
}
