import assert from 'node:assert/strict';
import { type AgentSnapshot, place, type Rung } from '../../placement/index.js';
import { agent, group, living } from './build.js';

/** One agent per letter: 'a1' lies in rack 1 of zone a; '-' has neither. */
const at = (...places: string[]) =>
  places.map((name, i) =>
    name === '-'
      ? agent(`s${i + 1}`)
      : agent(`s${i + 1}`, { zone: name.slice(0, 1), text: name.length > 1 ? { rack: name.slice(1) } : {} }),
  );
const slots = (count: number) => Array.from({ length: count }, (_, i) => i);
const planOf = (spread: Rung[], agents: AgentSnapshot[], shape: Parameters<typeof group>[0]) =>
  place({ groups: [group({ spread, ...shape })], seed: 1 }, agents);

describe('a required rung', () => {
  const rows: [name: string, spread: Rung[], places: string[], count: number, fits: boolean][] = [
    ['takes five over three racks', [{ domain: 'rack', required: true }], ['a1', 'a1', 'a2', 'a2', 'a3'], 5, true],
    ['never holds a majority', [{ domain: 'rack', required: true }], ['a1', 'a1', 'a1', 'a2', 'a3'], 5, false],
    ['may hold half of an even group', [{ domain: 'zone', required: true }], ['a1', 'a2', 'b1', 'b2'], 4, true],
    ['takes a single replica', [{ domain: 'zone', required: true }], ['a1'], 1, true],
    ['keeps to its maximum', [{ domain: 'zone', maxPerDomain: 1, required: true }], ['a1', 'a2', 'b1', 'b2'], 3, false],
    [
      'counts rack 1 of zone a apart from rack 1 of zone b',
      ['zone', { domain: 'rack', maxPerDomain: 1, required: true }],
      ['a1', 'b1'],
      2,
      true,
    ],
    [
      'counts rack 1 of any zone together, when it is the widest',
      [{ domain: 'rack', maxPerDomain: 1, required: true }],
      ['a1', 'b1'],
      2,
      false,
    ],
    ['takes all that are unknown for one domain', [{ domain: 'zone', required: true }], ['-', '-', 'a1'], 3, false],
    ['binds only when it is required', [{ domain: 'zone', required: false }, 'rack'], ['a1', 'a1', 'a1'], 3, true],
  ];
  for (const [name, spread, places, count, fits] of rows)
    it(name, () => {
      const plan = planOf(spread, at(...places), { slots: slots(count) });
      assert.equal(plan.assigned.length, fits ? count : 0, JSON.stringify(plan.unplaced));
    });

  it('counts the living, wherever they are', () => {
    const [gone, other, ...open] = at('a1', 'b1', 'a2', 'b2') as [AgentSnapshot, AgentSnapshot, ...AgentSnapshot[]];
    const request = { slots: [2], living: [living(0, gone), living(1, other)] };
    const full = planOf([{ domain: 'zone', maxPerDomain: 1, required: true }], open, request);
    assert.equal(full.assigned.length, 0);
    assert.equal(planOf([{ domain: 'zone', maxPerDomain: 2, required: true }], open, request).assigned.length, 1);
  });

  it('refuses with the domain that is full, the numbers, and what would help', () => {
    const [gone, same, other] = at('a1', 'a1', 'b2') as [AgentSnapshot, AgentSnapshot, AgentSnapshot];
    const spread: Rung[] = ['zone', { domain: 'rack', maxPerDomain: 1, required: true }];
    const one = planOf(spread, [same], { slots: [1], living: [living(0, gone)] });
    assert.equal(
      one.unplaced[0]?.sentence,
      'no agent does: s2: spread over rack (at most 1 each): its rack is 1 of zone a, replicas of 2 there: 1; one more is against it; ' +
        'add an agent in another domain, set a higher maxPerDomain, or do not require it',
    );
    assert.equal(one.unplaced[0]?.refusals[0]?.rule, 'spread');
    const two = planOf(spread, [same, other, agent('s4', { zone: 'b', text: { rack: '2' } })], {
      slots: [1, 2],
      living: [living(0, gone)],
    });
    assert.equal(
      two.unplaced[0]?.sentence,
      'spread over rack (at most 1 each) leaves room for 1 of 2 replicas: the agents that could take one have rack 2 of zone b, ' +
        'and rack 1 of zone a is full; add agents with another rack, set a higher maxPerDomain or do not require it, or lower instances to 2',
    );
  });

  it('advises no fewer replicas where those would have to lie further apart', () => {
    const sentence = (rung: Rung) =>
      planOf([rung], at('a1', 'a2', 'a3', 'b1', 'b2'), { slots: slots(5) }).unplaced[0]?.sentence ?? '';
    const advice = 'add agents with another zone, set a higher maxPerDomain or do not require it';
    assert.ok(sentence({ domain: 'zone', required: true }).endsWith(advice));
    const fixed = sentence({ domain: 'zone', maxPerDomain: 2, required: true });
    assert.ok(fixed.endsWith(`${advice}, or lower instances to 4`));
  });

  it('is explained in a plan', () => {
    const agents = at('a1', 'a1', 'a2', 'a2', 'a3', 'a3');
    const plan = planOf([{ domain: 'rack', maxPerDomain: 1, required: true }], agents, {});
    const full =
      /^s\d: spread over rack \(at most 1 each\): its rack is \d, replicas of 3 there: 1; one more is against it$/;
    // The third goes to another rack; its own one is not full before it comes.
    assert.equal(plan.considered.filter(({ sentence }) => full.test(sentence)).length, 2);
  });

  const faults: [Rung, RegExp][] = [
    [{ domain: 'rack', maxPerDomain: 0, required: true }, /^spread\[1\]\.maxPerDomain is 0; give a whole number of/],
    [{ domain: 'rack', maxPerDomain: 1.5, required: true }, /^spread\[1\]\.maxPerDomain is 1\.5; give/],
    [{ domain: 'rack', maxPerDomain: 2 }, /^spread\[1\]\.maxPerDomain is 2, but required is not true; set it, or/],
  ];
  for (const [rung, sentence] of faults)
    it(`is refused: ${JSON.stringify(rung)}`, () => {
      assert.match(planOf(['zone', rung], at('a1'), { slots: [0] }).unplaced[0]?.sentence ?? '', sentence);
    });
});
