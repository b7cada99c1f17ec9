import assert from 'node:assert/strict';
import lodash from 'lodash';
import { Arrangement } from '../../placement/arrangement.js';
import { Attempt } from '../../placement/attempt.js';
import {
  type AgentSnapshot,
  type GroupRequest,
  Inventory,
  place,
  type Rung,
  type Seat,
} from '../../placement/index.js';
import { ListPool } from '../../placement/pool.js';
import { randomFrom } from '../random.js';
import { agent, constraint, group, living } from './build.js';

const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
const ladders = [[], ['host'], ['rack'], ['zone', 'rack', 'host'], ['zone', 'rack']];

const requiredLadders: Rung[][] = [
  [{ domain: 'zone', required: true }, 'rack', 'host'],
  ['zone', { domain: 'rack', maxPerDomain: 1, required: true }, 'host'],
  [
    { domain: 'zone', maxPerDomain: 3, required: true },
    { domain: 'rack', maxPerDomain: 2, required: true },
  ],
];

/** So many agents that domains are indexed, in sizes and amounts that repeat and that do not. */
function cluster(random: () => number, count: number): AgentSnapshot[] {
  return Array.from({ length: count }, (_, i) => {
    const cpus = 1 + Math.floor(random() * 8);
    const free = Math.round(cpus * random() * 1000) / 1000;
    return agent(`s${i}`, {
      cpus: random() < 0.5 ? cpus : free,
      mem: 512 * (1 + Math.floor(random() * 8)),
      zone: `z${Math.floor(random() * 3)}`,
      text: { rack: `r${Math.floor(random() * 20)}` },
      sets: { licences: random() < 0.7 ? ['x', 'y'] : [] },
      total: { cpus, mem: 4096 },
    });
  });
}

function groupFrom(random: () => number, number: number, agents: AgentSnapshot[]): GroupRequest {
  const one = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T;
  return group({
    id: `/g${number}`,
    slots: Array.from({ length: one([1, 3, 5, 7]) }, (_, slot) => slot + 1),
    demand: {
      cpus: one([0.1, 0.5, 1, 2.5]),
      mem: one([0, 128, 1024]),
      disk: 0,
      gpus: 0,
      ports: one([[], [0], [0, 0]]),
    },
    spread: one(ladders),
    distinctAgents: random() < 0.7,
    living: random() < 0.3 ? [living(0, one(agents))] : [],
    avoid: random() < 0.2 ? { [one(agents).id]: 'failed' } : {},
  });
}

/** Each agent taken is as good as the best of all that could have been. Returns by which measure. */
function checkChoice(inventory: Inventory, asked: GroupRequest): string {
  const { arrangement, candidates } = new Attempt(inventory, asked, 1);
  const { measure } = arrangement.frame;
  if (arrangement.taken.some(({ avoided }) => avoided)) return measure;
  const all = new ListPool(candidates.filter(({ avoided }) => !avoided));
  const before = new Arrangement(arrangement.frame);
  for (const item of arrangement.taken) {
    const best = all.best(before);
    assert.ok(best && before.allows(item));
    assert.equal(
      before.score(item),
      before.score(best),
      `${item.name} against ${best.name} for ${JSON.stringify(asked)}`,
    );
    before.take(item);
  }
  return measure;
}

/** No other agent would be better in the place of one that was taken. */
function checkExchanges(inventory: Inventory, asked: GroupRequest): void {
  const { arrangement, candidates } = new Attempt(inventory, asked, 1);
  if (arrangement.taken.some(({ avoided }) => avoided)) return;
  const all = new ListPool(candidates.filter(({ avoided }) => !avoided));
  for (const item of [...arrangement.taken]) {
    arrangement.release(item);
    assert.ok(arrangement.allows(item));
    const best = all.best(arrangement);
    assert.ok(best && arrangement.score(best) <= arrangement.score(item), `${item.name}: ${JSON.stringify(asked)}`);
    arrangement.take(item);
  }
}

const stateOf = (inventory: Inventory) =>
  inventory.ledgers.map(({ left, ports, portsLeft, named }) => ({ ...left, ports, portsLeft, named }));

describe(`an inventory (seed ${seed})`, () => {
  it('chooses as if it looked at every agent, and gives back what it has taken', () => {
    const random = randomFrom(seed);
    const measures = new Set<string>();
    for (let life = 0; life < 4; life++) {
      // Some become so full that rooms which were kept are taken.
      const agents = cluster(random, life < 2 ? 100 : 150 + Math.floor(random() * 250));
      const inventory = new Inventory(agents, life % 4 === 3 ? 'spread' : 'bestFit');
      const start = structuredClone(stateOf(inventory));
      const alive: { asked: GroupRequest; seats: Seat[] }[] = [];
      for (let number = 0; number < (life < 2 ? 300 : 150); number++) {
        const asked = groupFrom(random, number, agents);
        measures.add(checkChoice(inventory, asked));
        const seats = inventory.place(asked, 1);
        if (seats.length > 0) alive.push({ asked, seats });
        if (random() < (life < 2 ? 0.2 : 0.4)) leave(inventory, alive, random);
      }
      for (const { left, portsLeft } of inventory.ledgers)
        assert.ok(Math.min(left.cpus, left.mem, left.disk, left.gpus, portsLeft) >= 0);
      while (alive.length > 0) leave(inventory, alive, random);
      assert.deepEqual(stateOf(inventory), start);
    }
    assert.deepEqual([...measures].sort(), ['bestFit', 'keptRooms', 'spread']);
  }).timeout(60_000);

  it('lets no exchange of an agent make a choice better, with required rungs, wishes and affinities', () => {
    const random = randomFrom(seed);
    const one = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T;
    const near = () => (random() < 0.3 ? [{ app: '/x', domain: one(['zone', 'rack']), required: random() < 0.5 }] : []);
    for (let life = 0; life < 3; life++) {
      const agents = cluster(random, 150 + Math.floor(random() * 100));
      const inventory = new Inventory(
        agents.map((at, i) => (i % 30 === 0 ? { ...at, running: [{ app: '/x', slot: 0 }] } : at)),
      );
      for (let number = 0; number < 100; number++) {
        const asked: GroupRequest = {
          ...groupFrom(random, number, agents),
          spread: one(requiredLadders),
          near: near(),
          apart: near(),
          preferences: random() < 0.2 ? [constraint('rack', 'UNIQUE'), constraint('rack', 'LIKE', 'r1.*')] : [],
        };
        checkExchanges(inventory, asked);
        inventory.place(asked, 1);
      }
    }
  }).timeout(60_000);

  it('gives the seats that place() gives', () => {
    const random = randomFrom(seed);
    for (let i = 0; i < 50; i++) {
      const agents = cluster(random, 120);
      const asked = groupFrom(random, i, agents);
      const plan = place({ groups: [asked], seed: 5 }, agents).assigned;
      const seats = plan.map((row) => lodash.omit(row, ['group', 'hostname', 'score', 'scoreParts']));
      assert.deepEqual(new Inventory(agents).place(asked, 5), seats);
    }
  });

  it('takes nothing when a group that is to be whole does not fit, and what there is room for else', () => {
    const inventory = new Inventory([agent('a', { cpus: 1 }), agent('b', { cpus: 0.1 })]);
    const before = structuredClone(stateOf(inventory));
    assert.deepEqual(inventory.place(group(), 1), []);
    assert.deepEqual(stateOf(inventory), before);
    assert.equal(inventory.place(group({ whole: false }), 1).length, 1);
  });

  it('knows no agent that it was not given', () => {
    const { demand } = group();
    assert.throws(() => new Inventory([]).release({ agentId: 'x', ports: [] }, demand), /there is no agent x/);
  });

  it('fills the last agents evenly, so that groups still find different ones', () => {
    const agents = Array.from({ length: 400 }, (_, i) => agent(`s${i}`, { cpus: 8, ports: [] }));
    const inventory = new Inventory(agents);
    const asked = (number: number) =>
      group({
        id: `/g${number}`,
        slots: [0, 1, 2, 3, 4, 5, 6],
        demand: { cpus: 0.5, mem: 0, disk: 0, gpus: 0, ports: [] },
      });
    let placed = 0;
    while (inventory.place(asked(placed), 1).length > 0) placed += 1;
    assert.ok(placed * 7 * 0.5 > 0.999 * 400 * 8, `${placed} groups of 7 on 400 agents of 16 places`);
  });
});

function leave(inventory: Inventory, alive: { asked: GroupRequest; seats: Seat[] }[], random: () => number): void {
  const [gone] = alive.splice(Math.floor(random() * alive.length), 1);
  for (const seat of gone?.seats ?? []) inventory.release(seat, (gone as { asked: GroupRequest }).asked.demand);
}
