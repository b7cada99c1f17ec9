import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { StarvationWatch, stalledMs, starvedSentence } from './starvation.js';
import { type Finding, late, none, outcomeOf } from './verdict.js';

describe('a chaos run without processors', () => {
  it('counts each moment of a stall once, and only those within', () => {
    const stalls = [
      { fromMs: 0, toMs: 4000 },
      { fromMs: 3000, toMs: 6000 },
      { fromMs: 3500, toMs: 5000 },
      { fromMs: 20_000, toMs: 30_000 },
    ];
    assert.equal(stalledMs(stalls, 1000, 25_000), 5000 + 5000);
    assert.equal(stalledMs(stalls, 7000, 19_000), 0);
  });

  it('excuses what came late by a tenth of its time, or by what came right before it, and nothing else', () => {
    const stall = (fromMs: number, ms: number) => [{ fromMs, toMs: fromMs + ms }];
    const during = (stalls: ReturnType<typeof stall>) => starvedSentence(stalls, 100_000, 220_000);
    assert.match(during(stall(150_000, 13_000)) ?? '', /for 13\.0 s of 120\.0 s/);
    assert.equal(during(stall(150_000, 11_000)), null);
    assert.notEqual(during(stall(88_000, 15_000)), null);
    assert.equal(during(stall(50_000, 40_000)), null);
    assert.equal(during([]), null);
  });

  it('notices that it stood still itself', async () => {
    const told: string[] = [];
    const watch = new StarvationWatch((text) => told.push(text));
    const fromMs = performance.now();
    await sleep(50);
    assert.equal(watch.since(fromMs), null);
    const stillUntilMs = performance.now() + 1600;
    while (performance.now() < stillUntilMs);
    await sleep(400);
    assert.notEqual(watch.since(fromMs), null);
    await watch.stop();
    assert.ok(
      told.some((text) => text.startsWith('this run itself stood still')),
      told.join(),
    );
  });

  const kept = none('nothing is left', [], 'none');
  const broken = none('no invariant is broken', ['two leaders'], 'none');
  const rows: [what: string, Finding[], outcome: string][] = [
    ['all is well', [kept], 'kept'],
    ['what came late on a machine that was not slow is broken', [kept, late('soon', 'not within', null)], 'broken'],
    ['what came late on a slow machine is not known', [kept, late('soon', 'not within', 'slow')], 'inconclusive'],
    ['what must never be is broken on any machine', [late('soon', 'not within', 'slow'), broken], 'broken'],
  ];
  for (const [what, findings, outcome] of rows) it(what, () => assert.equal(outcomeOf(findings), outcome));
});
