/** What clients of a system saw: the calls they made, when, and what they were told. */

export type Value = string | number | boolean | null;

export interface CallOf<Operation> {
  process: string | number;
  /** Which object the operation is upon, for example a key; objects are judged one by one. */
  object?: string;
  operation: Operation;
  callNs: number;
}

/** Calls that certainly had no effect (refused, never sent) do not belong into a history. */
export type Call<Operation, Result extends Value> =
  | (CallOf<Operation> & { outcome: 'returned'; returnNs: number; result: Result })
  /** It may take effect at any time after the call, or never. */
  | (CallOf<Operation> & { outcome: 'unknown' });

export type Returned<Operation, Result extends Value> = Extract<Call<Operation, Result>, { outcome: 'returned' }>;

/** Calls of unknown outcome that ask for the same: which of them took effect makes no difference, only how many. */
export interface Doubt<Operation> {
  operation: Operation;
  /** Positions of their calls among the events, ascending. */
  calledAt: number[];
}

export type Event =
  | { type: 'call'; index: number }
  | { type: 'return'; index: number }
  | { type: 'doubt'; index: number };

/** A history in the order of its events; `index` of an event leads into `returned` or `doubts`. */
export interface Ordered<Operation, Result extends Value> {
  /** By the time of the call. */
  returned: Returned<Operation, Result>[];
  doubts: Doubt<Operation>[];
  events: Event[];
}

/** At equal times calls come before returns: clocks that cannot tell them apart leave them concurrent. */
export function ordered<Operation, Result extends Value>(
  calls: readonly Call<Operation, Result>[],
): Ordered<Operation, Result> {
  for (const [index, call] of calls.entries()) judge(call, index);
  const byCall = [...calls].sort((a, b) => a.callNs - b.callNs);
  const returned = byCall.filter((call) => call.outcome === 'returned');
  const unknown = byCall.filter((call) => call.outcome === 'unknown');
  const places = new Map<string, number>();
  const doubtOf = unknown.map(({ operation }) => {
    const name = JSON.stringify(operation);
    return places.get(name) ?? places.set(name, places.size).size - 1;
  });
  const timed = [
    ...returned.map(({ callNs }, index) => ({ atNs: callNs, rank: 0, event: { type: 'call', index } as Event })),
    ...unknown.map(({ callNs }, i) => ({
      atNs: callNs,
      rank: 0,
      event: { type: 'doubt', index: doubtOf[i] as number } as Event,
    })),
    ...returned.map(({ returnNs }, index) => ({ atNs: returnNs, rank: 1, event: { type: 'return', index } as Event })),
  ];
  const events = timed.sort((a, b) => a.atNs - b.atNs || a.rank - b.rank).map(({ event }) => event);
  return { returned, doubts: doubtsOf(unknown, doubtOf, events), events };
}

function doubtsOf<Operation>(unknown: CallOf<Operation>[], doubtOf: number[], events: Event[]): Doubt<Operation>[] {
  const doubts: Doubt<Operation>[] = [];
  for (const [i, { operation }] of unknown.entries()) doubts[doubtOf[i] as number] ??= { operation, calledAt: [] };
  for (const [position, event] of events.entries())
    if (event.type === 'doubt') doubts[event.index]?.calledAt.push(position);
  return doubts;
}

function judge<Operation, Result extends Value>(call: Call<Operation, Result>, index: number): void {
  if (!Number.isFinite(call.callNs))
    throw new RangeError(`history[${index}].callNs is ${call.callNs}; it must be a number of nanoseconds`);
  if (call.outcome === 'unknown') return;
  if (!(Number.isFinite(call.returnNs) && call.returnNs >= call.callNs))
    throw new RangeError(
      `history[${index}].returnNs is ${call.returnNs}, callNs ${call.callNs}; a call returns after it began, or has the outcome "unknown"`,
    );
}
