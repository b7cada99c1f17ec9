/** Histories that others have published, with their verdicts. Times are the places of the events where the source has none. */
import assert from 'node:assert/strict';
import { type Call, check, type QueueOperation, queue, type RegisterOperation, register, type Value } from './index.js';

type On = Call<RegisterOperation, Value>;
const write = (process: string, value: Value, callNs: number, returnNs: number): On => ({
  ...{ process, callNs, returnNs, result: null },
  ...{ outcome: 'returned', operation: { type: 'write', value } },
});
const read = (process: string, result: Value, callNs: number, returnNs: number): On => ({
  ...{ process, callNs, returnNs, result },
  ...{ outcome: 'returned', operation: { type: 'read' } },
});
const enqueue = (
  process: string,
  element: string,
  callNs: number,
  returnNs: number,
): Call<QueueOperation, string | null> => ({
  ...{ process, callNs, returnNs, result: null },
  ...{ outcome: 'returned', operation: { type: 'enqueue', element } },
});
const dequeue = (
  process: string,
  result: string,
  callNs: number,
  returnNs: number,
): Call<QueueOperation, string | null> => ({
  ...{ process, callNs, returnNs, result },
  ...{ outcome: 'returned', operation: { type: 'dequeue' } },
});

/** From M. Herlihy, J. Wing: Linearizability, a correctness condition for concurrent objects (1990), section 1. */
const herlihyAndWing: [name: string, expected: string, Call<QueueOperation, string | null>[]][] = [
  [
    'H1: two enqueue at the same time, and either may have been first',
    'linearizable',
    [
      enqueue('A', 'x', 0, 2),
      enqueue('B', 'y', 1, 3),
      dequeue('B', 'x', 4, 6),
      dequeue('A', 'y', 5, 7),
      enqueue('A', 'z', 8, 9),
    ],
  ],
  [
    'H2: y was enqueued after x and comes first',
    'violated',
    [enqueue('A', 'x', 0, 1), enqueue('B', 'y', 2, 4), dequeue('A', 'y', 3, 5)],
  ],
  [
    'H3: x is dequeued before its enqueue has returned',
    'linearizable',
    [
      { process: 'A', callNs: 0, outcome: 'unknown', operation: { type: 'enqueue', element: 'x' } },
      dequeue('B', 'x', 1, 2),
    ],
  ],
  [
    'H4: y is dequeued twice',
    'violated',
    [enqueue('A', 'x', 0, 2), enqueue('B', 'y', 1, 3), dequeue('A', 'y', 4, 6), dequeue('C', 'y', 5, 7)],
  ],
];

/** From the quiz of MIT's 6.824 (2017), section VII, which Porcupine's tests use, too; the register begins with 0. */
const quiz: [name: string, expected: string, On[]][] = [
  [
    'a read sees the new value while another one, begun later, sees the old one',
    'linearizable',
    [write('a', 0, -2, -1), write('a', 100, 0, 100), read('b', 100, 25, 75), read('c', 0, 30, 60)],
  ],
  [
    'after a read of the new value none sees the old one',
    'violated',
    [write('a', 0, -2, -1), write('a', 200, 0, 100), read('b', 200, 10, 30), read('c', 0, 40, 90)],
  ],
];

describe('chaos: the checker on published histories', () => {
  for (const [name, expected, history] of herlihyAndWing)
    it(`Herlihy and Wing, ${name}`, () => assert.equal(check(history, queue).verdict, expected));

  for (const [name, expected, history] of quiz)
    it(`6.824, ${name}`, () => assert.equal(check(history, register).verdict, expected));

  it('Knossos, rethink-fail-minimal.edn: the read of 3 is to blame, not the one after it', () => {
    const wrong = read('1', 3, 2, 4);
    const verdict = check([write('0', 0, 0, 1), wrong, write('2', 4, 3, 5), read('3', 4, 6, 7)], register);
    assert.ok(verdict.verdict === 'violated');
    assert.equal(verdict.violation.call, wrong);
    assert.equal(verdict.violation.explained, 1);
    assert.deepEqual(
      verdict.violation.open.map(({ process }) => process),
      ['2'],
    );
  });

  it('pingcap/chaos, cas_register_test.go: a read and a compare-and-set that are open at once', () => {
    const swap: On = {
      ...{ process: '3', callNs: 3, returnNs: 8, outcome: 'returned', result: true },
      operation: { type: 'compareAndSet', from: 100, to: 200 },
    };
    const history = [write('0', 100, 0, 7), read('1', 100, 1, 6), read('2', null, 2, 5), swap, read('4', 200, 4, 9)];
    assert.equal(check(history, register).verdict, 'linearizable');
  });
});
