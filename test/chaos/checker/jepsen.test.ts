/** Jepsen's logs: how they are read, and, where somebody has them (README.md), whether verdicts on them are those that are known. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, register } from './index.js';
import { readJepsenLog } from './jepsen.js';

const porcupine = process.env.GAIA_PORCUPINE;

/** As Jepsen writes them. */
const log = (...lines: string[]) =>
  lines.map((line) => `INFO  jepsen.util - ${line.replaceAll(' :', '\t:')}\n`).join('');

const verdictOn = (...lines: string[]) => check(readJepsenLog(log(...lines)), register).verdict;

describe("chaos: the checker on Jepsen's logs", () => {
  it('reads calls, answers, and what was not answered', () => {
    const calls = readJepsenLog(
      log('0 :invoke :write 3', '1 :invoke :cas [3 4]', '0 :ok :write 3', '1 :fail :cas [3 4]', '2 :invoke :read nil') +
        log('3 :invoke :write 5', '3 :info :write :timed-out', '4 :invoke :read nil', '4 :fail :read :timed-out') +
        log('0 :invoke :read nil', '0 :ok :read nil'),
    );
    assert.deepEqual(calls, [
      {
        ...{ process: '0', callNs: 0, outcome: 'returned', returnNs: 2, result: null },
        operation: { type: 'write', value: 3 },
      },
      {
        ...{ process: '1', callNs: 1, outcome: 'returned', returnNs: 3, result: false },
        operation: { type: 'compareAndSet', from: 3, to: 4 },
      },
      { process: '3', callNs: 5, outcome: 'unknown', operation: { type: 'write', value: 5 } },
      { process: '0', callNs: 9, outcome: 'returned', returnNs: 10, result: null, operation: { type: 'read' } },
      { process: '2', callNs: 4, outcome: 'unknown', operation: { type: 'read' } },
    ]);
  });

  it('lets a write that timed out have its effect later, but a write that was answered not be lost', () => {
    const written = ['0 :invoke :write 1', '0 :ok :write 1', '1 :invoke :write 2', '1 :info :write :timed-out'];
    const read = (value: string) => ['2 :invoke :read nil', `2 :ok :read ${value}`];
    assert.equal(verdictOn(...written, ...read('1'), ...read('2')), 'linearizable');
    assert.equal(verdictOn(...written, ...read('nil')), 'violated');
    assert.equal(verdictOn(...written, ...read('2'), ...read('1')), 'violated');
  });

  if (porcupine !== undefined)
    it('says of all logs in there what Porcupine says', () => {
      const known = readFileSync(join(porcupine, 'porcupine_test.go'), 'utf8').matchAll(
        /checkJepsen\(t, (\d+), (\w+)\)/g,
      );
      const wrong = [...known].filter(([, number = '', isLinearizable]) => {
        const text = readFileSync(join(porcupine, 'test_data/jepsen', `etcd_${number.padStart(3, '0')}.log`), 'utf8');
        const expected = isLinearizable === 'true' ? 'linearizable' : 'violated';
        return check(readJepsenLog(text), register).verdict !== expected;
      });
      assert.deepEqual(
        wrong.map(([, number]) => number),
        [],
      );
      assert.ok(readdirSync(join(porcupine, 'test_data/jepsen')).length > 100);
    }).timeout(60_000);
});
