/** Configurations that are possible at once, none of which makes another one superfluous. */
import type { Value } from './history.js';
import type { UsedSets } from './used.js';

export interface Configuration {
  /** Open calls that have had their effect, by slot. */
  done: number;
  state: Value;
  used: number;
  /** The state before the doubt that came last; undefined: its effect has been seen. */
  before: Value | undefined;
}

const statesTold = 10;

export class Configurations {
  readonly #usedSets: UsedSets;
  readonly #byName = new Map<string, Configuration[]>();
  size = 0;

  constructor(usedSets: UsedSets) {
    this.#usedSets = usedSets;
  }

  /** `observers`: slots of calls that change nothing; more of them done is never worse. False: one there is as good. */
  add(one: Configuration, observers: number): boolean {
    const { done, state, before } = one;
    const name = [done & ~observers, typeof state, state, typeof before, before].join('\n');
    const known = this.#byName.get(name) ?? [];
    if (known.some((other) => this.#isAsGood(other, one))) return false;
    const kept = known.filter((other) => !this.#isAsGood(one, other));
    this.size += kept.length + 1 - known.length;
    this.#byName.set(name, [...kept, one]);
    return true;
  }

  /** Of two with equal names. */
  #isAsGood(one: Configuration, other: Configuration): boolean {
    return (other.done & ~one.done) === 0 && this.#usedSets.isWithin(one.used, other.used);
  }

  *all(): Iterable<Configuration> {
    for (const list of this.#byName.values()) yield* list;
  }

  states(): Value[] {
    return [...new Set([...this.all()].map(({ state }) => state))].slice(0, statesTold);
  }
}
