import assert from 'node:assert/strict';
import { type Call, check, counter, type Model, membersText, queue, register, set, type Value } from './index.js';

/** One line a call: `process from-to`, or `process from-?` when the outcome is unknown. */
function call<Operation, Result extends Value>(line: string, operation: Operation, result?: Result) {
  const [, process, callNs, returnNs] = /^(\w+) (\d+)-(\d+|\?)$/.exec(line) as string[];
  const base = { process: process as string, operation, callNs: Number(callNs) };
  if (returnNs === '?') return { ...base, outcome: 'unknown' } as Call<Operation, Result>;
  return { ...base, outcome: 'returned', returnNs: Number(returnNs), result } as Call<Operation, Result>;
}

const write = (line: string, value: Value) => call(line, { type: 'write' as const, value }, null);
const read = (line: string, value: Value) => call(line, { type: 'read' as const }, value);

function verdictOf<Operation, Result extends Value>(model: Model<Operation, Result>, calls: Call<any, any>[]): string {
  return check(calls, model).verdict;
}

describe('chaos: the checker', () => {
  it('register: a read that began after a write returned sees it', () => {
    assert.equal(verdictOf(register, [write('a 0-10', 1), read('b 20-30', 1)]), 'linearizable');
    assert.equal(verdictOf(register, [write('a 0-10', 1), read('b 20-30', null)]), 'violated');
  });

  it('register: what is concurrent may come in either order, but only in one', () => {
    const both = [write('a 0-10', 1), write('b 0-10', 2)];
    assert.equal(verdictOf(register, [...both, read('c 20-30', 1), read('d 20-30', 1)]), 'linearizable');
    assert.equal(verdictOf(register, [...both, read('c 20-30', 2), read('d 20-30', 2)]), 'linearizable');
    assert.equal(verdictOf(register, [...both, read('c 20-30', 1), read('d 40-50', 2)]), 'violated');
  });

  it('a call of unknown outcome takes effect at any time after it, or never', () => {
    const doubtful = [write('a 0-10', 1), write('b 20-?', 2)];
    assert.equal(verdictOf(register, [...doubtful, read('c 30-40', 1), read('c 90-95', 2)]), 'linearizable');
    assert.equal(verdictOf(register, [...doubtful, read('c 30-40', 1)]), 'linearizable');
    assert.equal(verdictOf(register, [...doubtful, read('c 30-40', 2), read('c 90-95', 1)]), 'violated');
    assert.equal(verdictOf(register, [write('a 0-10', 1), read('c 12-15', 2), write('b 20-?', 2)]), 'violated');
  });

  it('counter, set and queue', () => {
    const add = (line: string, result: number) => call(line, { type: 'add' as const, by: 1 }, result);
    assert.equal(verdictOf(counter, [add('a 0-10', 2), add('b 0-10', 1)]), 'linearizable');
    assert.equal(verdictOf(counter, [add('a 0-10', 1), add('b 0-10', 1)]), 'violated');
    const element = (line: string, type: 'add' | 'remove' | 'has', result: boolean) =>
      call(line, { type, element: 'x' }, result);
    assert.equal(verdictOf(set, [element('a 0-9', 'add', true), element('b 10-19', 'has', true)]), 'linearizable');
    assert.equal(verdictOf(set, [element('a 0-9', 'add', true), element('b 10-19', 'remove', false)]), 'violated');
    const members = call('c 20-29', { type: 'members' as const }, membersText(['x']));
    assert.equal(verdictOf(set, [element('a 0-9', 'add', true), members]), 'linearizable');
    assert.equal(verdictOf(set, [members, element('a 30-39', 'add', true)]), 'violated');
    const enqueue = (line: string, name: string) => call(line, { type: 'enqueue' as const, element: name }, null);
    const dequeue = (line: string, name: string | null) => call(line, { type: 'dequeue' as const }, name);
    const two = [enqueue('a 0-9', 'x'), enqueue('a 10-19', 'y')];
    assert.equal(verdictOf(queue, [...two, dequeue('b 20-29', 'x'), dequeue('b 30-39', 'y')]), 'linearizable');
    assert.equal(verdictOf(queue, [...two, dequeue('b 20-29', 'y')]), 'violated');
  });

  it('a history that cannot be is refused with its place', () => {
    assert.throws(() => check([write('a 10-5', 1)], register), /history\[0\]\.returnNs is 5, callNs 10/);
  });
});
