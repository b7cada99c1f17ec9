import assert from 'node:assert/strict';
import fc from 'fast-check';
import { survives } from '../../placement/index.js';
import { agent } from './build.js';

const at = (...places: [zone: string | null, rack: string][]) =>
  places.map(([zone, rack], i) => ({
    ...agent(`agent-${i + 1}`, { zone, text: rack ? { rack } : {} }),
    agentId: `agent-${i + 1}`,
  }));

describe('survives', () => {
  const rows: [string, ReturnType<typeof at>, string][] = [
    [
      'apart',
      at(['a', '1'], ['b', '1'], ['c', '1']),
      'survives the loss of any one zone, or any one rack, or any one agent',
    ],
    [
      'two in a zone',
      at(['a', '1'], ['a', '2'], ['b', '1']),
      'survives the loss of any one rack, or any one agent; not of zone a, which holds 2 of 3',
    ],
    [
      'five',
      at(['a', '1'], ['a', '2'], ['b', '1'], ['b', '2'], ['c', '1']),
      'survives the loss of any one zone, or any 2 racks, or any 2 agents',
    ],
    [
      'an unknown zone',
      at(['a', '1'], ['b', '1'], [null, '1']),
      'survives the loss of any one rack, or any one agent; not of zone a, which holds 1 of 3 and maybe 1 more, whose zone is unknown',
    ],
    [
      'no zone known',
      at([null, '1'], [null, '2'], [null, '3']),
      'survives the loss of any one rack, or any one agent; not of a zone: none is known',
    ],
    [
      'alone',
      at(['a', '1']),
      'survives no failure; not of zone a, which holds 1 of 1, nor of rack 1, which holds 1 of 1, nor of agent agent-1, which holds 1 of 1',
    ],
    ['nobody', [], 'there are no replicas'],
  ];
  for (const [name, replicas, sentence] of rows)
    it(name, () => assert.equal(survives(replicas, ['zone', 'rack']).sentence, sentence));

  it('agrees with trying all failures', () => {
    const places = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2')), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(places, (rows) => {
        const zones = [...new Set(rows.map(([zone]) => zone))];
        const majority = Math.floor(rows.length / 2) + 1;
        const lives = (dead: string[]) => rows.filter(([zone]) => !dead.includes(zone)).length >= majority;
        const subsets = Array.from({ length: 2 ** zones.length }, (_, bits) => zones.filter((_, i) => bits & (2 ** i)));
        const found =
          survives(at(...rows), ['zone']).domains.find(({ domain }) => domain === 'zone')?.failuresMax ?? -1;
        assert.ok(subsets.filter((dead) => dead.length === found).every(lives));
        assert.ok(!subsets.filter((dead) => dead.length === found + 1).every(lives));
      }),
    );
  });
});
