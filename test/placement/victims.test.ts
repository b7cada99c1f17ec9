import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chooseVictims } from '../../placement/index.js';
import { agent, living } from './build.js';
import { compareLists, multisets, unevenness } from './oracle.js';

const at = (slot: number, zone: string, rack = '1') => living(slot, agent(`agent-${slot}`, { zone, text: { rack } }));
const slotsOf = (victims: { slot: number }[]) => victims.map(({ slot }) => slot);

describe('chooseVictims', () => {
  const three = [at(0, 'a'), at(1, 'b'), at(2, 'a')];
  const youngest = { ladder: ['zone'], killSelection: 'YOUNGEST_FIRST' as const };

  it('takes from the fullest domain, there by age', () => {
    assert.deepEqual(slotsOf(chooseVictims(three, 1, youngest)), [2]);
    assert.deepEqual(slotsOf(chooseVictims(three, 1, { ...youngest, killSelection: 'OLDEST_FIRST' })), [0]);
  });
  it('goes by age alone without a ladder', () => {
    assert.deepEqual(slotsOf(chooseVictims(three, 2, { ...youngest, ladder: [] })), [2, 1]);
  });
  it('spares slots as long as there are others', () => {
    assert.deepEqual(slotsOf(chooseVictims(three, 1, { ...youngest, spare: [2] })), [0]);
    assert.deepEqual(slotsOf(chooseVictims(three, 3, { ...youngest, spare: [2] })), [0, 1, 2]);
  });
  it('takes no more than there are', () => assert.equal(chooseVictims(three, 9, youngest).length, 3));

  it('leaves the rest as evenly spread as any other choice would', () => {
    const rows = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', '3')), {
      minLength: 1,
      maxLength: 7,
    });
    fc.assert(
      fc.property(rows, fc.nat(7), (places, n) => {
        const ladder = ['zone', 'rack'];
        const all = places.map(([zone, rack], slot) => at(slot, zone, rack));
        const count = Math.min(n, all.length);
        const gone = slotsOf(chooseVictims(all, count, { ...youngest, ladder }));
        const left = (dead: number[]) =>
          unevenness(
            ladder,
            all.filter(({ slot }) => !dead.includes(slot)),
          );
        const choices = [...multisets(all.length, count)].filter((m) => new Set(m).size === count).map(left);
        assert.deepEqual(left(gone), choices.sort(compareLists)[0]);
      }),
      { numRuns: 500 },
    );
  });
});
