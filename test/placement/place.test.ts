import assert from 'node:assert/strict';
import { type AgentSnapshot, type Objective, place } from '../../placement/index.js';
import { agent, constraint, group, living } from './build.js';

const five = [1, 2, 3, 4, 5].map((n) =>
  agent(`agent-${n}`, { zone: n < 4 ? 'a' : 'b', text: { rack: `r${Math.ceil(n / 2)}` } }),
);
const only = <T>(items: T[]): T => {
  assert.equal(items.length, 1);
  return items[0] as T;
};

describe('place', () => {
  it('spreads a group over zones first, then racks', () => {
    const plan = place({ groups: [group({ spread: ['zone', 'rack', 'host'] })], seed: 7 }, five);
    const at = plan.assigned.map(({ agentId }) => five.find(({ id }) => id === agentId));
    assert.deepEqual(new Set(at.map((a) => a?.zone)), new Set(['a', 'b']));
    assert.equal(new Set(at.map((a) => `${a?.zone}${JSON.stringify(a?.attributes.rack)}`)).size, 3);
  });

  it('prefers the agent that fits best', () => {
    const agents = [agent('big', { cpus: 16 }), agent('small', { cpus: 1 })];
    assert.equal(only(place({ groups: [group({ slots: [0] })], seed: 1 }, agents).assigned).agentId, 'small');
  });

  it('follows the objective', () => {
    // Asked are 4 cpus and 1000 MB; `wide` has as much of both in proportion, `high` is rich in mem, `low` nearly full.
    const agents = [
      agent('wide', { cpus: 16, mem: 4000, total: { cpus: 16, mem: 16000 } }),
      agent('high', { cpus: 6, mem: 16000, total: { cpus: 16, mem: 16000 } }),
      agent('low', { cpus: 5, mem: 2000, total: { cpus: 16, mem: 16000 } }),
    ];
    const demand = { cpus: 4, mem: 1000, disk: 0, gpus: 0, ports: [] };
    const chosen = (objective: Objective) => {
      const row = only(place({ groups: [group({ slots: [0], demand })], seed: 1, objective }, agents).assigned);
      return [row.agentId, row.scoreParts.at(-1)?.name];
    };
    assert.deepEqual(chosen('bestFit'), ['low', 'best fit']);
    assert.deepEqual(chosen('residual'), ['low', 'residual']);
    assert.deepEqual(chosen('dotProduct'), ['wide', 'dot product']);
    assert.deepEqual(chosen('spread'), ['high', 'room for more']);
  });

  it('counts living replicas in the spread', () => {
    const groups = [
      group({
        slots: [2],
        spread: ['zone'],
        living: [living(0, five[0] as AgentSnapshot), living(1, five[1] as AgentSnapshot)],
      }),
    ];
    const id = only(place({ groups, seed: 3 }, five).assigned).agentId;
    assert.ok(['agent-4', 'agent-5'].includes(id), id);
  });

  it('uses an agent to avoid only when no other does, and says so', () => {
    const avoid = { 'agent-1': 'a replica has just failed there' };
    const wide = place({ groups: [group({ slots: [0], avoid })], seed: 1 }, five.slice(0, 2));
    assert.equal(only(wide.assigned).agentId, 'agent-2');
    assert.equal(only(wide.considered).sentence, 'agent-1: avoided (a replica has just failed there) while others do');
    const narrow = place({ groups: [group({ slots: [0, 1], avoid })], seed: 1 }, five.slice(0, 2));
    assert.equal(narrow.assigned.length, 2);
    assert.match(only(narrow.considered).sentence, /^agent-1: taken although it is to be avoided \(a replica/);
    const avoided = narrow.assigned.find(({ agentId }) => agentId === 'agent-1');
    assert.equal(avoided?.scoreParts.find(({ name }) => name === 'not avoided')?.value, 0);
  });

  it('finds another arrangement before it uses an agent to avoid', () => {
    const agents = [
      agent('a', { cpus: 1, text: { rack: 'r1', row: 'w1' } }),
      agent('b', { text: { rack: 'r1', row: 'w2' } }),
      agent('c', { text: { rack: 'r2', row: 'w1' } }),
      agent('d', { text: { rack: 'r2', row: 'w2' } }),
    ];
    const constraints = [constraint('rack', 'UNIQUE'), constraint('row', 'UNIQUE')];
    const plan = place({ groups: [group({ slots: [0, 1], constraints, avoid: { d: 'failed' } })], seed: 1 }, agents);
    assert.deepEqual(plan.assigned.map(({ agentId }) => agentId).sort(), ['b', 'c']);
  });

  it('gives specific ports and leaves those that others name', () => {
    const agents = [agent('agent-1', { ports: [{ begin: 31000, end: 31003 }] })];
    const first = group({
      id: '/a',
      slots: [0],
      demand: { cpus: 0.1, mem: 1, disk: 0, gpus: 0, ports: [0, 31002, 0] },
    });
    const second = group({ id: '/b', slots: [0], demand: { cpus: 0.1, mem: 1, disk: 0, gpus: 0, ports: [31001] } });
    const plan = place({ groups: [first, second], seed: 5 }, agents);
    assert.equal(plan.assigned[0]?.ports[1], 31002);
    assert.deepEqual([...(plan.assigned[0]?.ports ?? [])].sort(), [31000, 31002, 31003]);
    assert.deepEqual(plan.assigned[1]?.ports, [31001]);
  });

  it('gives items of sets, each once', () => {
    const demand = { cpus: 0.1, mem: 1, disk: 0, gpus: 0, ports: [], sets: { licences: 2 } };
    const [one] = [agent('agent-1', { sets: { licences: ['d', 'b', 'c', 'a', 'e'] } })];
    const plan = place({ groups: [group({ demand, distinctAgents: false, whole: false })], seed: 1 }, [one]);
    assert.deepEqual(
      plan.assigned.map(({ items }) => items),
      [{ licences: ['a', 'b'] }, { licences: ['c', 'd'] }],
    );
  });

  it('adds thousandths exactly', () => {
    const demand = { cpus: 0.1, mem: 1, disk: 0, gpus: 0, ports: [] };
    const plan = place({ groups: [group({ demand, distinctAgents: false })], seed: 1 }, [
      agent('agent-1', { cpus: 0.3 }),
    ]);
    assert.equal(plan.assigned.length, 3);
  });

  it('places plain apps as far as they go', () => {
    const plan = place({ groups: [group({ whole: false, distinctAgents: false, slots: [0, 1, 2, 3] })], seed: 1 }, [
      agent('agent-1', { cpus: 1 }),
    ]);
    assert.deepEqual(
      plan.assigned.map(({ slot }) => slot),
      [0, 1],
    );
    const rest = only(plan.unplaced);
    assert.deepEqual(rest.slots, [2, 3]);
    assert.equal(
      rest.sentence,
      '2 of 4 replicas placed; the agents have room for 2 of 4 replicas; add agents or lower instances to 2',
    );
    assert.equal(only(rest.refusals).sentence, 'agent-1: cpus asked 0.5, free 0, missing 0.5');
  });

  it('explains each agent that was not taken', () => {
    const agents = [
      agent('agent-1', { zone: 'a' }),
      agent('agent-2', { zone: 'b' }),
      agent('agent-3', { zone: 'a', cpus: 0.2 }),
      agent('agent-4', { zone: 'a' }),
    ];
    const plan = place(
      { groups: [group({ slots: [1], spread: ['zone'], living: [living(0, agents[0] as AgentSnapshot)] })], seed: 1 },
      agents,
    );
    assert.deepEqual(
      plan.considered.slice(0, 2).map(({ sentence }) => sentence),
      [
        'agent-1: replica 0 of /demo/ledger is there, and two replicas of an app never share an agent',
        'agent-3: cpus asked 0.5, free 0.2, missing 0.3',
      ],
    );
    assert.equal(plan.considered.length, 3);
    assert.match(
      plan.considered[2]?.sentence ?? '',
      /^agent-4: score 0\.\d+ against [01][.\d]* of agent-2, which was taken: spread over zone 0\.5 against 1$/,
    );
  });

  it('names agents of one host by their ids too', () => {
    const agents = ['x', 'y'].map((id) => agent(id, { hostname: 'node', cpus: 0.1 }));
    const plan = place({ groups: [group({ slots: [0] })], seed: 1 }, agents);
    assert.match(plan.unplaced[0]?.refusals[0]?.sentence ?? '', /^node \(x\): cpus/);
  });

  it('refuses a snapshot with an agent twice and a request with a group twice', () => {
    assert.throws(() => place({ groups: [], seed: 1 }, [agent('a'), agent('a')]), /agent a is twice/);
    assert.throws(() => place({ groups: [group(), group()], seed: 1 }, []), /group \/demo\/ledger is twice/);
  });
});

describe('the sentence of an unplaced group', () => {
  const rows: [string, Parameters<typeof group>[0], ReturnType<typeof agent>[], RegExp | string][] = [
    ['no agents', {}, [], 'no agent offers anything; start agents, or wait for their offers'],
    [
      'too few agents',
      { slots: [0, 1, 2, 3, 4] },
      five.slice(0, 3),
      '5 replicas need 5 different agents, 3 agents offer; add 2 agents or lower instances to 3',
    ],
    [
      'too few agents beside the living',
      { slots: [1, 2], living: [living(0, five[0] as AgentSnapshot)] },
      five.slice(0, 2),
      /^2 more replicas need 2 different agents beside the 1 in use, 1 agent offers \(of the others, 1 by distinctAgents \(.*\)\); add 1 agent or lower instances to 2$/,
    ],
    [
      'an impossible demand',
      { demand: { cpus: 64, mem: 1, disk: 0, gpus: 0, ports: [] } },
      [agent('agent-1', { cpus: 2 }), agent('agent-2')],
      'no agent offers 64 cpus; the largest, agent-2, has 4; lower cpus to 4 or add a larger agent',
    ],
    [
      'agents that are full',
      {},
      [agent('agent-1', { cpus: 0.1, total: { cpus: 4 } }), agent('agent-2', { cpus: 0.2, total: { cpus: 4 } })],
      'no agent has 0.5 cpus free: agent-2 comes nearest, asked 0.5, free 0.2, missing 0.3; free 0.3 cpus on agent-2, ask for less, or add an agent',
    ],
    [
      'a constraint that no agent meets',
      { constraints: [constraint('rack', 'LIKE', 'r9')] },
      five.slice(0, 1),
      /^no agent does: agent-1: constraint \[rack, LIKE, r9\]: its rack is r1; add an agent that satisfies/,
    ],
    [
      'a constraint that counts',
      { slots: [0, 1, 2, 3], constraints: [constraint('rack', 'UNIQUE')] },
      five,
      /^constraint \[rack, UNIQUE\] leaves room for 3 of 4 replicas: .* rack r1, r2, r3; .* lower instances to 3$/,
    ],
    [
      'constraints that clash',
      { slots: [0, 1], constraints: [constraint('rack', 'UNIQUE'), constraint('@zone', 'CLUSTER')] },
      [agent('a', { zone: 'a', text: { rack: '1' } }), agent('b', { zone: 'b', text: { rack: '2' } })],
      /leaves room for 1 of 2/,
    ],
    [
      'together',
      { slots: [0, 1], constraints: [constraint('rack', 'UNIQUE'), constraint('row', 'UNIQUE')] },
      [
        agent('a', { text: { rack: '1', row: '1' } }),
        agent('b', { text: { rack: '2', row: '1' } }),
        agent('c', { text: { rack: '1', row: '2' } }),
      ].slice(0, 2),
      /leaves room for 1 of 2/,
    ],
    [
      'mixed reasons',
      {},
      [agent('a', { cpus: 0.1 }), agent('b', { mem: 1, total: { mem: 999 } })],
      /^none of 2 agents does: 1 lack cpus \(a comes nearest.*\), 1 lack mem \(b comes/,
    ],
    [
      'a bad number of items',
      { demand: { cpus: 1, mem: 1, disk: 0, gpus: 0, ports: [], sets: { licences: 0.5 } } },
      five,
      'demand.sets.licences is 0.5; give a whole number of items',
    ],
    ['a bad slot', { slots: [0, 0] }, five, 'slots holds 0; give whole numbers from 0, each once'],
    [
      'a bad amount',
      { demand: { cpus: Number.NaN, mem: 1, disk: 0, gpus: 0, ports: [] } },
      five,
      'demand.cpus is NaN; give a number of at least 0',
    ],
    [
      'a port twice',
      { demand: { cpus: 1, mem: 1, disk: 0, gpus: 0, ports: [80, 80] } },
      five,
      'demand.ports asks for port 80 twice; name each port once',
    ],
    [
      'a bad port',
      { demand: { cpus: 1, mem: 1, disk: 0, gpus: 0, ports: [70000] } },
      five,
      /^demand.ports holds 70000/,
    ],
    [
      'a bad constraint',
      { constraints: [constraint('rack', 'MAX_PER', 'x')] },
      five,
      /^constraint \[rack, MAX_PER, x\]: MAX_PER needs/,
    ],
  ];
  for (const [name, shape, agents, expected] of rows)
    it(name, () => {
      const plan = place({ groups: [group(shape)], seed: 1 }, agents);
      assert.deepEqual(plan.assigned, []);
      const { sentence, refusals } = only(plan.unplaced);
      if (typeof expected === 'string') assert.equal(sentence, expected);
      else assert.match(sentence, expected);
      assert.deepEqual(refusals.map(({ agentId }) => agentId).sort(), agents.map(({ id }) => id).sort());
    });

  it('tells of constraints that fail only together', () => {
    const agents = [
      ['1', '1'],
      ['2', '1'],
      ['1', '2'],
      ['3', '1'],
      ['1', '3'],
    ].map(([rack, row], i) => agent(`agent-${i}`, { text: { rack: String(rack), row: String(row) } }));
    const constraints = [constraint('rack', 'UNIQUE'), constraint('row', 'UNIQUE')];
    const plan = place({ groups: [group({ constraints })], seed: 1 }, agents);
    assert.match(
      only(plan.unplaced).sentence,
      /^constraint \[rack, UNIQUE\] and constraint \[row, UNIQUE\] together leave room for 2 of 3 replicas; relax a constraint/,
    );
  });
});

describe('refusals', () => {
  const rows: [string, Parameters<typeof agent>[1], Parameters<typeof group>[0], object][] = [
    [
      'cpus',
      { cpus: 0.2 },
      {},
      { rule: 'cpus', asked: 0.5, free: 0.2, missing: 0.3, sentence: 'n: cpus asked 0.5, free 0.2, missing 0.3' },
    ],
    [
      'mem and disk',
      { mem: 64, disk: 1 },
      { demand: { cpus: 0.1, mem: 128, disk: 2, gpus: 0, ports: [] } },
      {
        rule: 'mem',
        asked: 128,
        free: 64,
        missing: 64,
        sentence: 'n: mem asked 128, free 64, missing 64; disk asked 2, free 1, missing 1',
      },
    ],
    [
      'gpus',
      {},
      { demand: { cpus: 0.1, mem: 1, disk: 0, gpus: 1, ports: [] } },
      { rule: 'gpus', asked: 1, free: 0, missing: 1 },
    ],
    [
      'further scalars and sets',
      { scalars: { bandwidth: 100 }, sets: { licences: ['a'] } },
      {
        demand: { cpus: 0.1, mem: 1, disk: 0, gpus: 0, ports: [], scalars: { bandwidth: 250 }, sets: { licences: 2 } },
      },
      {
        rule: 'bandwidth',
        asked: 250,
        free: 100,
        missing: 150,
        sentence: 'n: bandwidth asked 250, free 100, missing 150; licences asked 2, free 1, missing 1',
      },
    ],
    [
      'any ports',
      { ports: [{ begin: 5, end: 6 }] },
      { demand: { cpus: 0.1, mem: 1, disk: 0, gpus: 0, ports: [0, 0, 0] } },
      { rule: 'ports', asked: 3, free: 2, missing: 1, sentence: 'n: ports asked 3, free 2, missing 1' },
    ],
    [
      'specific ports',
      {},
      { demand: { cpus: 0.1, mem: 1, disk: 0, gpus: 0, ports: [80, 31000] } },
      {
        rule: 'ports',
        asked: 2,
        free: 1,
        missing: 1,
        sentence: 'n: ports asked 80, 31000, not free 80; free are 31000-31099',
      },
    ],
    [
      'a missing attribute',
      {},
      { constraints: [constraint('rack', 'UNIQUE')] },
      { rule: 'constraint', asked: null, sentence: 'n: constraint [rack, UNIQUE]: it has no rack' },
    ],
    ['the group', {}, { slots: [0, 1] }, { rule: 'group', asked: 2, free: 1, missing: 1 }],
  ];
  for (const [name, shape, request, expected] of rows)
    it(name, () => {
      const plan = place({ groups: [group({ slots: [0], ...request })], seed: 1 }, [agent('n', shape)]);
      const found = only(only(plan.unplaced).refusals);
      assert.deepEqual({ ...found, ...expected }, found);
    });

  it('of an agent whose value is used up', () => {
    const agents = [agent('x', { text: { rack: 'r1' } })];
    const there = living(0, agent('gone', { text: { rack: 'r1' } }));
    const plan = place(
      { groups: [group({ slots: [1], living: [there], constraints: [constraint('rack', 'MAX_PER', '1')] })], seed: 1 },
      agents,
    );
    assert.equal(
      only(only(plan.unplaced).refusals).sentence,
      'x: constraint [rack, MAX_PER, 1]: its rack is r1, replicas of 2 there: 1; one more is against it',
    );
  });
});
