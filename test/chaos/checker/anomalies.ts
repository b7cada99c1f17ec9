/** Defects that a history without any gets: each makes one that no order of the calls explains. Null: there is no place for it. */
import type { Random } from '../../random.js';
import type { Call, QueueOperation, RegisterOperation, SetOperation, Value } from './index.js';

type Returned<Operation, Result extends Value> = Extract<Call<Operation, Result>, { outcome: 'returned' }>;
export type Defect<Operation, Result extends Value> = (
  calls: Returned<Operation, Result>[],
  random: Random,
) => Call<Operation, Result>[] | null;

type OnRegister = Defect<RegisterOperation, Value>;
type OnQueue = Defect<QueueOperation, string | null>;

function pick<T>(list: T[], random: Random): T | null {
  return list[Math.floor(random() * list.length)] ?? null;
}

const isBefore = (a: { returnNs: number }, b: { callNs: number }) => a.returnNs < b.callNs;

function answering<Operation, Result extends Value>(
  calls: Returned<Operation, Result>[],
  which: Returned<Operation, Result> | null,
  result: Result | undefined,
): Call<Operation, Result>[] | null {
  if (which === null || result === undefined) return null;
  return calls.map((call) => (call === which ? { ...call, result } : call));
}

const readsOf = (calls: Returned<RegisterOperation, Value>[]) =>
  calls.filter(({ operation }) => operation.type === 'read');
const writesOf = (calls: Returned<RegisterOperation, Value>[]) =>
  calls.flatMap((call) => (call.operation.type === 'write' ? [{ ...call, value: call.operation.value }] : []));

/** Writes have values of their own. */
export const staleRead: OnRegister = (calls, random) => {
  const read = pick(readsOf(calls), random);
  if (read === null) return null;
  const writes = writesOf(calls).filter((write) => isBefore(write, read));
  const overwritten = writes.filter((write) => writes.some((later) => isBefore(write, later)));
  return answering(calls, read, pick(overwritten, random)?.value);
};

export const phantomRead: OnRegister = (calls, random) =>
  answering(calls, pick(readsOf(calls), random), 'nobody wrote this');

/** Of a value that will be written, but not yet. */
export const earlyRead: OnRegister = (calls, random) => {
  const read = pick(readsOf(calls), random);
  const writes = writesOf(calls).filter((write) => read !== null && isBefore(read, write));
  return answering(calls, read, pick(writes, random)?.value);
};

/** Of what a compare-and-set would have written that said it did not. */
export const dirtyRead: OnRegister = (calls, random) => {
  const refused = calls.filter(({ operation, result }) => operation.type === 'compareAndSet' && result === false);
  const operation = pick(refused, random)?.operation;
  return answering(calls, pick(readsOf(calls), random), operation?.type === 'compareAndSet' ? operation.to : undefined);
};

/** Two took the place of one value that was written once, which no other call says it wrote. */
export const bothWin: OnRegister = (calls, random) => {
  const wins = calls.filter(({ operation, result }) => operation.type === 'compareAndSet' && result === true);
  const win = pick(wins, random);
  if (win === null) return null;
  const operation = { ...win.operation, to: 'its own' } as RegisterOperation;
  return [...calls, { ...win, process: 'another', operation, returnNs: win.returnNs + 0.001 }];
};

const dequeuesOf = (calls: Returned<QueueOperation, string | null>[]) =>
  calls.filter(({ operation, result }) => operation.type === 'dequeue' && result !== null);
const enqueueOf = (calls: Returned<QueueOperation, string | null>[], element: string | null) =>
  calls.find(({ operation }) => operation.type === 'enqueue' && operation.element === element);

/** Pairs of dequeues of elements of which the first was enqueued before the second one was begun to be. */
function inOrder(
  calls: Returned<QueueOperation, string | null>[],
  first: Returned<QueueOperation, string | null> | null,
) {
  const enqueued = first && enqueueOf(calls, first.result);
  return dequeuesOf(calls).filter((second) => {
    const other = enqueueOf(calls, second.result);
    return enqueued && other && isBefore(enqueued, other);
  });
}

export const duplicatedElement: OnQueue = (calls, random) => {
  const [one, other] = [pick(dequeuesOf(calls), random), pick(dequeuesOf(calls), random)];
  return one === other ? null : answering(calls, one, other?.result);
};

export const lostElement: OnQueue = (calls, random) => {
  const lost = pick(dequeuesOf(calls), random);
  return inOrder(calls, lost).length === 0 ? null : calls.filter((call) => call !== lost);
};

export const reorderedElements: OnQueue = (calls, random) => {
  const first = pick(dequeuesOf(calls), random);
  const second = pick(
    inOrder(calls, first).filter((one) => first && isBefore(first, one)),
    random,
  );
  if (first === null || second === null) return null;
  const other = new Map([
    [first, second.result],
    [second, first.result],
  ]);
  return calls.map((call) => ({ ...call, result: other.has(call) ? (other.get(call) as string) : call.result }));
};

/** Both additions say that they made the same value, as when one overwrites the other. */
export const lostUpdate: Defect<{ type: 'read' } | { type: 'add'; by: number }, number> = (calls, random) => {
  const additions = calls.filter(({ operation }) => operation.type === 'add');
  const [one, other] = [pick(additions, random), pick(additions, random)];
  return one === other ? null : answering(calls, one, other?.result);
};

/** An element that nobody has removed is added a second time. */
export const forgottenElement: Defect<SetOperation, boolean | string> = (calls, random) => {
  const added = pick(
    calls.filter(({ operation, result }) => operation.type === 'add' && result === true),
    random,
  );
  if (added === null || added.operation.type !== 'add') return null;
  const { element } = added.operation;
  const endNs = Math.max(...calls.map(({ returnNs }) => returnNs));
  const kept = calls.filter(({ operation }) => operation.type !== 'remove' || operation.element !== element);
  return [...kept, { ...added, callNs: endNs + 1, returnNs: endNs + 2 }];
};
