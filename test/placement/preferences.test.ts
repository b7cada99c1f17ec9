import assert from 'node:assert/strict';
import { type Constraint, place } from '../../placement/index.js';
import { agent, constraint, group, living } from './build.js';

const racks = (...names: string[]) =>
  names.map((rack, i) => agent(`s${i}`, { text: rack ? { rack } : {}, zone: i % 2 === 0 ? 'a' : 'b' }));
const planOf = (preferences: Constraint[], agents: ReturnType<typeof racks>, shape: Parameters<typeof group>[0] = {}) =>
  place({ groups: [group({ preferences, ...shape })], seed: 1 }, agents);
const takenBy = (...args: Parameters<typeof planOf>) =>
  planOf(...args)
    .assigned.map(({ agentId }) => agentId)
    .sort();

describe('a preference', () => {
  const rows: [Constraint, slots: number, expected: string[]][] = [
    [constraint('rack', 'LIKE', 'r[12]'), 3, ['s0', 's1', 's2']],
    [constraint('rack', 'UNLIKE', 'r1'), 3, ['s2', 's3', 's4']],
    [constraint('rack', 'IS', 'r2'), 1, ['s2']],
    [constraint('rack', 'CLUSTER', 'r1'), 2, ['s0', 's1']],
    [constraint('rack', 'CLUSTER'), 2, ['s0', 's1']],
  ];
  for (const [wish, slots, expected] of rows)
    it(`${wish.operator} ${wish.value} is fulfilled where it can be`, () => {
      // Only rack r1 has two agents, and agent s4 has no rack.
      const shape = { slots: Array.from({ length: slots }, (_, i) => i) };
      const agents = racks('r1', 'r1', 'r2', 'r3', '');
      const beside = wish.operator === 'CLUSTER' && wish.value === null;
      const alive = [living(9, agent('elsewhere', { text: { rack: 'r1' } }))];
      assert.deepEqual(takenBy([wish], agents, beside ? { ...shape, living: alive } : shape), expected);
    });

  const agents = racks('r1', 'r1', 'r1', 'r2', 'r2', 'r3');
  const perRack = (wish: Constraint, slots: number) => {
    const shape = { slots: Array.from({ length: slots }, (_, i) => i) };
    const count = (ids: string[]) => takenBy([wish], agents, shape).filter((id) => ids.includes(id)).length;
    return [count(['s0', 's1', 's2']), count(['s3', 's4']), count(['s5'])];
  };
  it('UNIQUE, MAX_PER and GROUP_BY count, and refuse nobody', () => {
    assert.deepEqual(perRack(constraint('rack', 'UNIQUE'), 3), [1, 1, 1]);
    assert.deepEqual(perRack(constraint('rack', 'MAX_PER', '2'), 5), [2, 2, 1]);
    assert.deepEqual(perRack(constraint('rack', 'GROUP_BY', '3'), 3), [1, 1, 1]);
    for (const operator of ['UNIQUE', 'GROUP_BY', 'CLUSTER'] as const)
      assert.deepEqual(perRack(constraint('rack', operator), 6), [3, 2, 1]);
  });

  it('counts the living', () => {
    const shape = { slots: [1], living: [living(0, agents[0] as (typeof agents)[number])] };
    assert.ok(['s3', 's4', 's5'].includes(takenBy([constraint('rack', 'UNIQUE')], agents, shape)[0] as string));
  });

  it('outranks the spread and later preferences, and is outranked by constraints', () => {
    const spread = ['zone'];
    assert.deepEqual(takenBy([constraint('@zone', 'IS', 'a')], agents, { spread }), ['s0', 's2', 's4']);
    const [a, b] = [constraint('@zone', 'IS', 'a'), constraint('@zone', 'IS', 'b')];
    assert.deepEqual(takenBy([b, a], agents), ['s1', 's3', 's5']);
    assert.deepEqual(takenBy([b], agents, { constraints: [a] }), ['s0', 's2', 's4']);
  });

  it('is a part of the score, and said of every agent where it does not hold', () => {
    const wish = constraint('rack', 'LIKE', 'r3');
    const plan = planOf([wish], agents, { slots: [0, 1] });
    const parts = plan.assigned.map(({ scoreParts }) => scoreParts[1]);
    assert.deepEqual(
      parts.map((part) => [part?.name, part?.value]),
      [
        ['preference [rack, LIKE, r3]', 1],
        ['preference [rack, LIKE, r3]', 0],
      ],
    );
    assert.equal(plan.considered.length, 5);
    for (const { sentence } of plan.considered)
      assert.match(sentence, /does not hold there: preference \[rack, LIKE, r3\]$/);
    const [, second] = plan.assigned;
    const taken = plan.considered.find(({ agentId }) => agentId === second?.agentId);
    assert.match(taken?.sentence ?? '', /^s\d: taken although this does not hold/);
  });

  it('is refused when it is wrong', () => {
    const fault = (...preferences: Constraint[]) => planOf(preferences, agents).unplaced[0]?.sentence;
    const good = constraint('rack', 'UNIQUE');
    assert.match(
      fault(good, constraint('rack', 'MAX_PER', 'x')) ?? '',
      /^preferences\[1\]: constraint \[rack, MAX_PER, x\]/,
    );
    assert.equal(fault(...Array<Constraint>(9).fill(good)), 'preferences has 9 entries; use at most 8');
  });
});
