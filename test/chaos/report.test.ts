import assert from 'node:assert/strict';
import type { AnyCall } from './history.js';
import { History } from './history.js';
import { pageOf } from './report/page.js';
import { answersPerSecond, longestPauseMs, type Report } from './report/report.js';
import { type Finding, linearizability, none, outcomeOf } from './verdict.js';

const call = (callNs: number, operation: object, result: string | number | null): AnyCall => ({
  ...{ process: 1, type: 'register', object: 'register-0', outcome: 'returned' },
  ...{ operation, callNs, returnNs: callNs + 1, result },
});

function findingsOf(calls: AnyCall[]): Finding[] {
  const history = new History('/chaos/memory', ['register', 'counter']);
  history.calls.push(...calls);
  return history.judge().map((judged) => linearizability({ group: history.group, ...judged }));
}

describe('the verdict of a chaos run', () => {
  const write = call(0, { type: 'write', value: 'a' }, null);

  it('finds a lost write, and says where', () => {
    const [register] = findingsOf([write, call(10, { type: 'read' }, null)]) as [Finding];
    assert.equal(register.outcome, 'broken');
    assert.match(register.said, /register-0/);
  });

  it('bears a read of what was written, but no run without calls', () => {
    const [register, counter] = findingsOf([write, call(10, { type: 'read' }, 'a')]) as [Finding, Finding];
    assert.deepEqual([register.outcome, counter.outcome, counter.said], ['kept', 'broken', 'no call was made']);
    assert.equal(outcomeOf([register, counter]), 'broken');
  });

  it('names what is left', () => {
    assert.deepEqual(none('nothing is left', ['process 7'], 'none'), {
      check: 'nothing is left',
      outcome: 'broken',
      said: 'process 7',
    });
  });
});

describe('the report of a chaos run', () => {
  const second = 1e9;
  const history = {
    group: '/chaos/<memory>',
    calls: [0, 100, 2.5 * second].map((ns) => call(ns, { type: 'read' }, null)),
  };

  it('counts answers in each second, and finds the longest time without one', () => {
    assert.deepEqual(answersPerSecond(history, 0), [2, 0, 1]);
    assert.equal(longestPauseMs(history, 0), 2500);
  });

  it('is a page that shows findings and strikes, and takes no text for markup', () => {
    const report: Report = {
      schedule: { seed: 4, seconds: 3, strikes: [] },
      findings: [{ check: 'all is well', outcome: 'broken', said: 'it is <not>' }],
      timeline: [{ ms: 1500, kind: 'strike', text: 'kill-server: slot 1' }],
      nemeses: [
        {
          ...{ nemesis: 'kill-server', family: 'processes', scheduled: 3, struck: 1 },
          missed: { 'the group <is> not whole': 2 },
        },
      ],
      histories: [history],
      stories: [{ app: '/chaos/disk', lines: ['replica 2 <ended>'] }],
      beginNs: 0,
    };
    const page = pageOf(report);
    for (const part of [
      'NOT all promises kept',
      'it is &lt;not&gt;',
      'kill-server: slot 1',
      '1.50 s',
      '<td>kill-server</td><td>processes</td><td>3</td><td>1</td><td><pre>2: the group &lt;is&gt; not whole</pre>',
      'replica 2 &lt;ended&gt;',
      '/chaos/&lt;memory&gt;',
    ])
      assert.ok(page.includes(part), part);
    assert.ok(!page.includes('<not>'));
    assert.ok(pageOf({ ...report, findings: [] }).includes('all promises kept'));
  });
});
