import assert from 'node:assert/strict';
import { Inventory, place } from '../../placement/index.js';
import { agent, group, living } from './build.js';

const agents = [3, 1, 2].map((leaders, i) => ({ ...agent(`s${i}`), leaders }));
const firstLeader = (seats: { slot: number; agentId: string }[], lowest = 0) =>
  seats.find(({ slot }) => slot === lowest)?.agentId;

describe('the lowest slot', () => {
  it('of a new group goes where the fewest groups are led', () => {
    const { assigned } = place({ groups: [group()], seed: 1 }, agents);
    assert.equal(firstLeader(assigned), 's1');
    assert.deepEqual(assigned.map(({ slot }) => slot).sort(), [0, 1, 2]);
    const later = place({ groups: [group({ slots: [4, 7, 2] })], seed: 1 }, agents).assigned;
    assert.equal(firstLeader(later, 2), 's1');
  });

  it('counts the groups placed before it', () => {
    const groups = Array.from({ length: 6 }, (_, i) => group({ id: `/g${i}` }));
    const { assigned } = place({ groups, seed: 1 }, agents);
    const led = assigned.filter(({ slot }) => slot === 0).map(({ agentId }) => agentId);
    assert.deepEqual([...led].sort(), ['s0', 's1', 's1', 's1', 's2', 's2']);
    assert.deepEqual(
      agents.map(({ leaders }) => leaders),
      [3, 1, 2],
    );
  });

  it('goes like the others when the group lives or is no group', () => {
    const there = living(0, agent('elsewhere'));
    for (const leaders of [
      [1, 2],
      [2, 1],
    ]) {
      const open = leaders.map((count, i) => ({ ...agent(`s${i}`), leaders: count }));
      const slots = (shape: Parameters<typeof group>[0]) =>
        place({ groups: [group({ slots: [1, 2], ...shape })], seed: 1 }, open).assigned.map(({ slot }) => slot);
      assert.deepEqual(slots({ living: [there] }), [1, 2]);
      assert.deepEqual(slots({ distinctAgents: false }), [1, 2]);
    }
  });

  it('of groups in an inventory follows what it is told', () => {
    const inventory = new Inventory(agents);
    inventory.update('s1', { leaders: 9 });
    assert.equal(firstLeader(inventory.place(group(), 1)), 's2');
    assert.throws(() => inventory.update('x', { leaders: 1 }), /there is no agent x/);
  });
});
