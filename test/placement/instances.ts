/** Small random clusters and groups, and what an exhaustive search says of them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Affinity, AgentSnapshot, Constraint, GroupRequest, Plan, Rung } from '../../placement/index.js';
import { agent, constraint, group, living } from './build.js';
import { compareLists, isValid, multisets } from './oracle.js';

export const ladder = ['zone', 'rack', 'host'];

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

export const counting: fc.Arbitrary<Constraint> = fc.constantFrom(
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
export const groupBy: fc.Arbitrary<Constraint> = fc.constantFrom(
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

export const affinity: fc.Arbitrary<Affinity> = fc.record({
  app: fc.constantFrom('/x', '/y'),
  domain: fc.constantFrom('zone', 'rack', 'row', 'host'),
  required: fc.boolean(),
});

export const slotsOf = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

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

export const instance = (agentsMax: number, groupsMax: number) =>
  agents(agentsMax).chain((snapshot) =>
    fc.record({
      snapshot: fc.constant(snapshot),
      seed: fc.nat(),
      order: fc.constantFrom('given' as const, 'packed' as const),
      groups: fc
        .integer({ min: 1, max: groupsMax })
        .chain((n) => fc.tuple(...slotsOf(n).map((i) => groupOver(snapshot, `/g${i}`)))),
    }),
  );

/** The single group's agents by index, and all valid choices of so many agents, as an exhaustive search finds them. */
export function compare(groups: GroupRequest[], snapshot: AgentSnapshot[], plan: Plan) {
  const asked = groups[0] as GroupRequest;
  const chosen = plan.assigned.map(({ agentId }) => snapshot.findIndex(({ id }) => id === agentId));
  const valid = (size: number, isAllowed: (i: number) => boolean = () => true) =>
    [...multisets(snapshot.length, size)].filter((m) => m.every(isAllowed) && isValid(asked, snapshot, m));
  return { asked, chosen, valid };
}

/** The first group, whole and on different agents, spread over the ladder, with nothing else to keep than `change` says. */
export function spreadOnly([first]: GroupRequest[], change: Partial<GroupRequest> = {}): GroupRequest {
  const nothing = { constraints: [], near: [], apart: [], avoid: {} };
  return { ...(first as GroupRequest), ...nothing, spread: ladder, whole: true, distinctAgents: true, ...change };
}

/** `score` of agents by index, compared as `compareLists` does: less is better. */
export function assertNoBetterExchange(
  asked: GroupRequest,
  snapshot: AgentSnapshot[],
  chosen: number[],
  score: (agents: number[]) => number[],
): void {
  for (const at of chosen.keys())
    for (const other of snapshot.keys()) {
      const swapped = chosen.with(at, other);
      if (isValid(asked, snapshot, swapped)) assert.ok(compareLists(score(chosen), score(swapped)) <= 0);
    }
}
