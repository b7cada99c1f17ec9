/**
 * What the answers of a queue say of its enqueues, when no two enqueue the same. Without it the orders of elements that were enqueued at the
 * same time multiply until they come out.
 */
import type { Call, Returned } from './history.js';
import type { Hindsight, QueueOperation } from './models.js';

type QueueCall = Call<QueueOperation, string | null>;
type ReturnedCall = Returned<QueueOperation, string | null>;
/** By element. */
type Dequeues = Map<string, ReturnedCall>;

/** Elements that nobody was given are alike. */
const neverOut = '';
/** The order is a table of their pairs. */
const elementsMax = 2000;

export function queueHindsight(calls: readonly QueueCall[]): Hindsight<QueueOperation, string | null> | null {
  const dequeues = dequeuesOf(calls);
  if (dequeues === null || dequeues.size > elementsMax) return null;
  const settled = settledCalls(calls, dequeues);
  return { calls: settled, before: enqueuedBefore(settled, dequeues) };
}

/** `null`: an element is there twice. */
function dequeuesOf(calls: readonly QueueCall[]): Dequeues | null {
  const enqueued = calls.flatMap(({ operation }) => (operation.type === 'enqueue' ? [operation.element] : []));
  const dequeued = calls.filter(
    (call): call is ReturnedCall =>
      call.outcome === 'returned' && call.operation.type === 'dequeue' && call.result !== null,
  );
  const dequeues = new Map(dequeued.map((call) => [call.result as string, call]));
  const isDistinct = new Set(enqueued).size === enqueued.length && dequeues.size === dequeued.length;
  return isDistinct ? dequeues : null;
}

/**
 * An enqueue without an answer whose element came out has returned when that dequeue had, at the latest. One whose element nobody was
 * given is left out: where an order with it is right, so is the one without it and without the dequeue of unknown outcome that took it.
 */
function settledCalls(calls: readonly QueueCall[], dequeues: Dequeues): QueueCall[] {
  return calls.flatMap((call): QueueCall[] => {
    if (call.operation.type !== 'enqueue') return [call];
    const out = dequeues.get(call.operation.element);
    if (call.outcome === 'returned')
      return [out ? call : { ...call, operation: { type: 'enqueue', element: neverOut } }];
    return out ? [{ ...call, outcome: 'returned', returnNs: Math.max(out.returnNs, call.callNs), result: null }] : [];
  });
}

/**
 * An enqueue has its effect before another one when it returned before that was called, when its element was out before that of the other
 * could be, or when a third one is between them for such reasons.
 */
function enqueuedBefore(
  calls: readonly QueueCall[],
  dequeues: Dequeues,
): (a: ReturnedCall, b: ReturnedCall) => boolean {
  const elements = calls.flatMap((call) => {
    const out = call.operation.type === 'enqueue' && dequeues.get(call.operation.element);
    return out && call.outcome === 'returned' ? [{ enqueue: call, out }] : [];
  });
  const order = elements.map((a) =>
    elements.map((b) => a.enqueue.returnNs < b.enqueue.callNs || a.out.returnNs < b.out.callNs),
  );
  close(order);
  const places = new Map(elements.map(({ enqueue }, at) => [enqueue, at]));
  const unanswered = calls.filter(({ operation, outcome }) => operation.type === 'dequeue' && outcome === 'unknown');
  const firstUnansweredNs = Math.min(...unanswered.map(({ callNs }) => callNs));
  return (a, b) => {
    const [from, to] = [places.get(a), places.get(b)];
    if (from === undefined || b.operation.type !== 'enqueue') return false;
    if (to !== undefined) return order[from]?.[to] as boolean;
    return (elements[from]?.out.returnNs as number) < firstUnansweredNs;
  };
}

/** Makes a relation transitive (Warshall). */
function close(relation: boolean[][]): void {
  for (const [middle, after] of relation.entries())
    for (const row of relation) if (row[middle]) for (const [to, is] of after.entries()) if (is) row[to] = true;
}
