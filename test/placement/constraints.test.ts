import assert from 'node:assert/strict';
import { type AgentSnapshot, type Constraint, constraintFault, place } from '../../placement/index.js';
import { agent, constraint, group, living } from './build.js';

const racks = (...names: string[]) => names.map((rack, i) => agent(`agent-${i + 1}`, { text: { rack } }));

/** The agents that take a replica, sorted. */
function taken(constraints: Constraint[], agents: AgentSnapshot[], shape: Parameters<typeof group>[0] = {}): string[] {
  const plan = place({ groups: [group({ constraints, whole: false, ...shape })], seed: 1 }, agents);
  return plan.assigned.map(({ agentId }) => agentId).sort();
}

/** Per rack, how many replicas it takes. */
function perRack(constraints: Constraint[], agents: AgentSnapshot[], shape: Parameters<typeof group>[0]) {
  const counts: Record<string, number> = {};
  for (const id of taken(constraints, agents, shape)) {
    const rack = agents.find((a) => a.id === id)?.attributes.rack;
    const name = rack?.type === 'text' ? rack.value : '-';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const slots = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('constraints that judge one agent', () => {
  const agents = [
    agent('agent-1', { hostname: 'n1.example', zone: 'a', region: 'eu', text: { rack: 'r1' } }),
    agent('agent-2', {
      hostname: 'n2.example',
      zone: 'b',
      region: 'eu',
      attributes: { level: { type: 'scalar', value: 2 } },
    }),
    agent('agent-3', {
      hostname: 'm3.example',
      attributes: {
        level: { type: 'scalar', value: 1.0005 },
        disks: { type: 'set', value: ['y', 'x'] },
        vlans: {
          type: 'ranges',
          value: [
            { begin: 5, end: 9 },
            { begin: 1, end: 3 },
          ],
        },
      },
    }),
  ];
  const rows: [string, Constraint, string[]][] = [
    ['LIKE matches the whole value', constraint('hostname', 'LIKE', 'n\\d'), []],
    ['LIKE on hostname', constraint('hostname', 'LIKE', 'n\\d\\.example'), ['agent-1', 'agent-2']],
    ['LIKE on @hostname', constraint('@hostname', 'LIKE', 'm.*'), ['agent-3']],
    ['LIKE fails where the attribute is missing', constraint('rack', 'LIKE', '.*'), ['agent-1']],
    ['UNLIKE', constraint('hostname', 'UNLIKE', 'n1.*'), ['agent-2', 'agent-3']],
    ['UNLIKE holds where the attribute is missing', constraint('rack', 'UNLIKE', 'r1'), ['agent-2', 'agent-3']],
    ['LIKE on a set as sorted text', constraint('disks', 'LIKE', '\\{x,y\\}'), ['agent-3']],
    ['LIKE on ranges as sorted text', constraint('vlans', 'LIKE', '\\[1-3,5-9\\]'), ['agent-3']],
    ['LIKE on a scalar', constraint('level', 'LIKE', '2'), ['agent-2']],
    ['IS on a text', constraint('rack', 'IS', 'r1'), ['agent-1']],
    ['IS on a scalar compares numbers', constraint('level', 'IS', '2.000'), ['agent-2']],
    ['IS on a scalar rounds half to even at three decimals', constraint('level', 'IS', '1'), ['agent-3']],
    ['IS does not know sets', constraint('disks', 'IS', 'x'), []],
    ['IS on @zone', constraint('@zone', 'IS', 'b'), ['agent-2']],
    ['a field zone is an attribute', constraint('zone', 'IS', 'b'), []],
    ['IS on @region', constraint('@region', 'IS', 'eu'), ['agent-1', 'agent-2']],
    ['CLUSTER with a value', constraint('@zone', 'CLUSTER', 'a'), ['agent-1']],
    ['CLUSTER on a scalar', constraint('level', 'CLUSTER', '2.0'), ['agent-2']],
    ['UNIQUE fails where the attribute is missing', constraint('rack', 'UNIQUE'), ['agent-1']],
    ['MAX_PER fails where the attribute is missing', constraint('rack', 'MAX_PER', '5'), ['agent-1']],
    ['GROUP_BY fails where the attribute is missing', constraint('rack', 'GROUP_BY', '1'), ['agent-1']],
    ['an inherited name is no attribute', constraint('toString', 'LIKE', '.*'), []],
  ];
  for (const [name, rule, expected] of rows) it(name, () => assert.deepEqual(taken([rule], agents), expected));
});

describe('constraints that count', () => {
  const many = racks('r1', 'r1', 'r1', 'r2', 'r2', 'r2', 'r3');

  it('UNIQUE allows one per value', () => {
    assert.deepEqual(perRack([constraint('rack', 'UNIQUE')], many, { slots: slots(5) }), { r1: 1, r2: 1, r3: 1 });
  });
  it('UNIQUE counts living replicas, also those on agents that offer nothing', () => {
    const gone = agent('gone', { text: { rack: 'r2' } });
    const there = perRack([constraint('rack', 'UNIQUE')], many, { slots: [1, 2], living: [living(0, gone)] });
    assert.deepEqual(there, { r1: 1, r3: 1 });
  });
  it('MAX_PER allows so many per value', () => {
    assert.deepEqual(perRack([constraint('rack', 'MAX_PER', '2')], many, { slots: slots(7) }), { r1: 2, r2: 2, r3: 1 });
  });
  it('MAX_PER 0 allows none', () => assert.deepEqual(taken([constraint('rack', 'MAX_PER', '0')], many), []));
  it('CLUSTER without a value keeps all with the first', () => {
    const there = perRack([constraint('rack', 'CLUSTER')], many, { slots: slots(3), whole: true });
    assert.equal(Object.keys(there).length, 1);
  });
  it("CLUSTER without a value adopts the living replica's", () => {
    const there = perRack([constraint('rack', 'CLUSTER')], many, {
      slots: [1],
      living: [living(0, many[6] as AgentSnapshot)],
      distinctAgents: false,
    });
    assert.deepEqual(there, { r3: 1 });
  });
  it('GROUP_BY fills as many groups as it says', () => {
    const there = perRack([constraint('rack', 'GROUP_BY', '2')], many, { slots: slots(4) });
    assert.deepEqual(Object.values(there).sort(), [2, 2]);
  });
  it('GROUP_BY gives the remainder out one per group', () => {
    const there = perRack([constraint('rack', 'GROUP_BY', '2')], many, { slots: slots(5) });
    assert.deepEqual(there, { r1: there.r1, r2: there.r2 });
    assert.deepEqual(Object.values(there).sort(), [2, 3]);
  });
  it('GROUP_BY waits for missing groups', () => {
    assert.deepEqual(
      perRack([constraint('rack', 'GROUP_BY', '2')], racks('r1', 'r1', 'r1', 'r1'), { slots: slots(4) }),
      { r1: 2 },
    );
  });
  it('GROUP_BY without a value takes the values known so far', () => {
    assert.deepEqual(perRack([constraint('rack', 'GROUP_BY')], many, { slots: slots(3) }), { r1: 1, r2: 1, r3: 1 });
  });
  it('GROUP_BY without a value is not held up by an agent that is full', () => {
    const full = agent('full', { text: { rack: 'r9' }, cpus: 0.1, total: { cpus: 8 } });
    const there = perRack([constraint('rack', 'GROUP_BY')], [...racks('r1', 'r1', 'r2', 'r2'), full], {
      slots: slots(4),
    });
    assert.deepEqual(there, { r1: 2, r2: 2 });
  });
  it('GROUP_BY of a degraded group goes by the size of the whole app', () => {
    const [first, second] = racks('r1', 'r1') as [AgentSnapshot, AgentSnapshot];
    const degraded = { slots: [1], living: [living(0, first)] };
    const rules = [constraint('rack', 'GROUP_BY', '2')];
    assert.deepEqual(perRack(rules, [first, second], { ...degraded, size: 4 }), { r1: 1 });
    assert.deepEqual(perRack(rules, [first, second], degraded), {});
  });
  it('several constraints hold together', () => {
    const rules = [constraint('rack', 'MAX_PER', '1'), constraint('hostname', 'UNLIKE', 'agent-[147]')];
    assert.deepEqual(perRack(rules, many, { slots: slots(3) }), { r1: 1, r2: 1 });
  });
});

describe('constraintFault', () => {
  const rows: [Constraint, RegExp | null][] = [
    [constraint('rack', 'UNIQUE'), null],
    [constraint('rack', 'UNIQUE', '1'), /UNIQUE takes no value/],
    [constraint('rack', 'MAX_PER', 'x'), /\[rack, MAX_PER, x\].*whole number/],
    [constraint('rack', 'MAX_PER'), /whole number/],
    [constraint('rack', 'GROUP_BY', '0'), /at least 1/],
    [constraint('rack', 'GROUP_BY', ''), null],
    [constraint('rack', 'LIKE'), /not empty/],
    [constraint('rack', 'LIKE', '('), /without its/],
    [constraint('rack', 'IS', 'a b'), /IS needs/],
    [constraint('', 'UNIQUE'), /needs a field/],
    [{ field: 'rack', operator: 'NEAR' as 'IS', value: 'x' }, /"NEAR" is unknown; use UNIQUE/],
  ];
  for (const [rule, message] of rows)
    it(`${rule.field} ${rule.operator} ${rule.value}: ${message ?? 'in order'}`, () => {
      const fault = constraintFault(rule);
      if (message) assert.match(fault ?? '', message);
      else assert.equal(fault, null);
    });
});
