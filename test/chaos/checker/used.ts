/** Which calls of unknown outcome are taken to have had an effect: how many of each doubt, as a number that stands for them. */
import type { Budget } from './budget.js';

export const nothingUsed = 0;

/** Equal sets have equal numbers, so that most comparisons are those of numbers. */
export class UsedSets {
  readonly #sets: ReadonlyMap<number, number>[] = [new Map()];
  readonly #numbers = new Map<string, number>([['', nothingUsed]]);
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  count(used: number, doubt: number): number {
    return this.#sets[used]?.get(doubt) ?? 0;
  }

  withOneMore(used: number, doubt: number): number {
    this.#budget.spend(1 + (this.#sets[used]?.size ?? 0));
    const counts = new Map(this.#sets[used]).set(doubt, this.count(used, doubt) + 1);
    const name = [...counts].sort(([a], [b]) => a - b).join(' ');
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#sets.length);
    return this.#sets.push(counts) - 1;
  }

  /** Whatever follows `b` follows `a` as well, since what is left over need never happen. */
  isWithin(a: number, b: number): boolean {
    if (a === b || a === nothingUsed) return true;
    for (const [doubt, count] of this.#sets[a] ?? []) if (this.count(b, doubt) < count) return false;
    return true;
  }

  /** Adds `used` to a list without two of which one is within the other; false: one there is within it already. */
  admit(list: number[], used: number): boolean {
    if (list.some((other) => this.isWithin(other, used))) return false;
    const kept = list.filter((other) => !this.isWithin(used, other));
    list.splice(0, list.length, ...kept, used);
    return true;
  }
}
