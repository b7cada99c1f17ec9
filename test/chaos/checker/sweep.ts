/**
 * Goes through a history event by event with all configurations that are possible, as Lowe's just-in-time search does. It finds
 * the first return that no order explains, and needs memory for the open calls only, however long the history is. The rules of
 * search.ts keep it narrow, too.
 */
import { type Budget, GaveUp } from './budget.js';
import { type Configuration, Configurations } from './configurations.js';
import type { Ordered, Returned, Value } from './history.js';
import { type Model, needsDoubt } from './models.js';
import { nothingUsed, UsedSets } from './used.js';

/** Bits of an integer that JavaScript computes with. */
const openCallsMax = 30;

/** Of some hundred bytes each. */
const configurationsMax = 200_000;

export interface Violation<Operation, Result extends Value> {
  /** The call whose return no order of the history explains. */
  call: Returned<Operation, Result>;
  /** How many calls had returned before; they alone are linearizable. */
  explained: number;
  /** Other calls that were open then; those of unknown outcome are not among them. */
  open: Returned<Operation, Result>[];
  /** States that were possible before the return, some of them when there are many. */
  states: Value[];
}

export type Swept<Operation, Result extends Value> =
  | { verdict: 'linearizable' }
  | { verdict: 'violated'; violation: Violation<Operation, Result> }
  | { verdict: 'unknown'; reason: string };

export function sweep<Operation, Result extends Value>(
  history: Ordered<Operation, Result>,
  model: Model<Operation, Result>,
  budget: Budget,
): Swept<Operation, Result> {
  try {
    const violation = new Sweep(history, model, budget).run();
    return violation ? { verdict: 'violated', violation } : { verdict: 'linearizable' };
  } catch (error) {
    if (error instanceof GaveUp) return { verdict: 'unknown', reason: error.message };
    throw error;
  }
}

class Sweep<Operation, Result extends Value> {
  readonly #history: Ordered<Operation, Result>;
  readonly #model: Model<Operation, Result>;
  readonly #budget: Budget;
  readonly #usedSets: UsedSets;
  /** Open calls by slot. */
  readonly #open: (number | undefined)[] = [];
  /** Slots of open calls that change nothing. */
  #observers = 0;
  #possible: Configurations;
  #explained = 0;

  constructor(history: Ordered<Operation, Result>, model: Model<Operation, Result>, budget: Budget) {
    this.#history = history;
    this.#model = model;
    this.#budget = budget;
    this.#usedSets = new UsedSets(budget);
    this.#possible = new Configurations(this.#usedSets);
    this.#possible.add({ done: 0, state: model.initial, used: nothingUsed, before: undefined }, 0);
  }

  run(): Violation<Operation, Result> | null {
    for (const [position, { type, index }] of this.#history.events.entries()) {
      if (type === 'call') this.#begin(index);
      if (type !== 'return') continue;
      const slot = this.#open.indexOf(index);
      const following = this.#after(slot, position);
      if (following.size === 0) return this.#violation(index);
      this.#possible = following;
      this.#open[slot] = undefined;
      this.#observers &= ~(1 << slot);
      this.#explained++;
    }
    return null;
  }

  #begin(index: number): void {
    const free = this.#open.indexOf(undefined);
    const slot = free < 0 ? this.#open.length : free;
    if (slot >= openCallsMax) throw new GaveUp(`over ${openCallsMax} calls are open at once`);
    this.#open[slot] = index;
    const { operation, result } = this.#call(index);
    if (!this.#model.observes(operation, result)) return;
    this.#observers |= 1 << slot;
    const seen = new Configurations(this.#usedSets);
    for (const one of this.#possible.all()) seen.add(this.#observed(one), this.#observers);
    this.#possible = seen;
  }

  #call(index: number): Returned<Operation, Result> {
    return this.#history.returned[index] as Returned<Operation, Result>;
  }

  /** With the open calls that change nothing and whose answers fit. */
  #observed(one: Configuration): Configuration {
    let done = one.done;
    for (const [slot, index] of this.#open.entries()) {
      const bit = 1 << slot;
      if (index === undefined || done & bit || !(this.#observers & bit)) continue;
      const { operation, result } = this.#call(index);
      if (this.#apply(one.state, operation).result === result) done |= bit;
    }
    return done === one.done ? one : { ...one, done, before: undefined };
  }

  /** The configurations in which the call of `slot` has had its effect, and is forgotten. */
  #after(slot: number, position: number): Configurations {
    const bit = 1 << slot;
    const following = new Configurations(this.#usedSets);
    const visited = new Configurations(this.#usedSets);
    const waiting: Configuration[] = [];
    const meet = (one: Configuration) => {
      if (one.done & bit) following.add({ ...one, done: one.done & ~bit }, this.#observers & ~bit);
      else if (visited.add(one, this.#observers)) waiting.push(one);
    };
    for (const one of this.#possible.all()) meet(one);
    // The list grows while it is walked through.
    for (const one of waiting) {
      for (const next of this.#changes(one)) meet(this.#observed(next));
      for (const next of this.#doubted(one, position)) meet(this.#observed(next));
      if (following.size + visited.size > configurationsMax)
        throw new GaveUp(`over ${configurationsMax} configurations are possible at once`);
    }
    return following;
  }

  *#changes({ done, state, used, before }: Configuration): Iterable<Configuration> {
    for (const [slot, index] of this.#open.entries()) {
      const bit = 1 << slot;
      if (index === undefined || (done | this.#observers) & bit) continue;
      const { operation, result } = this.#call(index);
      const applied = this.#apply(state, operation);
      if (applied.result !== result) continue;
      if (before !== undefined && !needsDoubt(this.#model, { before, state, operation })) continue;
      yield { done: done | bit, state: applied.state, used, before: undefined };
    }
  }

  *#doubted({ done, state, used, before }: Configuration, position: number): Iterable<Configuration> {
    for (const [doubt, { operation, calledAt }] of this.#history.doubts.entries()) {
      if ((calledAt[0] as number) > position) break;
      if ((calledAt[this.#usedSets.count(used, doubt)] ?? Number.POSITIVE_INFINITY) > position) continue;
      const after = this.#apply(state, operation).state;
      if (after === state || (before !== undefined && this.#apply(before, operation).state === after)) continue;
      yield { done, state: after, used: this.#usedSets.withOneMore(used, doubt), before: state };
    }
  }

  #apply(state: Value, operation: Operation) {
    this.#budget.spend(1);
    return this.#model.apply(state, operation);
  }

  #violation(index: number): Violation<Operation, Result> {
    const open = this.#open.filter((one) => one !== undefined && one !== index).map((one) => this.#call(one as number));
    return { call: this.#call(index), explained: this.#explained, open, states: this.#possible.states() };
  }
}
