import assert from 'node:assert/strict';
import { type AgentSnapshot, Inventory, place, type Seat } from '../../placement/index.js';
import { agent, group, living } from './build.js';

const spread = ['zone', 'rack', 'host'];
const agents = Array.from({ length: 90 }, (_, i) =>
  agent(`s${i}`, { zone: `z${i % 3}`, text: { rack: `r${i % 9}` }, cpus: 8, mem: 8192 }),
);
const byId = new Map(agents.map((one) => [one.id, one]));

/** Fills the agents with groups of `size`. */
function fill(size: number, scatterWidth: number, cluster = agents): Seat[][] {
  const inventory = new Inventory(cluster);
  const slots = Array.from({ length: size }, (_, slot) => slot);
  const groups: Seat[][] = [];
  for (;;) {
    const seats = inventory.place(group({ id: `/g${groups.length}`, slots, spread, scatterWidth }), 1);
    if (seats.length === 0) return groups;
    groups.push(seats);
  }
}

function neighbours(groups: Seat[][]): Map<string, Set<string>> {
  const known = new Map<string, Set<string>>();
  for (const seats of groups)
    for (const { agentId } of seats) {
      const others = known.get(agentId) ?? new Set();
      for (const other of seats) if (other.agentId !== agentId) others.add(other.agentId);
      known.set(agentId, others);
    }
  return known;
}

describe('copysets', () => {
  for (const [size, scatterWidth] of [
    [3, 2],
    [3, 4],
    [5, 4],
    [7, 12],
  ] as const)
    it(`of ${size} keep an agent among ${scatterWidth} others, and fill the cluster as far`, () => {
      const groups = fill(size, scatterWidth);
      // Once sets are full, groups go where there is room.
      const known = neighbours(groups.slice(0, Math.floor(groups.length * 0.8)));
      const most = Math.ceil(scatterWidth / (size - 1)) * (size - 1);
      const usual = [...known.values()].filter((others) => others.size <= most);
      assert.ok(usual.length >= known.size - 2 * size, 'only the last set of a permutation may know more');
      const places = Math.floor((agents.length * 16) / size);
      assert.ok(groups.length >= places * 0.95, `${groups.length} of ${places}`);
    });

  it('lie in different zones', () => {
    for (const seats of fill(3, 4)) {
      const zones = new Set(seats.map(({ agentId }) => byId.get(agentId)?.zone));
      assert.equal(zones.size, 3);
    }
  });

  it('take a replacement into the set of the living', () => {
    const inventory = new Inventory(agents);
    const seats = inventory.place(group({ spread, scatterWidth: 2 }), 1);
    const [first, second, third] = seats.map(({ agentId }) => byId.get(agentId) as AgentSnapshot) as [
      AgentSnapshot,
      AgentSnapshot,
      AgentSnapshot,
    ];
    inventory.release(seats[2] as Seat, group().demand);
    const again = group({ spread, scatterWidth: 2, slots: [2], living: [living(0, first), living(1, second)] });
    assert.deepEqual(
      inventory.place(again, 7).map(({ agentId }) => agentId),
      [third.id],
    );
  });

  it('of a group that has lost several take one after the other back, by the size of the whole group', () => {
    const inventory = new Inventory(agents);
    const five = group({ spread, scatterWidth: 4, slots: [0, 1, 2, 3, 4], size: 5 });
    const seats = inventory.place(five, 1);
    const homes = seats.map(({ agentId }) => byId.get(agentId) as AgentSnapshot);
    for (const seat of seats.slice(3)) inventory.release(seat, group().demand);
    const three = homes.slice(0, 3).map((home, slot) => living(slot, home));
    const [joined] = inventory.place({ ...five, slots: [3], living: three }, 7);
    assert.ok(homes.slice(3).some(({ id }) => id === joined?.agentId));
  });

  it('are left when none has room, and explained', () => {
    const full = agents.map((one, i) => ({ ...one, free: { ...one.free, cpus: i < 4 ? 8 : 0.1 } }));
    assert.equal(new Inventory(full).place(group({ spread, scatterWidth: 2 }), 1).length, 3);
    const plan = place({ groups: [group({ spread, scatterWidth: 2 })], seed: 1 }, agents);
    assert.equal(plan.assigned.length, 3);
    assert.ok(plan.considered.every(({ sentence }) => /: not of the copyset that was taken$/.test(sentence)));
  });
});
