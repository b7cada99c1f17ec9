import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Affinity,
  type AgentSnapshot,
  type Constraint,
  type GroupRequest,
  type PlacementRequest,
  type Plan,
  place,
  type Rung,
} from '../../placement/index.js';
import { agent, constraint, group, living } from './build.js';
import { compareLists, isNear, isValid, multisets, unevenness } from './oracle.js';

const ladder = ['zone', 'rack', 'host'];

const agents = (max: number): fc.Arbitrary<AgentSnapshot[]> =>
  fc
    .array(
      fc.record({
        tenths: fc.integer({ min: 0, max: 12 }),
        mem: fc.integer({ min: 0, max: 4 }),
        zone: fc.constantFrom('a', 'b', 'c', null),
        rack: fc.constantFrom('1', '2', '3', ''),
        row: fc.constantFrom('x', 'y', 'z'),
        host: fc.integer({ min: 0, max: 20 }),
        runs: fc.constantFrom('/x', '/y', null, null, null),
        ports: fc.array(fc.record({ begin: fc.integer({ min: 1, max: 9 }), more: fc.integer({ min: -1, max: 3 }) }), {
          maxLength: 2,
        }),
        bandwidth: fc.integer({ min: 0, max: 3 }),
        licences: fc.subarray(['x', 'y', 'z']),
      }),
      { minLength: 1, maxLength: max },
    )
    .map((rows) =>
      rows.map((row, i) =>
        agent(`s${i}`, {
          running: row.runs ? [{ app: row.runs, slot: 0 }] : [],
          cpus: row.tenths / 10,
          mem: row.mem,
          zone: row.zone,
          hostname: row.host < 4 ? `shared${row.host}` : `h${i}`,
          text: { row: row.row, ...(row.rack ? { rack: row.rack } : {}) },
          ports: row.ports.map(({ begin, more }) => ({ begin, end: begin + more })),
          scalars: { bandwidth: row.bandwidth },
          sets: { licences: row.licences },
        }),
      ),
    );

const counting: fc.Arbitrary<Constraint> = fc.constantFrom(
  constraint('rack', 'UNIQUE'),
  constraint('row', 'UNIQUE'),
  constraint('@zone', 'UNIQUE'),
  constraint('hostname', 'UNIQUE'),
  constraint('rack', 'MAX_PER', '2'),
  constraint('@zone', 'MAX_PER', '1'),
  constraint('row', 'CLUSTER'),
  constraint('rack', 'LIKE', '[12]'),
  constraint('rack', 'UNLIKE', '1'),
);
const groupBy: fc.Arbitrary<Constraint> = fc.constantFrom(
  constraint('rack', 'GROUP_BY', '2'),
  constraint('row', 'GROUP_BY', '3'),
  constraint('@zone', 'GROUP_BY', '2'),
);

const spreads: fc.Arbitrary<Rung[]> = fc.constantFrom<Rung[]>(
  ladder,
  [{ domain: 'zone', required: true }, 'rack', 'host'],
  ['zone', { domain: 'rack', maxPerDomain: 2, required: true }, 'host'],
  [{ domain: 'zone', maxPerDomain: 2, required: true }, { domain: 'rack', maxPerDomain: 1, required: true }, 'host'],
  [{ domain: 'row', maxPerDomain: 1, required: true }],
  ['row', { domain: 'host', required: false }],
);

const affinity: fc.Arbitrary<Affinity> = fc.record({
  app: fc.constantFrom('/x', '/y'),
  domain: fc.constantFrom('zone', 'rack', 'row', 'host'),
  required: fc.boolean(),
});

const slotsOf = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

/** A group over these agents; living replicas or GROUP_BY, not both. */
const groupOver = (snapshot: AgentSnapshot[], id = '/g'): fc.Arbitrary<GroupRequest> =>
  fc
    .record({
      count: fc.integer({ min: 1, max: 4 }),
      alive: fc.array(fc.nat(snapshot.length - 1), { maxLength: 2 }),
      rules: fc.array(counting, { maxLength: 2 }),
      byGroup: fc.option(groupBy),
      cpus: fc.constantFrom(0, 0.1, 0.2, 0.3),
      mem: fc.constantFrom(0, 1, 2),
      ports: fc.constantFrom<number[]>([], [0], [0, 0], [3], [0, 4]),
      bandwidth: fc.constantFrom(0, 0, 1, 2),
      licences: fc.constantFrom(0, 0, 0, 1, 2),
      distinctAgents: fc.boolean(),
      whole: fc.boolean(),
      avoided: fc.array(fc.nat(snapshot.length - 1), { maxLength: 2 }),
      spread: spreads,
      near: fc.array(affinity, { maxLength: 1 }),
      apart: fc.array(affinity, { maxLength: 1 }),
    })
    .map(({ count, alive, rules, byGroup, cpus, mem, ports, bandwidth, licences, ...rest }) =>
      group({
        id,
        slots: slotsOf(count, 2),
        demand: { cpus, mem, disk: 0, gpus: 0, ports, scalars: { bandwidth }, sets: { licences } },
        constraints: byGroup ? [...rules, byGroup] : rules,
        spread: rest.spread,
        near: rest.near,
        apart: rest.apart,
        living: byGroup ? [] : alive.map((i, slot) => living(slot, snapshot[i] as AgentSnapshot)),
        avoid: Object.fromEntries(rest.avoided.map((i) => [`s${i}`, 'failed'])),
        distinctAgents: rest.distinctAgents,
        whole: rest.whole,
      }),
    );

const instance = (agentsMax: number, groupsMax: number) =>
  agents(agentsMax).chain((snapshot) =>
    fc.record({
      snapshot: fc.constant(snapshot),
      seed: fc.nat(),
      groups: fc
        .integer({ min: 1, max: groupsMax })
        .chain((n) => fc.tuple(...slotsOf(n).map((i) => groupOver(snapshot, `/g${i}`)))),
    }),
  );

/** The single group's agents by index, and all valid choices of so many agents, as an exhaustive search finds them. */
function compare(groups: GroupRequest[], snapshot: AgentSnapshot[], plan: Plan) {
  const asked = groups[0] as GroupRequest;
  const chosen = plan.assigned.map(({ agentId }) => snapshot.findIndex(({ id }) => id === agentId));
  const valid = (size: number, isAllowed: (i: number) => boolean = () => true) =>
    [...multisets(snapshot.length, size)].filter((m) => m.every(isAllowed) && isValid(asked, snapshot, m));
  return { asked, chosen, valid };
}

describe('place, for any request', () => {
  it('never gives out more than there is, nor a port twice or one that was not free', () => {
    fc.assert(
      fc.property(instance(6, 4), ({ snapshot, seed, groups }) => {
        const plan = place({ groups, seed }, snapshot);
        for (const { id, free } of snapshot) {
          const here = plan.assigned.filter(({ agentId }) => agentId === id);
          for (const dimension of ['cpus', 'mem', 'disk', 'gpus'] as const) {
            const used = here.reduce(
              (sum, a) => sum + Math.round((groups.find((g) => g.id === a.group)?.demand[dimension] ?? 0) * 1000),
              0,
            );
            assert.ok(used <= Math.round(free[dimension] * 1000), `${dimension} of ${id}`);
          }
          const licences = here.flatMap((a) => a.items?.licences ?? []);
          assert.equal(new Set(licences).size, licences.length);
          assert.ok(licences.every((item) => free.sets?.licences?.includes(item)));
          const ports = here.flatMap((a) => a.ports);
          assert.equal(new Set(ports).size, ports.length);
          for (const port of ports) assert.ok(free.ports.some(({ begin, end }) => begin <= port && port <= end));
        }
      }),
      { numRuns: 400 },
    );
  });

  it('accounts for every slot and every agent, keeps agents distinct, and places whole groups whole', () => {
    fc.assert(
      fc.property(instance(6, 3), ({ snapshot, seed, groups }) => {
        const plan = place({ groups, seed }, snapshot);
        for (const asked of groups) {
          const mine = plan.assigned.filter((a) => a.group === asked.id);
          const rest = plan.unplaced.find((u) => u.group === asked.id);
          assert.deepEqual([...mine.map(({ slot }) => slot), ...(rest?.slots ?? [])].sort(), [...asked.slots].sort());
          if (asked.whole) assert.ok(mine.length === 0 || !rest);
          const ids = mine.map(({ agentId }) => agentId);
          if (asked.distinctAgents) {
            assert.equal(new Set(ids).size, ids.length);
            assert.ok(asked.living.every(({ agentId }) => !ids.includes(agentId)));
          }
          for (const [i, port] of asked.demand.ports.entries())
            for (const { ports } of mine) assert.ok(port === 0 ? ports[i] : ports[i] === port);
          const explained = rest ? rest.refusals : plan.considered.filter((c) => c.group === asked.id);
          for (const { id } of snapshot)
            assert.ok(ids.includes(id) || explained.some(({ agentId }) => agentId === id), id);
          for (const { score, scoreParts } of mine)
            for (const value of [score, ...scoreParts.map((p) => p.value)]) assert.ok(value >= 0 && value <= 1 + 1e-9);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('gives the same plan for the same seed, whatever the order of the agents, and changes nothing it is given', () => {
    fc.assert(
      fc.property(instance(6, 3), ({ snapshot, seed, groups }) => {
        const request: PlacementRequest = { groups, seed };
        const before = JSON.stringify([request, snapshot]);
        const plan = place(request, snapshot);
        assert.deepEqual(place(request, [...snapshot].reverse()), plan);
        assert.equal(JSON.stringify([request, snapshot]), before);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps every constraint, and places as many as an exhaustive search can', () => {
    fc.assert(
      fc.property(instance(6, 1), ({ snapshot, seed, groups }) => {
        const plan = place({ groups, seed }, snapshot);
        const { asked, chosen, valid } = compare(groups, snapshot, plan);
        if (asked.whole) assert.equal(chosen.length > 0, valid(asked.slots.length).length > 0, JSON.stringify(plan));
        else {
          const most = Math.max(...slotsOf(asked.slots.length + 1).filter((n) => valid(n).length > 0));
          assert.equal(chosen.length, most, JSON.stringify(plan));
        }
        assert.ok(isValid(asked, snapshot, chosen));
      }),
      { numRuns: 1500 },
    );
  });

  it('never loses a place by another agent', () => {
    fc.assert(
      fc.property(instance(7, 1), ({ snapshot, seed, groups }) => {
        // Another agent may bring an app that the group is to be apart from.
        const asked = { ...(groups[0] as GroupRequest), apart: [] };
        const plan = place({ groups: [asked], seed }, snapshot.slice(1));
        if (asked.whole && plan.assigned.length > 0)
          assert.ok(place({ groups: [asked], seed }, snapshot).assigned.length > 0);
      }),
      { numRuns: 600 },
    );
  });

  it('uses agents to avoid only when the others do not do', () => {
    fc.assert(
      fc.property(instance(6, 1), ({ snapshot, seed, groups }) => {
        const plan = place({ groups, seed }, snapshot);
        const { asked, chosen, valid } = compare(groups, snapshot, plan);
        if (!asked.whole || !chosen.some((i) => asked.avoid[`s${i}`])) return;
        assert.deepEqual(
          valid(asked.slots.length, (i) => !asked.avoid[`s${i}`]),
          [],
        );
      }),
      { numRuns: 600 },
    );
  });

  it('refuses with numbers that are right', () => {
    fc.assert(
      fc.property(instance(6, 1), ({ snapshot, seed, groups }) => {
        const asked = { ...(groups[0] as GroupRequest), whole: true };
        for (const { refusals } of place({ groups: [asked], seed }, snapshot).unplaced)
          for (const { agentId, rule, ...counted } of refusals) {
            if (!['cpus', 'mem'].includes(rule)) continue;
            const dimension = rule as 'cpus' | 'mem';
            const free = snapshot.find(({ id }) => id === agentId)?.free[dimension] as number;
            assert.equal(counted.asked, asked.demand[dimension]);
            assert.equal(counted.free, free);
            assert.equal(counted.missing, Math.round((asked.demand[dimension] - free) * 1000) / 1000);
            assert.ok((counted.missing as number) > 0);
          }
      }),
      { numRuns: 300 },
    );
  });
});

describe('wishes', () => {
  it('refuse nobody', () => {
    fc.assert(
      fc.property(instance(6, 1), fc.array(fc.oneof(counting, groupBy), { maxLength: 3 }), (drawn, preferences) => {
        const { snapshot, seed, groups } = drawn;
        const [asked] = groups as [GroupRequest];
        const placed = (shape: Partial<GroupRequest>) =>
          place({ groups: [{ ...asked, ...shape }], seed }, snapshot).assigned.length;
        assert.equal(placed({ preferences }), placed({}));
      }),
      { numRuns: 600 },
    );
  });

  it('that count are as many as no exchange of a single agent could make more', () => {
    fc.assert(
      fc.property(
        instance(9, 1),
        fc.constantFrom(['rack', 'row'], ['row', 'rack']),
        ({ snapshot, seed, groups }, fields) => {
          const asked: GroupRequest = {
            ...(groups[0] as GroupRequest),
            constraints: [],
            spread: ladder,
            near: [],
            apart: [],
            preferences: fields.map((field) => constraint(field, 'UNIQUE')),
            whole: true,
            avoid: {},
            distinctAgents: true,
          };
          const { chosen } = compare([asked], snapshot, place({ groups: [asked], seed }, snapshot));
          const lacking = (m: number[]) => {
            const all = [...asked.living, ...m.map((i) => snapshot[i] as AgentSnapshot)];
            const values = (field: string) =>
              all.map((at) => at.attributes[field]?.value).filter((one) => one !== undefined);
            return fields.map((field) => -new Set(values(field)).size);
          };
          for (const at of chosen.keys())
            for (const other of snapshot.keys()) {
              const swapped = chosen.with(at, other);
              if (isValid(asked, snapshot, swapped)) assert.ok(compareLists(lacking(chosen), lacking(swapped)) <= 0);
            }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('are fulfilled by as many replicas as can be', () => {
    fc.assert(
      fc.property(instance(7, 1), affinity, fc.boolean(), ({ snapshot, seed, groups }, drawn, near) => {
        const wish = { ...drawn, required: false };
        const asked: GroupRequest = {
          ...(groups[0] as GroupRequest),
          constraints: [],
          near: near ? [wish] : [],
          apart: near ? [] : [wish],
          spread: ladder,
          whole: true,
          avoid: {},
          distinctAgents: true,
        };
        const plan = place({ groups: [asked], seed }, snapshot);
        if (plan.assigned.length === 0) return;
        const { chosen, valid } = compare([asked], snapshot, plan);
        const fulfilled = (m: number[]) =>
          m.filter((i) => isNear(snapshot[i] as AgentSnapshot, wish, ladder, snapshot, !near) === near).length;
        assert.equal(fulfilled(chosen), Math.max(...valid(asked.slots.length).map(fulfilled)));
      }),
      { numRuns: 600 },
    );
  });
});

describe('the spread', () => {
  const even = (rules: fc.Arbitrary<Constraint[]>, numRuns: number) => {
    fc.assert(
      fc.property(instance(7, 1), rules, ({ snapshot, seed, groups }, constraints) => {
        const asked: GroupRequest = {
          ...(groups[0] as GroupRequest),
          constraints,
          spread: ladder,
          near: [],
          apart: [],
          whole: true,
          avoid: {},
          distinctAgents: true,
        };
        const plan = place({ groups: [asked], seed }, snapshot);
        if (plan.assigned.length === 0) return;
        const { chosen, valid } = compare([asked], snapshot, plan);
        const score = (m: number[]) =>
          unevenness(ladder, [...asked.living, ...m.map((i) => snapshot[i] as AgentSnapshot)]);
        const best = valid(asked.slots.length).map(score).sort(compareLists)[0] as number[];
        assert.deepEqual(score(chosen), best, JSON.stringify(plan.assigned));
      }),
      { numRuns },
    );
  };

  it('is as even as the agents allow, widest domain first', () => even(fc.constant([]), 1000));
  it('is as even as constraints that judge single agents allow', () =>
    even(fc.tuple(counting.filter(({ operator }) => ['LIKE', 'UNLIKE'].includes(operator))), 1000));

  it('with any constraints is one that no exchange of a single agent makes more even', () => {
    fc.assert(
      fc.property(instance(9, 1), fc.array(counting, { minLength: 1, maxLength: 3 }), (drawn, constraints) => {
        const { snapshot, seed, groups } = drawn;
        const asked: GroupRequest = {
          ...(groups[0] as GroupRequest),
          constraints,
          spread: ladder,
          near: [],
          apart: [],
          whole: true,
          avoid: {},
          distinctAgents: true,
        };
        const { chosen } = compare([asked], snapshot, place({ groups: [asked], seed }, snapshot));
        const score = (m: number[]) =>
          unevenness(ladder, [...asked.living, ...m.map((i) => snapshot[i] as AgentSnapshot)]);
        for (const at of chosen.keys())
          for (const other of snapshot.keys()) {
            const swapped = chosen.with(at, other);
            if (isValid(asked, snapshot, swapped)) assert.ok(compareLists(score(chosen), score(swapped)) <= 0);
          }
      }),
      { numRuns: 1500 },
    );
  });

  it('puts no majority into one zone or rack when that can be avoided', () => {
    fc.assert(
      fc.property(instance(7, 1), ({ snapshot, seed, groups }) => {
        const asked: GroupRequest = {
          ...(groups[0] as GroupRequest),
          constraints: [],
          spread: ladder,
          near: [],
          apart: [],
          whole: true,
          avoid: {},
          distinctAgents: true,
        };
        const plan = place({ groups: [asked], seed }, snapshot);
        if (plan.assigned.length === 0) return;
        const { chosen, valid } = compare([asked], snapshot, plan);
        for (const rung of [1, 2]) {
          const largest = (m: number[]) =>
            fullest(ladder.slice(0, rung), [...asked.living, ...m.map((i) => snapshot[i] as AgentSnapshot)]);
          const majority = Math.floor((asked.living.length + asked.slots.length) / 2) + 1;
          if (largest(chosen) >= majority) assert.ok(valid(asked.slots.length).every((m) => largest(m) >= majority));
        }
      }),
      { numRuns: 600 },
    );
  });
});

function fullest(path: string[], at: Parameters<typeof unevenness>[1]): number {
  const alone = at.map((one) => at.filter((other) => unevenness(path, [one, other]).at(-1) === 4).length);
  return Math.max(...alone);
}
