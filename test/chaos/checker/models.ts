/** What objects do when they are asked one thing after the other. States are plain values: equal ones are the same state. */
import type { Call, Returned, Value } from './history.js';
import { queueHindsight } from './queue-order.js';

export interface Model<Operation, Result extends Value> {
  name: string;
  initial: Value;
  apply(state: Value, operation: Operation): { state: Value; result: Result };
  /** Whether the answer shows that the operation changed nothing, whatever the state was. */
  observes(operation: Operation, result: Result): boolean;
  /**
   * Which part of an object an operation is upon, where parts do not depend on each other; they are judged one by one.
   * `null`: this operation is upon all of it, so the object is judged as a whole.
   */
  part?(operation: Operation): string | null;
  /** What later answers tell of earlier calls of an object; `null`: nothing. */
  hindsight?(calls: readonly Call<Operation, Result>[]): Hindsight<Operation, Result> | null;
}

export interface Hindsight<Operation, Result extends Value> {
  /** In place of the calls: an order explains them where one explains those. */
  calls: readonly Call<Operation, Result>[];
  /** Whether one has its effect before the other in every order. */
  before(one: Returned<Operation, Result>, other: Returned<Operation, Result>): boolean;
}

export type RegisterOperation =
  | { type: 'read' }
  | { type: 'write'; value: Value }
  | { type: 'compareAndSet'; from: Value; to: Value };

/** A read answers the value, a write `null`, a compare-and-set whether it did. */
export const register: Model<RegisterOperation, Value> = {
  name: 'register',
  initial: null,
  observes: (operation, result) => operation.type === 'read' || result === false,
  apply(state, operation) {
    if (operation.type === 'read') return { state, result: state };
    if (operation.type === 'write') return { state: operation.value, result: null };
    const isEqual = state === operation.from;
    return { state: isEqual ? operation.to : state, result: isEqual };
  },
};

export type CounterOperation = { type: 'read' } | { type: 'add'; by: number };

/** Both answer the value after them. */
export const counter: Model<CounterOperation, number> = {
  name: 'counter',
  initial: 0,
  observes: (operation) => operation.type === 'read',
  apply(state, operation) {
    const value = (state as number) + (operation.type === 'add' ? operation.by : 0);
    return { state: value, result: value };
  },
};

export type SetOperation = { type: 'add' | 'remove' | 'has'; element: string } | { type: 'members' };

/** Add and remove answer whether they changed something, `members` what `membersText` makes of the elements. */
export const set: Model<SetOperation, boolean | string> = {
  name: 'set',
  initial: '',
  observes: (operation, result) => operation.type === 'has' || operation.type === 'members' || result === false,
  part: (operation) => (operation.type === 'members' ? null : operation.element),
  apply(state, operation) {
    const text = state as string;
    if (operation.type === 'members') return { state, result: text };
    const members = new Set(text === '' ? [] : text.split('\n'));
    if (operation.type === 'has') return { state, result: members.has(operation.element) };
    const result = operation.type === 'remove' ? members.delete(operation.element) : !members.has(operation.element);
    if (operation.type === 'add') members.add(operation.element);
    return { state: membersText(members), result };
  },
};

/** No element is empty or has a line break. */
export const membersText = (members: Iterable<string>): string => [...members].sort().join('\n');

export type QueueOperation = { type: 'enqueue'; element: string } | { type: 'dequeue' };

/** First in, first out. Dequeue answers the element, or `null` when there is none. No element has a line break. */
export const queue: Model<QueueOperation, string | null> = {
  name: 'queue',
  initial: '',
  observes: (operation, result) => operation.type === 'dequeue' && result === null,
  hindsight: queueHindsight,
  apply(state, operation) {
    const text = state as string;
    if (operation.type === 'enqueue') return { state: `${text}${operation.element}\n`, result: null };
    const end = text.indexOf('\n');
    if (end < 0) return { state, result: null };
    return { state: text.slice(end + 1), result: text.slice(0, end) };
  },
};

/**
 * Whether an operation right after a doubt, which led from `before` to `state`, shows that the doubt had its effect. Otherwise
 * the same order without the doubt is as good.
 */
export function needsDoubt<Operation, Result extends Value>(
  model: Model<Operation, Result>,
  { before, state, operation }: { before: Value; state: Value; operation: Operation },
): boolean {
  const without = model.apply(before, operation);
  const withIt = model.apply(state, operation);
  return without.result !== withIt.result || without.state !== withIt.state;
}
