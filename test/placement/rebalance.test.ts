import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type AgentSnapshot,
  type Cluster,
  ladderOf,
  planRebalance,
  type RebalancePlan,
  type RunningGroup,
  survives,
} from '../../placement/index.js';
import { agent, constraint } from './build.js';
import { clusters, Replay, replica, running } from './clusters.js';
import { compareLists, unevenness } from './oracle.js';

const at = (id: string, zone: string, cpus = 4) => agent(id, { zone, cpus, text: { rack: id }, total: { cpus: 4 } });
const [a1, a2, b1, c1] = [at('a1', 'a'), at('a2', 'a'), at('b1', 'b'), at('c1', 'c')];
const demand = (cpus: number) => ({ cpus, mem: 0, disk: 0, gpus: 0, ports: [] });
const pathOf = ({ moves }: RebalancePlan) => moves.map(({ group, slot, to }) => [group, slot, to.agentId]);

const freed = ({ agentsFreed }: RebalancePlan) => agentsFreed.map(({ agentId }) => agentId);

const least = (ladder: string[], at: AgentSnapshot[]) =>
  survives(
    at.map((one) => ({ ...one, agentId: one.id })),
    ladder,
  ).domains.map(({ failuresMax }) => failuresMax);

/** More even by the widest domain that differs, and surviving no less. */
function gains(ladder: string[], before: AgentSnapshot[], after: AgentSnapshot[]): boolean {
  const isEvener = compareLists(unevenness(ladder, after), unevenness(ladder, before)) < 0;
  return isEvener && isNoWorse(ladder, before, after);
}

function isNoWorse(ladder: string[], before: AgentSnapshot[], after: AgentSnapshot[]): boolean {
  if (compareLists(unevenness(ladder, after), unevenness(ladder, before)) > 0) return false;
  const had = least(ladder, before);
  return least(ladder, after).every((max, i) => max >= (had[i] as number));
}

const mayMove = ({ replicated, replicas, size }: RunningGroup) =>
  !replicated || replicas.filter(({ runs }) => runs).length === size;

describe('planRebalance', () => {
  const ledger = running({ replicas: [replica(0, a1), replica(1, a2), replica(2, b1)], leader: 0 });

  it('spreads a group over a zone that was added, and does not move the leader for it', () => {
    const plan = planRebalance({ agents: [a1, a2, b1, c1], groups: [ledger] });
    assert.deepEqual(pathOf(plan), [['/demo/ledger', 1, 'c1']]);
    const [move] = plan.moves;
    assert.deepEqual([move?.goal, move?.gain, move?.sharingPairs], ['spread', 1, { before: [1, 0], after: [0, 0] }]);
    assert.equal(move?.sentence, 'pairs of replicas of /demo/ledger that share a zone: 1 before, 0 after');
    assert.match(plan.groups[0]?.before.sentence ?? '', /not of zone a, which holds 2 of 3/);
    assert.match(plan.groups[0]?.after.sentence ?? '', /survives the loss of any one zone/);
  });

  it('leaves alone what cannot be more even, is degraded, or would break a constraint', () => {
    const rest = (group: Partial<RunningGroup>, agents = [a1, a2, b1, c1]) =>
      assert.deepEqual(pathOf(planRebalance({ agents, groups: [{ ...ledger, ...group }] }, { gainMin: 1 })), []);
    rest({}, [a1, a2, b1]);
    rest({ size: 4 });
    rest({ settled: true });
    rest({ replicas: ledger.replicas.map((one, i) => ({ ...one, runs: i > 0 })) });
    rest({ constraints: [constraint('@zone', 'LIKE', '[ab]')] });
    const other = running({ id: '/other', near: [{ app: ledger.id, domain: 'host', required: true }], replicas: [] });
    assert.deepEqual(pathOf(planRebalance({ agents: [a1, a2, b1, c1], groups: [ledger, other] })), []);
    rest({ avoid: { c1: 'a replica has failed there' } });
  });

  it('empties the least used agent', () => {
    const [full, half, little] = [at('full', 'a', 1), at('half', 'a', 2), at('little', 'a', 3)];
    const app = (id: string, on: AgentSnapshot, cpus: number) =>
      running({ id, replicated: false, spread: [], demand: demand(cpus), replicas: [replica(0, on)] });
    const groups = [app('/x', full, 3), app('/y', half, 2), app('/z', little, 1)];
    const plan = planRebalance({ agents: [full, half, little], groups });
    assert.deepEqual(pathOf(plan), [['/z', 0, 'full']]);
    const near = groups.map((one) =>
      one.id === '/x' ? { ...one, near: [{ app: '/z', domain: 'zone', required: true }] } : one,
    );
    const others = planRebalance({ agents: [full, half, little], groups: near }).moves;
    assert.ok(others.every(({ group }) => group !== '/z'));
    const [move] = plan.moves;
    assert.deepEqual([move?.goal, move?.gain, move?.frees, freed(plan)], ['room', 1, 'little', ['little']]);
    assert.match(move?.sentence ?? '', /one move empties little; .*: 3 cpus and 4096 MB of mem before, 4 cpus and/);
    assert.deepEqual([plan.largestRoom.before?.cpus, plan.largestRoom.after?.cpus], [3, 4]);
  });

  it('counts an agent as empty only when nothing of others is on it', () => {
    const busy = at('busy', 'a', 1);
    const [other] = [at('other', 'a', 2)];
    const app = (id: string, on: AgentSnapshot) =>
      running({ id, replicated: false, spread: [], demand: demand(1), replicas: [replica(0, on)] });
    const plan = planRebalance({ agents: [busy, other], groups: [app('/x', busy), app('/y', other)] });
    assert.deepEqual(pathOf(plan), []);
  });

  it('does not put tasks of an app together to empty an agent, but takes another agent', () => {
    const tasks = { replicated: false, distinctAgents: false, spread: [], demand: demand(1) };
    const [one, two, other, last] = ['one', 'two', 'other', 'last'].map((id, i) => at(id, 'a', [1, 2, 2, 3][i])) as [
      AgentSnapshot,
      AgentSnapshot,
      AgentSnapshot,
      AgentSnapshot,
    ];
    const app = running({ ...tasks, replicas: [replica(0, one), replica(1, two), replica(2, last)] });
    const filler = (id: string, on: AgentSnapshot, cpus: number) =>
      running({
        ...tasks,
        id,
        demand: demand(cpus),
        replicas: [replica(0, on)],
        constraints: [constraint('hostname', 'LIKE', id)],
      });
    const groups = [app, filler('one', one, 2), filler('two', two, 1), filler('other', other, 2)];
    assert.deepEqual(pathOf(planRebalance({ agents: [one, two, other, last], groups })), [
      ['/demo/ledger', 2, 'other'],
    ]);
  });

  it('looks again when an earlier move has taken the room', () => {
    const groups = ['/x', '/y'].map((id) => ({ ...ledger, id, demand: demand(1) }));
    const plan = planRebalance({ agents: [a1, a2, b1, at('c1', 'c', 1)], groups }, { gainMin: 1 });
    assert.deepEqual(pathOf(plan), [['/x', 1, 'c1']]);
  });

  it('empties an agent by several moves if each gains enough', () => {
    const [full, little] = [at('full', 'a', 2), at('little', 'a', 2)];
    const app = (id: string, on: AgentSnapshot, cpus: number) =>
      running({ id, replicated: false, spread: [], demand: demand(cpus), replicas: [replica(0, on)] });
    const stays = { ...app('/x', full, 2), constraints: [constraint('hostname', 'LIKE', 'full')] };
    const cluster = { agents: [full, little], groups: [stays, app('/y', little, 1), app('/z', little, 1)] };
    const plan = planRebalance(cluster, { gainMin: 0.5 });
    assert.deepEqual(
      plan.moves.map(({ gain, frees, sentence }) => [gain, frees, sentence.slice(0, 22)]),
      Array(2).fill([0.5, 'little', '2 moves empty little; ']),
    );
    assert.deepEqual(pathOf(planRebalance(cluster, { gainMin: 0.6 })), []);
    assert.deepEqual(pathOf(planRebalance(cluster, { movesMax: 1 })), []);
  });

  it('makes no more moves than asked for, and none that gains less', () => {
    const groups = [0, 1, 2].map((i) => ({ ...ledger, id: `/g${i}` }));
    const cluster = { agents: [a1, a2, b1, c1], groups };
    assert.equal(planRebalance(cluster).moves.length, 3);
    assert.equal(planRebalance(cluster, { movesMax: 2 }).moves.length, 2);
    assert.equal(planRebalance(cluster, { gainMin: 2 }).moves.length, 0);
    assert.throws(() => planRebalance(cluster, { movesMax: -1 }), /movesMax is -1; give a whole number/);
    assert.throws(() => planRebalance(cluster, { gainMin: Number.NaN }), /gainMin is NaN/);
  });

  it('is the same for the same cluster, whatever the order of the agents', () => {
    fc.assert(
      fc.property(clusters(7, 4), fc.nat(), (cluster, seed) => {
        const before = JSON.stringify(cluster);
        const plan = planRebalance(cluster, { seed });
        assert.equal(JSON.stringify(cluster), before);
        assert.deepEqual(planRebalance({ ...cluster, agents: [...cluster.agents].reverse() }, { seed }), plan);
      }),
      { numRuns: 300 },
    );
  });

  it('makes only moves that gain, breaks no rule with any, and ends when no move is left that gains', () => {
    fc.assert(
      fc.property(clusters(7, 4), fc.nat(), (cluster, seed) => {
        const plan = planRebalance(cluster, { seed });
        const replay = new Replay(cluster);
        for (const move of plan.moves) {
          const before = replay.agentsOf(move.group);
          replay.step([move]);
          const after = replay.agentsOf(move.group);
          assert.ok(mayMove(replay.group(move.group)) && move.gain > 0);
          assert.ok(replay.keepsRules(move.group), `${move.group} breaks a constraint`);
          const spread = ladderOf(replay.group(move.group).spread);
          assert.ok(move.goal === 'spread' ? gains(spread, before, after) : isNoWorse(spread, before, after));
        }
        checkFreed(plan, cluster, replay);
        assert.ok(plan.moves.length <= 20);
        if (plan.moves.length < 20 && !plan.gaveUp) checkNothingLeft(cluster, replay);
      }),
      { numRuns: 1000 },
    );
  });
});

function checkFreed(plan: RebalancePlan, cluster: Cluster, replay: Replay): void {
  const used = new Set([...replay.at.values()].flatMap((homes) => [...homes.values()]));
  const before = new Set(cluster.groups.flatMap(({ replicas }) => replicas.map(({ agentId }) => agentId)));
  assert.deepEqual(freed(plan), [...before].filter((id) => !used.has(id)).sort());
}

/** By trying every replica of every group on every agent. */
function checkNothingLeft(cluster: Cluster, replay: Replay): void {
  const tenants = cluster.groups.flatMap(({ id }) =>
    [...(replay.at.get(id) ?? [])].map(([slot, home]) => [id, slot, home] as const),
  );
  const used = new Set(tenants.map(([, , home]) => home));
  for (const [id, slot, home] of tenants) {
    const group = replay.group(id);
    if (!mayMove(group)) continue;
    const before = replay.agentsOf(id);
    const without = [...(replay.at.get(id) ?? [])]
      .filter(([other]) => other !== slot)
      .map(([, other]) => replay.agent(other));
    const alone = tenants.filter(([, , other]) => other === home).length === 1;
    for (const choice of replay.choices(id, slot, () => true)) {
      const after = [...without, choice];
      assert.ok(!gains(ladderOf(group.spread), before, after), `${id} ${slot} would gain on ${choice.id}`);
      const empties = alone && used.has(choice.id) && isNoWorse(ladderOf(group.spread), before, after);
      assert.ok(!empties, `${id} ${slot} could leave ${home} empty for ${choice.id}`);
    }
  }
}
