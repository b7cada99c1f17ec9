/**
 * Is there one order of the calls of a history, each at a moment between its call and its return, in which a single object
 * would have given all the answers? See README.md.
 */
import { Budget } from './budget.js';
import { type Call, ordered, type Value } from './history.js';
import type { Model } from './models.js';
import { search } from './search.js';
import { sweep, type Violation } from './sweep.js';

export type { Call, Value } from './history.js';
export * from './models.js';
export type { Violation } from './sweep.js';

export type Verdict<Operation, Result extends Value> =
  | { verdict: 'linearizable' }
  | { verdict: 'violated'; object: string; violation: Violation<Operation, Result> }
  | { verdict: 'unknown'; object: string; reason: string };

/** Of the sweeps of all parts together, some ten seconds of them. */
const stepsMaxUsual = 20_000_000;
/** Of the search in a part: an order that is there takes a fraction of that. */
const searchStepsMin = 200_000;
const searchStepsPerCall = 100;

export function check<Operation, Result extends Value>(
  history: readonly Call<Operation, Result>[],
  model: Model<Operation, Result>,
  stepsMax = stepsMaxUsual,
): Verdict<Operation, Result> {
  const budget = new Budget(stepsMax);
  let doubtful: Verdict<Operation, Result> | null = null;
  for (const [object, calls] of divided(history, model)) {
    const verdict = checkPart(object, calls, model, budget);
    if (verdict.verdict === 'violated') return verdict;
    if (verdict.verdict === 'unknown') doubtful ??= verdict;
  }
  return doubtful ?? { verdict: 'linearizable' };
}

/** An order is mostly there and quickly found. Where it is not, the sweep says at which call it ends. */
function checkPart<Operation, Result extends Value>(
  object: string,
  calls: Call<Operation, Result>[],
  model: Model<Operation, Result>,
  budget: Budget,
): Verdict<Operation, Result> {
  const searchBudget = new Budget(Math.max(searchStepsMin, searchStepsPerCall * calls.length));
  if (search(calls, model, searchBudget) === 'order') return { verdict: 'linearizable' };
  const swept = sweep(ordered(calls), model, budget);
  return swept.verdict === 'linearizable' ? swept : { object, ...swept };
}

/**
 * A history is linearizable when the parts upon each object are (Herlihy and Wing), and so for parts of an object that do
 * not depend on each other.
 */
function divided<Operation, Result extends Value>(
  history: readonly Call<Operation, Result>[],
  model: Model<Operation, Result>,
): Map<string, Call<Operation, Result>[]> {
  const partOf = ({ operation }: Call<Operation, Result>) => model.part?.(operation) ?? null;
  const objectOf = ({ object }: Call<Operation, Result>) => object ?? '';
  const whole = new Set(history.filter((call) => partOf(call) === null).map(objectOf));
  const parts = new Map<string, Call<Operation, Result>[]>();
  for (const call of history) {
    const object = objectOf(call);
    const name = whole.has(object) ? object : JSON.stringify([object, partOf(call)]);
    const part = parts.get(name);
    if (part) part.push(call);
    else parts.set(name, [call]);
  }
  return parts;
}
