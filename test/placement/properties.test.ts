import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type AgentSnapshot,
  type Constraint,
  type GroupRequest,
  type PlacementRequest,
  place,
} from '../../placement/index.js';
import { assertNoBetterExchange, compare, counting, instance, ladder, slotsOf, spreadOnly } from './instances.js';
import { compareLists, isValid, unevenness } from './oracle.js';

describe('place, for any request', () => {
  it('never gives out more than there is, nor a port twice or one that was not free', () => {
    fc.assert(
      fc.property(instance(6, 4), ({ snapshot, seed, groups, order }) => {
        const plan = place({ groups, seed, order }, snapshot);
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
      fc.property(instance(6, 3), ({ snapshot, seed, groups, order }) => {
        const plan = place({ groups, seed, order }, snapshot);
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
      fc.property(instance(6, 3), ({ snapshot, seed, groups, order }) => {
        const request: PlacementRequest = { groups, seed, order };
        const before = JSON.stringify([request, snapshot]);
        const plan = place(request, snapshot);
        assert.deepEqual(place(request, [...snapshot].reverse()), plan);
        assert.equal(JSON.stringify([request, snapshot]), before);
      }),
      { numRuns: 200 },
    );
  });

  it('places as many replicas in the packed order as in the order given, or more', () => {
    fc.assert(
      fc.property(instance(6, 6), ({ snapshot, seed, groups }) => {
        const [given, packed] = (['given', 'packed'] as const).map((order) => place({ groups, seed, order }, snapshot));
        assert.ok((packed?.assigned.length ?? 0) >= (given?.assigned.length ?? 0));
      }),
      { numRuns: 300 },
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

describe('the spread', () => {
  const even = (rules: fc.Arbitrary<Constraint[]>, numRuns: number) => {
    fc.assert(
      fc.property(instance(7, 1), rules, ({ snapshot, seed, groups }, constraints) => {
        const asked = spreadOnly(groups, { constraints });
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
        const asked = spreadOnly(groups, { constraints });
        const { chosen } = compare([asked], snapshot, place({ groups: [asked], seed }, snapshot));
        const score = (m: number[]) =>
          unevenness(ladder, [...asked.living, ...m.map((i) => snapshot[i] as AgentSnapshot)]);
        assertNoBetterExchange(asked, snapshot, chosen, score);
      }),
      { numRuns: 1500 },
    );
  });

  it('puts no majority into one zone or rack when that can be avoided', () => {
    fc.assert(
      fc.property(instance(7, 1), ({ snapshot, seed, groups }) => {
        const asked = spreadOnly(groups);
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
