import assert from 'node:assert/strict';
import fc from 'fast-check';
import { agentsIn, type Cluster, planDrain, valuesIn } from '../../placement/index.js';
import { agent, constraint } from './build.js';
import { clusters, Replay, replica, running } from './clusters.js';
import { isValid, multisets } from './oracle.js';

const at = (id: string, zone: string, cpus = 4) => agent(id, { zone, cpus, text: { rack: id } });
const [a1, a2, b1, b2, c1] = [at('a1', 'a'), at('a2', 'a'), at('b1', 'b'), at('b2', 'b'), at('c1', 'c')];

const drained = (cluster: Cluster) => cluster.agents.slice(0, Math.ceil(cluster.agents.length / 2)).map(({ id }) => id);

describe('planDrain', () => {
  const ledger = running({ replicas: [replica(0, a1), replica(1, a2), replica(2, b1)], leader: 0 });

  it('moves one replica of a group at a time, the leader last, and says what the group survives', () => {
    const plan = planDrain({ agents: [a1, a2, b1, b2, c1], groups: [ledger] }, ['a1', 'a2']);
    const moves = plan.steps.map((step) => step.map(({ slot, to, leads }) => [slot, to.agentId, leads]));
    assert.deepEqual(
      moves.map((step) => step.length),
      [1, 1],
    );
    assert.deepEqual(
      moves.map(([move]) => [move?.[0], move?.[2]]),
      [
        [1, false],
        [0, true],
      ],
    );
    assert.deepEqual(moves.map(([move]) => move?.[1]).sort(), ['b2', 'c1']);
    assert.deepEqual(plan.stuck, []);
    const [{ before, after }] = plan.groups as [(typeof plan.groups)[0]];
    assert.match(before.sentence, /not of zone a, which holds 2 of 3/);
    assert.match(after.sentence, /not of zone b, which holds 2 of 3/);
  });

  it('leaves alone what is pinned, and says why', () => {
    const pinned = { ...ledger, pinned: 'its volumes stay' };
    const { steps, stuck } = planDrain({ agents: [a1, a2, b1, b2, c1], groups: [pinned] }, ['a1']);
    assert.deepEqual([steps, stuck.map(({ sentence }) => sentence)], [[], ['its volumes stay']]);
  });

  it('finds an agent with little room for a replica that asks for less than its group', () => {
    const demand = (cpus: number) => ({ cpus, mem: 0, disk: 0, gpus: 0, ports: [] });
    const small = at('small', 'd', 1);
    const [first, second, third] = ledger.replicas;
    const replicas = [first, second, { ...third, demand: demand(1) }] as typeof ledger.replicas;
    const group = { ...ledger, demand: demand(2), replicas };
    const plan = planDrain({ agents: [a1, a2, b1, small], groups: [group] }, ['b1', 'a1']);
    assert.deepEqual(
      plan.steps.flat().map(({ slot, to }) => [slot, to.agentId]),
      [[2, 'small']],
    );
    assert.deepEqual(
      plan.stuck.map(({ slot }) => slot),
      [0],
    );
  });

  it('lets different groups move in one step', () => {
    const other = running({ id: '/other', replicas: [replica(0, a1), replica(1, b1), replica(2, c1)] });
    const plan = planDrain({ agents: [a1, a2, b1, b2, c1], groups: [ledger, other] }, ['a1']);
    assert.deepEqual(
      plan.steps.map((step) => step.map(({ group }) => group).sort()),
      [['/demo/ledger', '/other']],
    );
  });

  it('says with numbers what cannot go, and moves the rest', () => {
    const plan = planDrain({ agents: [a1, a2, b1, c1], groups: [ledger] }, ['a1', 'a2']);
    assert.deepEqual([plan.steps.length, plan.steps[0]?.[0]?.to.agentId], [1, 'c1']);
    const [stuck] = plan.stuck;
    assert.equal(stuck?.slot, 0);
    assert.match(stuck?.sentence ?? '', /no agent does: b1: replica 2 of .* is there.* add an agent/);
  });

  it('fills the others so well that all can go, where the largest first would leave one behind', () => {
    const full = at('full', 'a', 20);
    const groups = [4, 4, 3, 3, 3, 3].map((cpus, i) => ({
      ...running({ id: `/g${i}`, replicas: [replica(0, full)] }),
      demand: { cpus, mem: 1, disk: 0, gpus: 0, ports: [] },
    }));
    const plan = planDrain({ agents: [full, at('b', 'b', 10), at('c', 'c', 10)], groups }, ['full']);
    assert.deepEqual([plan.stuck, plan.steps.flat().length], [[], 6]);
  });

  it('leaves a group without majority as it is', () => {
    const torn = { ...ledger, replicas: ledger.replicas.map((one, i) => ({ ...one, runs: i === 0 })) };
    const plan = planDrain({ agents: [a1, a2, b1, b2, c1], groups: [torn] }, ['a1']);
    assert.deepEqual(plan.steps, []);
    assert.match(plan.stuck[0]?.sentence ?? '', /1 of 3 replicas are known to keep up, and 2 must agree/);
  });

  it('moves together what one by one would be against a constraint', () => {
    const bound = { ...ledger, constraints: [constraint('@zone', 'CLUSTER')] };
    const inOne = { ...bound, replicas: [replica(0, a1), replica(1, a2)], size: 2 };
    const plan = planDrain({ agents: [a1, a2, b1, b2, c1], groups: [inOne] }, ['a1', 'a2']);
    assert.deepEqual(
      plan.steps
        .flat()
        .map(({ to }) => to.agentId)
        .sort(),
      ['b1', 'b2'],
    );
  });

  it('asks again for those that were in the way of each other', () => {
    const rules = [constraint('@zone', 'UNIQUE'), constraint('rack', 'UNIQUE')];
    const q = agent('q', { zone: 'q', text: { rack: 'shared' } });
    const sameZone = agent('t1', { zone: 'q', text: { rack: 't1' }, cpus: 1 });
    const sameRack = agent('t2', { zone: 't', text: { rack: 'shared' } });
    const group = running({ constraints: rules, replicas: [replica(0, a1), replica(1, b1), replica(2, q)] });
    const plan = planDrain({ agents: [a1, b1, q, sameZone, sameRack], groups: [group] }, ['a1', 'b1', 'q']);
    assert.deepEqual(
      plan.steps.flat().map(({ slot, to }) => [slot, to.agentId]),
      [
        [2, 't1'],
        [0, 't2'],
      ],
    );
    assert.deepEqual(
      plan.stuck.map(({ slot }) => slot),
      [1],
    );
  });

  it('keeps groups apart as they move', () => {
    const apart = (app: string) => [{ app, domain: 'host', required: true }];
    const x = running({ id: '/x', apart: apart('/y'), replicas: [replica(0, a1)] });
    const y = running({ id: '/y', apart: apart('/x'), replicas: [replica(0, a1)] });
    const plan = planDrain({ agents: [a1, b1], groups: [x, y] }, ['a1']);
    assert.deepEqual(
      plan.steps.flat().map(({ group, to }) => [group, to.agentId]),
      [['/x', 'b1']],
    );
    assert.match(plan.stuck[0]?.sentence ?? '', /apart from \/x by host: its host is b1, where replica 0 of \/x runs/);
    assert.equal(planDrain({ agents: [a1, b1, b2], groups: [x, y] }, ['a1']).stuck.length, 0);
  });

  it('takes replicas from agents that nothing is known of', () => {
    const plan = planDrain({ agents: [b1, b2, c1], groups: [ledger] }, ['a1', 'a2']);
    assert.deepEqual([plan.steps.length, plan.stuck], [2, []]);
  });

  it('keeps every rule on the way, and leaves nothing behind that could go', () => {
    fc.assert(
      fc.property(clusters(7, 4), fc.nat(), (cluster, seed) => {
        const gone = drained(cluster);
        const before = JSON.stringify(cluster);
        const plan = planDrain(cluster, gone, seed);
        assert.equal(JSON.stringify(cluster), before);
        assert.deepEqual(planDrain({ ...cluster, agents: [...cluster.agents].reverse() }, gone, seed), plan);
        const replay = new Replay(cluster);
        for (const step of plan.steps) {
          assert.ok(step.every(({ to }) => !gone.includes(to.agentId)));
          replay.step(step);
        }
        for (const { id, replicas, size } of cluster.groups) {
          assert.ok(replay.keepsRules(id), `${id} breaks a constraint`);
          const alive = replicas.filter(({ runs }) => runs).length;
          const stuck = plan.stuck.filter(({ group }) => group === id).map(({ slot }) => slot);
          const still = [...(replay.at.get(id) ?? [])].filter(([, agentId]) => gone.includes(agentId));
          assert.deepEqual(stuck.sort(), still.map(([slot]) => slot).sort());
          if (replay.group(id).replicated && alive < Math.floor(size / 2) + 1) continue;
          for (const slot of stuck)
            assert.deepEqual([...replay.choices(id, slot, (one) => !gone.includes(one.id))], [], `${id} ${slot}`);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('empties the agents whenever a lone group fits elsewhere', () => {
    fc.assert(
      fc.property(clusters(7, 1), (cluster) => {
        const gone = drained(cluster);
        const [group] = cluster.groups as [Cluster['groups'][0]];
        if (group.constraints.some(({ operator }) => operator === 'GROUP_BY')) return;
        const [leaving, staying] = [true, false].map((is) =>
          group.replicas.filter((r) => gone.includes(r.agentId) === is),
        );
        const alive = group.replicas.filter(({ runs }) => runs).length;
        if (group.replicated && alive < Math.floor(group.size / 2) + 1) return;
        const open = cluster.agents.filter(({ id }) => !gone.includes(id));
        const slots = (leaving ?? []).map(({ slot }) => slot);
        const request = { ...group, slots, living: staying ?? [], whole: true };
        const fits = [...multisets(open.length, slots.length)].some((choice) => isValid(request, open, choice));
        if (fits) assert.deepEqual(planDrain(cluster, gone).stuck, []);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('agentsIn', () => {
  const cluster = { agents: [a1, b1, b2], groups: [running({ replicas: [replica(0, a1), replica(1, c1)] })] };
  const rows: [Record<string, string[]>, string[]][] = [
    [{ zone: ['b'] }, ['b1', 'b2']],
    [{ zone: ['c'] }, ['c1']],
    [{ agent: ['a1', 'c1'] }, ['a1', 'c1']],
    [{ zone: ['b'], rack: ['a1', 'b2'] }, ['b2']],
    [{ rack: ['none'] }, []],
  ];
  for (const [wanted, ids] of rows) it(JSON.stringify(wanted), () => assert.deepEqual(agentsIn(cluster, wanted), ids));

  it('knows the values there are', () => assert.deepEqual(valuesIn(cluster, 'zone'), ['a', 'b', 'c']));
});
