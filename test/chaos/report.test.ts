import assert from 'node:assert/strict';
import type { AnyCall } from './history.js';
import { History } from './history.js';
import { violatedOf } from './report/calls.js';
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

/** Of a run in which nothing has happened. */
const empty: Report = {
  ...{ schedule: { seed: 4, seconds: 3, strikes: [] }, findings: [], timeline: [], nemeses: [] },
  ...{ histories: [], violated: [], stories: [], beginNs: 0 },
};

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
      ...empty,
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
    };
    const page = pageOf(report, ['agent-1.log', 'a & b/master-1.log']);
    for (const part of [
      'NOT all promises kept',
      'it is &lt;not&gt;',
      'kill-server: slot 1',
      '1.50 s',
      '<td>kill-server</td><td>processes</td><td>3</td><td>1</td><td><pre>2: the group &lt;is&gt; not whole</pre>',
      'replica 2 &lt;ended&gt;',
      '/chaos/&lt;memory&gt;',
      '<a href="report.json">',
      '<a href="schedule.json">',
      '<a href="log/agent-1.log">log/agent-1.log</a>',
      '<a href="log/a%20%26%20b/master-1.log">log/a &amp; b/master-1.log</a>',
    ])
      assert.ok(page.includes(part), part);
    assert.ok(!page.includes('<not>'));
    assert.ok(pageOf({ ...report, findings: [] }, []).includes('all promises kept'));
  });

  it('shows the calls around an answer that no order explains, a hundred at most, and of that object alone', () => {
    const written = (at: number) => call(at * 10, { type: 'write', value: `<v${at}>` }, null);
    const calls = [...Array.from({ length: 300 }, (_, at) => written(at)), call(3000, { type: 'read' }, 'v0')];
    const other = { ...call(2995, { type: 'read' }, null), object: 'register-1' };
    const judged = new History('/chaos/memory', ['register']);
    judged.calls.push(other, ...calls, ...Array.from({ length: 300 }, (_, at) => written(301 + at)));
    const violated = judged.judge().flatMap(({ verdict }) => violatedOf(judged.group, verdict));
    const page = pageOf({ ...empty, histories: [judged], violated }, []);
    assert.match(page, /\/chaos\/memory, register-0: no order explains/);
    const rows = page.match(/<tr( class="broken")?><td>0\.0000 s<\/td>.*?<\/tr>/g) ?? [];
    assert.equal(rows.length, 100);
    assert.equal(
      rows.findIndex((row) => row.includes('class="broken"')),
      50,
    );
    assert.match(rows[50] ?? '', /<td>1<\/td><td>\{&quot;type&quot;:&quot;read&quot;\}<\/td><td>&quot;v0&quot;<\/td>/);
    assert.match(rows[49] ?? '', /&lt;v299&gt;/);
    assert.ok(!page.includes('register-1'));
    assert.match(pageOf(empty, []), /not linearizable here: none was/);
  });
});
