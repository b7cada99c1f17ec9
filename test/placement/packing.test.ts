import assert from 'node:assert/strict';
import { bestFilling } from '../../placement/filling.js';
import { type AgentSnapshot, type GroupRequest, Inventory, place } from '../../placement/index.js';
import { type Order, placeLargestFirst, placePacked } from '../../placement/packing.js';
import { type Amounts, covers } from '../../placement/resources.js';
import { randomFrom } from '../random.js';
import { agent, group } from './build.js';

const seeds = Array.from({ length: 40 }, (_, i) => i + 1);
const tens = ['s0', 's1'].map((id) => agent(id, { cpus: 10, mem: 10 }));

const ofCpus = (...cpus: number[]): GroupRequest[] =>
  cpus.map((size, i) =>
    group({ id: `/g${i}`, slots: [0], demand: { cpus: size, mem: 1, disk: 0, gpus: 0, ports: [] } }),
  );

describe('the packed order', () => {
  it('places all where neither the order given nor the largest first does', () => {
    for (const groups of [ofCpus(4, 4, 3, 3, 3, 3), ofCpus(3, 3, 3, 3, 4, 4)]) {
      assert.equal(place({ groups, seed: 1 }, tens).unplaced.length, 1);
      assert.deepEqual(place({ groups, seed: 1, order: 'packed' }, tens).unplaced, []);
    }
  });

  it('fills the agents of a group together, each replica on another', () => {
    const agents = Array.from({ length: 6 }, (_, i) => agent(`s${i}`, { cpus: 10, mem: 10 }));
    const groups = ofCpus(4, 4, 3, 3, 3, 3).map((one) => ({ ...one, slots: [0, 1, 2] }));
    const { assigned, unplaced } = place({ groups, seed: 1, order: 'packed' }, agents);
    assert.deepEqual(unplaced, []);
    for (const { id } of groups)
      assert.equal(new Set(assigned.filter((one) => one.group === id).map(({ agentId }) => agentId)).size, 3);
  });

  it('says of a request that is not in order what is wrong, and places the others', () => {
    const groups = [...ofCpus(4, Number.NaN), group({ id: '/none', slots: [] })];
    const { assigned, unplaced } = place({ groups, seed: 1, order: 'packed' }, tens);
    assert.deepEqual(
      assigned.map((one) => one.group),
      ['/g0'],
    );
    assert.match(unplaced[0]?.sentence ?? '', /demand.cpus is NaN/);
  });

  it('gives back the seats of each group in the order given, and none to what does not fit', () => {
    const inventory = new Inventory(tens);
    const seats = inventory.placeAll(ofCpus(3, 4, Number.NaN, 3, 4, 3, 11, 3), 1);
    assert.deepEqual(
      seats.map((one) => one.length),
      [1, 1, 0, 1, 1, 1, 0, 1],
    );
    assert.ok(inventory.ledgers.every(({ left }) => left.cpus === 0));
  });
});

describe('placeAll, when not all fit', () => {
  const drawn = (seed: number) => {
    const random = randomFrom(seed);
    const one = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
    const agents = Array.from({ length: 6 }, (_, i) => agent(`s${i}`, { cpus: one(6, 12), mem: 100 }));
    const groups = Array.from({ length: 9 }, (_, i) =>
      group({
        id: `/g${i}`,
        slots: Array.from({ length: one(1, 4) }, (__, slot) => slot),
        demand: { cpus: one(1, 6), mem: 1, disk: 0, gpus: 0, ports: [0] },
      }),
    );
    return { agents, groups };
  };

  it('tries the largest first, too, and takes what it says', () => {
    let [better, worse] = [0, 0];
    for (const seed of seeds) {
      const { agents, groups } = drawn(seed);
      const packed = placedBy(placePacked, agents, groups);
      const largestFirst = placedBy(placeLargestFirst, agents, groups);
      const inventory = new Inventory(agents);
      const start = structuredClone(inventory.ledgers.map(({ left, ports }) => ({ left, ports })));
      const seats = inventory.placeAll(groups, 1);
      const placed = seats.flat().length;
      assert.ok(placed >= packed, `seed ${seed}`);
      if (placed > packed) better += 1;
      if (largestFirst < packed) worse += 1;
      for (const [i, { demand }] of groups.entries())
        for (const seat of seats[i] ?? []) inventory.release(seat, demand);
      assert.deepEqual(
        inventory.ledgers.map(({ left, ports }) => ({ left, ports })),
        start,
      );
    }
    assert.ok(better > 0 && worse > 0, `${better} ${worse}`);
  });

  it('gives as many by place() as any order does', () => {
    for (const seed of seeds) {
      const { agents, groups } = drawn(seed);
      const { assigned } = place({ groups, seed: 1, order: 'packed' }, agents);
      const others = [placePacked, placeLargestFirst].map((order) => placedBy(order, agents, groups));
      others.push(place({ groups, seed: 1 }, agents).assigned.length);
      assert.equal(assigned.length, Math.max(...others), `seed ${seed}`);
    }
  });

  function placedBy(order: Order, agents: AgentSnapshot[], groups: GroupRequest[]): number {
    const inventory = new Inventory(agents);
    let placed = 0;
    order(groups, inventory, (one) => {
      const seats = inventory.place(one, 1);
      placed += seats.length;
      return seats.map(({ agentId }) => agentId);
    });
    return placed;
  }
});

describe('the best filling', () => {
  const weights = { cpus: 1, mem: 1, disk: 0, gpus: 0 };
  const size = (cpus: number, mem: number): Amounts => ({ cpus, mem, disk: 0, gpus: 0 });

  it('leaves as little as any set of replicas', () => {
    for (const seed of seeds) {
      const random = randomFrom(seed);
      const draw = () => 1 + Math.floor(random() * 9);
      const kinds = Array.from({ length: 5 }, () => ({
        asked: size(draw(), draw()),
        count: 1 + Math.floor(random() * 2),
      }));
      const left = size(10 + draw(), 10 + draw());
      const set = bestFilling(left, kinds, weights);
      assert.equal(slackOf(left, set), leastSlack(left, kinds), `seed ${seed}`);
      for (const kind of kinds) assert.ok(set.filter((one) => one === kind).length <= kind.count, `seed ${seed}`);
    }
  });

  it('does not trade balance for size where too many sets would have to be looked at', () => {
    const kinds = Array.from({ length: 60 }, (_, i) => ({ asked: size(30 + i, i < 30 ? 60 : 10), count: 9 }));
    kinds.push({ asked: size(100, 100), count: 10 });
    const left = size(1000, 1000);
    assert.equal(slackOf(left, bestFilling(left, kinds, weights)), 0);
  });

  function slackOf(left: Amounts, set: readonly { asked: Amounts }[]): number {
    const rest = set.reduce((sum, { asked }) => size(sum.cpus - asked.cpus, sum.mem - asked.mem), left);
    assert.ok(covers(rest, size(0, 0)));
    return rest.cpus + rest.mem;
  }

  function leastSlack(left: Amounts, kinds: readonly { asked: Amounts; count: number }[]): number {
    const [first, ...rest] = kinds;
    if (!first) return left.cpus + left.mem;
    const most = Math.min(
      first.count,
      Math.floor(left.cpus / first.asked.cpus),
      Math.floor(left.mem / first.asked.mem),
    );
    const counts = Array.from({ length: most + 1 }, (_, count) => count);
    return Math.min(
      ...counts.map((n) => leastSlack(size(left.cpus - n * first.asked.cpus, left.mem - n * first.asked.mem), rest)),
    );
  }
});
