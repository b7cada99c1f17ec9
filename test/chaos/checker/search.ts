/**
 * Looks for one order of a history that the model agrees with: the search of Wing and Gong with Lowe's memory of
 * configurations seen. Quick for histories that have such an order.
 *
 * Two rules keep it narrow. An open call whose answer shows that it changed nothing is placed as soon as its answer fits:
 * no later place is better. A call of unknown outcome is placed only where what follows it shows that it had its effect.
 */
import { type Budget, GaveUp } from './budget.js';
import { type Call, type Ordered, ordered, type Returned, type Value } from './history.js';
import { type Hindsight, type Model, needsDoubt } from './models.js';
import { Placed } from './placed.js';
import { nothingUsed, UsedSets } from './used.js';

export type Found = 'order' | 'no order' | 'gave up';

/** A configuration that is remembered takes some hundred bytes: memory is bounded by the same budget as time. */
const costOfMemory = 10;

interface Configuration {
  state: Value;
  used: number;
  /** The state before the doubt that was placed last; undefined: its effect has been seen. */
  before: Value | undefined;
}

/** One decision, and how to take it back. */
interface Step {
  at: number;
  from: Configuration;
  /** Doubts that may be tried at this return, up to `tried` they were; undefined: the call at `at` was placed. */
  doubts?: number[];
  tried: number;
  /** Calls that were placed after it since their answers fitted. */
  observed: number[];
}

export function search<Operation, Result extends Value>(
  calls: readonly Call<Operation, Result>[],
  model: Model<Operation, Result>,
  budget: Budget,
): Found {
  try {
    return new Search(calls, model, budget).run();
  } catch (error) {
    if (error instanceof GaveUp) return 'gave up';
    throw error;
  }
}

class Search<Operation, Result extends Value> {
  readonly #history: Ordered<Operation, Result>;
  readonly #model: Model<Operation, Result>;
  readonly #budget: Budget;
  readonly #before: Hindsight<Operation, Result>['before'] | undefined;
  /** Events of calls that are not placed yet, as a list; its head stands behind the last event. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head: number;
  readonly #returnAt: Int32Array;
  readonly #placed: Placed;
  readonly #usedSets: UsedSets;
  readonly #seen = new Map<string, number[]>();
  readonly #steps: Step[] = [];
  #now: Configuration;

  constructor(calls: readonly Call<Operation, Result>[], model: Model<Operation, Result>, budget: Budget) {
    const hindsight = model.hindsight?.(calls);
    const history = ordered(hindsight?.calls ?? calls);
    this.#history = history;
    this.#model = model;
    this.#budget = budget;
    this.#before = hindsight?.before;
    this.#usedSets = new UsedSets(budget);
    this.#now = { state: model.initial, used: nothingUsed, before: undefined };
    this.#placed = new Placed(history.returned.length);
    this.#head = history.events.length;
    this.#next = new Int32Array(this.#head + 1).fill(this.#head);
    this.#previous = new Int32Array(this.#head + 1).fill(this.#head);
    this.#returnAt = new Int32Array(history.returned.length);
    this.#linkEvents();
  }

  #linkEvents(): void {
    for (const [at, { type, index }] of this.#history.events.entries()) {
      if (type === 'doubt') continue;
      if (type === 'return') this.#returnAt[index] = at;
      this.#previous[at] = this.#previous[this.#head] as number;
      this.#link(at);
    }
  }

  run(): Found {
    this.#observe();
    let at = this.#first();
    while (at !== this.#head) {
      const following = this.#isCall(at)
        ? this.#tryCall(at)
        : (this.#tryDoubts(at, this.#doubtsAt(at), 0) ?? this.#takeBack());
      if (following === null) return 'no order';
      at = following;
    }
    return 'order';
  }

  #first(): number {
    return this.#next[this.#head] as number;
  }

  #isCall(at: number): boolean {
    return this.#history.events[at]?.type === 'call';
  }

  #callAt(at: number): Returned<Operation, Result> {
    return this.#history.returned[this.#indexAt(at)] as Returned<Operation, Result>;
  }

  #indexAt(at: number): number {
    return this.#history.events[at]?.index as number;
  }

  /** Where to go on. */
  #tryCall(at: number): number {
    const { operation, result } = this.#callAt(at);
    const { state, used, before } = this.#now;
    const applied = this.#apply(state, operation);
    if (applied.result !== result || this.#mustWait(at)) return this.#nextOf(at);
    if (before !== undefined && !needsDoubt(this.#model, { before, state, operation })) return this.#nextOf(at);
    const step = { at, from: this.#now, tried: 0, observed: [] };
    return this.#enter(step, { state: applied.state, used, before: undefined }) ? this.#first() : this.#nextOf(at);
  }

  /** A call that is not placed yet has its effect before; those that begin after the return do not. */
  #mustWait(at: number): boolean {
    if (this.#before === undefined) return false;
    const call = this.#callAt(at);
    const end = this.#returnAt[this.#indexAt(at)] as number;
    for (let other = this.#first(); other < end; other = this.#nextOf(other))
      if (this.#isCall(other) && this.#before(this.#callAt(other), call)) return true;
    return false;
  }

  #nextOf(at: number): number {
    return this.#next[at] as number;
  }

  /** At a return whose call could not be placed: a call of unknown outcome must have had its effect. `null`: none did. */
  #tryDoubts(at: number, doubts: number[], first: number): number | null {
    const from = this.#now;
    for (let tried = first; tried < doubts.length; tried++) {
      const doubt = doubts[tried] as number;
      const state = this.#stateAfter(doubt);
      if (state === from.state || this.#isIdle(doubt)) continue;
      const used = this.#usedSets.withOneMore(from.used, doubt);
      if (this.#enter({ at, from, doubts, tried, observed: [] }, { state, used, before: from.state }))
        return this.#first();
    }
    return null;
  }

  /** Whether the doubt makes the one before it, if there is one, superfluous. */
  #isIdle(doubt: number): boolean {
    const { before, state } = this.#now;
    const operation = this.#history.doubts[doubt]?.operation as Operation;
    return before !== undefined && this.#apply(before, operation).state === this.#apply(state, operation).state;
  }

  /** Doubts with a call left that began before this return; first those after which the returning call fits. */
  #doubtsAt(at: number): number[] {
    const { operation, result } = this.#callAt(at);
    const fitting: number[] = [];
    const others: number[] = [];
    for (const [doubt, { calledAt }] of this.#history.doubts.entries()) {
      if ((calledAt[0] as number) > at) break;
      if ((calledAt[this.#usedSets.count(this.#now.used, doubt)] ?? this.#head) > at) continue;
      const fits = this.#apply(this.#stateAfter(doubt), operation).result === result;
      (fits ? fitting : others).push(doubt);
    }
    return [...fitting, ...others];
  }

  #stateAfter(doubt: number): Value {
    return this.#apply(this.#now.state, this.#history.doubts[doubt]?.operation as Operation).state;
  }

  #apply(state: Value, operation: Operation) {
    this.#budget.spend(1);
    return this.#model.apply(state, operation);
  }

  /** False: this configuration was tried before, and nothing is changed. */
  #enter(step: Step, to: Configuration): boolean {
    this.#now = to;
    if (step.doubts === undefined) this.#place(step.at);
    step.observed = this.#observe();
    if (this.#isNew()) {
      this.#steps.push(step);
      return true;
    }
    this.#leave(step);
    return false;
  }

  #leave(step: Step): void {
    for (const at of step.observed.reverse()) this.#takeOut(at);
    if (step.doubts === undefined) this.#takeOut(step.at);
    this.#now = step.from;
  }

  /** Places open calls that changed nothing and whose answers fit. */
  #observe(): number[] {
    const observed: number[] = [];
    for (let at = this.#first(); this.#isCall(at); at = this.#nextOf(at)) {
      const { operation, result } = this.#callAt(at);
      if (!this.#model.observes(operation, result)) continue;
      if (this.#apply(this.#now.state, operation).result !== result) continue;
      this.#place(at);
      observed.push(at);
    }
    if (observed.length > 0) this.#now = { ...this.#now, before: undefined };
    return observed;
  }

  /** The last step was wrong: where to go on with another one, `null` when there is none. */
  #takeBack(): number | null {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      this.#leave(step);
      if (step.doubts === undefined) return this.#nextOf(step.at);
      const following = this.#tryDoubts(step.at, step.doubts, step.tried + 1);
      if (following !== null) return following;
    }
    return null;
  }

  #isNew(): boolean {
    const { state, used, before } = this.#now;
    this.#budget.spend(costOfMemory);
    const name = [this.#placed.name(), typeof state, state, typeof before, before].join('\n');
    const known = this.#seen.get(name);
    if (known) return this.#usedSets.admit(known, used);
    this.#seen.set(name, [used]);
    return true;
  }

  #place(at: number): void {
    this.#placed.add(this.#indexAt(at));
    this.#unlink(at);
    this.#unlink(this.#returnAt[this.#indexAt(at)] as number);
  }

  /** In the opposite order of `#place`. */
  #takeOut(at: number): void {
    this.#placed.delete(this.#indexAt(at));
    this.#link(this.#returnAt[this.#indexAt(at)] as number);
    this.#link(at);
  }

  #unlink(at: number): void {
    const before = this.#previous[at] as number;
    const after = this.#next[at] as number;
    this.#next[before] = after;
    this.#previous[after] = before;
  }

  #link(at: number): void {
    this.#next[this.#previous[at] as number] = at;
    this.#previous[this.#next[at] as number] = at;
  }
}
