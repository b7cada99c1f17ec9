import assert from 'node:assert/strict';
import { judgeCounter } from './ledger.js';
import { type Campaign, countedOf, describeSummary, type FailOver, faults, quantile, summarize } from './summary.js';

const takeover = { epoch: 4, suspectedMs: 60, electedMs: 70, primaryMs: 80, outputMs: 90 };
const failOver = (number: number, change: Partial<FailOver> = {}): FailOver => ({
  ...{ number, fault: 'kill', outageMs: 100 + number, takeover, connections: 4, broken: 0, ...change },
});
const campaign = (failOvers: FailOver[], change: Partial<Campaign> = {}): Campaign => ({
  ...{
    seed: 7,
    faults,
    failOvers,
    acknowledgedWrites: 1000,
    lost: [],
    stale: [],
    lostSeeds: 0,
    lostGuests: 0,
    troubles: [],
    ...change,
  },
});
const many = (count: number) => Array.from({ length: count }, (_, place) => failOver(place + 1));

describe('a campaign of fail-overs', () => {
  it('takes as a quantile the smallest value that so many do not exceed', () => {
    assert.equal(quantile([4, 1, 3, 2], 0.5), 2);
    assert.equal(quantile([4, 1, 3, 2], 0.51), 3);
    assert.equal(quantile([4, 1, 3, 2], 0.99), 4);
    assert.equal(quantile([], 0.5), null);
  });

  it('misses no bar when nothing is lost, broken or slow', () => {
    const summary = summarize(campaign(many(50)));
    assert.deepEqual(summary.missed, []);
    assert.deepEqual([summary.outageP50Ms, summary.outageP99Ms, summary.connections], [125, 150, 200]);
    const parts = { suspectedP50Ms: 60, electedP50Ms: 70, primaryP50Ms: 80, outputP50Ms: 90 };
    assert.deepEqual(summary.byFault.kill, { failOvers: 50, outageP50Ms: 125, outageMaxMs: 150, ...parts });
    assert.deepEqual(summary.longest, { number: 50, fault: 'kill', outageMs: 150, takeover });
    assert.match(
      describeSummary(summary),
      /kill: 50, outage p50 125 ms \(suspected 60, elected 70, primary 80, output 90 ms\)/,
    );
  });

  it('misses a bar with no fail-over, and with each thing that may go wrong', () => {
    const missed = (one: Campaign) => summarize(one).missed.length;
    assert.equal(missed(campaign([])), 1);
    assert.equal(missed(campaign([failOver(1, { fault: 'backup' })])), 1);
    assert.equal(missed(campaign(many(50), { lost: ['a'] })), 1);
    assert.equal(missed(campaign(many(50), { stale: ['a'] })), 1);
    assert.equal(missed(campaign(many(50), { troubles: [{ number: 1, what: 'a', evidence: '' }] })), 1);
    assert.equal(missed(campaign([...many(19), failOver(20, { broken: 1 })])), 0);
    assert.equal(missed(campaign([...many(18), failOver(19, { broken: 1 })])), 1);
    assert.equal(missed(campaign([...many(19), failOver(20, { outageMs: 1000 })])), 1);
  });

  it('counts fail-overs and their outages apart from losses that make nobody fail over', () => {
    assert.deepEqual(countedOf(faults), ['kill', 'power', 'pause', 'cut']);
    assert.deepEqual(countedOf(['backup', 'seed']), ['backup', 'seed']);
    const witness = failOver(51, { fault: 'witness', takeover: null, outageMs: 2000 });
    const summary = summarize(campaign([...many(50), witness]));
    assert.deepEqual([summary.failOvers, summary.connections, summary.outageP99Ms], [50, 204, 150]);
    assert.deepEqual([summary.byFault.witness?.failOvers, summary.longest?.number], [1, 50]);
    assert.deepEqual(summary.missed, []);
    assert.match(
      `${summarize(campaign([...many(50), { ...witness, broken: 1 }])).missed}`,
      /^1 connections broke by losses of other kinds$/,
    );
    assert.equal(summarize(campaign([witness], { faults: ['witness'] })).failOvers, 1);
  });

  it('judges no outages where only seeds are lost, and says so; connections that break there it tells', () => {
    const inSeed = failOver(1, { fault: 'seed', outageMs: 3000 });
    for (const one of [campaign([inSeed], { faults: ['seed'] }), campaign([], { faults: ['seed'], lostGuests: 3 })]) {
      const summary = summarize(one);
      assert.deepEqual([summary.missed, summary.unmeasured.length, summary.failOvers], [[], 1, 0]);
      assert.doesNotMatch(describeSummary(summary) + JSON.stringify(summary), /NaN|Infinity/);
      assert.match(describeSummary(summary), /not measured: outages and connections/);
    }
    assert.deepEqual(summarize(campaign([], { faults: ['seed'] })).missed, ['no host was lost in the time']);
    const broken = summarize(campaign([{ ...inSeed, broken: 1 }], { faults: ['seed'] }));
    assert.deepEqual(broken.missed, ['1 connections broke by losses of other kinds']);
    const mixed = summarize(campaign([inSeed, failOver(2, { fault: 'backup' })], { faults: ['backup', 'seed'] }));
    assert.deepEqual([mixed.failOvers, mixed.outageP99Ms, mixed.unmeasured], [1, 102, []]);
  });

  it('says what went wrong', () => {
    const troubles = [{ number: 3, what: 'a seed does not end', evidence: 'long' }];
    const text = describeSummary(summarize(campaign(many(2), { lost: ['counter:1 is 2'], troubles })));
    assert.match(text, /WRONG: counter:1 is 2/);
    assert.match(text, /TROUBLE at 3: a seed does not end/);
  });

  it('lets a counter be one more than what was acknowledged only while a write is under way', () => {
    assert.equal(judgeCounter('k', '5', 5, false), null);
    assert.equal(judgeCounter('k', null, 0, false), null);
    assert.equal(judgeCounter('k', '6', 5, true), null);
    assert.match(judgeCounter('k', '6', 5, false) as string, /k is 6, and 5 increments were acknowledged$/);
    assert.match(judgeCounter('k', '4', 5, true) as string, /one more was under way/);
    assert.match(judgeCounter('k', '7', 5, true) as string, /k is 7/);
  });
});
