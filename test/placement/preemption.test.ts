import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type AgentSnapshot,
  type Cluster,
  type Constraint,
  type GroupRequest,
  type PreemptionPlan,
  planPreemption,
  type RunningGroup,
  type RunningReplica,
} from '../../placement/index.js';
import { agent, constraint, group } from './build.js';
import { clusters, ladder, replica, running } from './clusters.js';
import { isValid, multisets } from './oracle.js';

const demand = (cpus: number) => ({ cpus, mem: 0, disk: 0, gpus: 0, ports: [] });
const at = (id: string, cpus: number) => agent(id, { cpus, zone: id, total: { cpus: 4 } });
const app = (id: string, on: AgentSnapshot, cpus: number, shape: Partial<RunningGroup> = {}) =>
  running({ id, replicated: false, demand: demand(cpus), replicas: [replica(0, on)], ...shape });
const names = ({ victims }: PreemptionPlan) => victims.map((victim) => `${victim.group} ${victim.slot}`).sort();

const planFor = (cluster: Cluster, request: GroupRequest, priority: number, seed?: number) =>
  planPreemption(cluster, [request], priority, seed);

describe('planPreemption', () => {
  const [one, two, three] = [at('one', 0), at('two', 0), at('three', 0)];
  const asked = (slots: number, cpus: number, shape: Partial<GroupRequest> = {}) =>
    group({ id: '/new', slots: Array.from({ length: slots }, (_, i) => i), demand: demand(cpus), ...shape });

  it('takes nobody when there is room', () => {
    const plan = planFor({ agents: [at('free', 4)], groups: [] }, asked(1, 4), 9);
    assert.deepEqual(plan, {
      victims: [],
      seats: [{ slot: 0, agentId: 'free', ports: [] }],
      sentence: null,
      proven: true,
    });
  });

  it('reckons with what a replica has, where that is less than what its group asks for', () => {
    const lesser = { ...replica(0, one), demand: demand(1) };
    const groups = [app('/a', one, 4, { replicas: [lesser] }), app('/b', two, 4)];
    assert.deepEqual(names(planFor({ agents: [one, two], groups }, asked(1, 4), 9)), ['/b 0']);
  });

  it('makes room for slots that ask for less as for what they are, and for the others first', () => {
    const small = agent('small', { cpus: 0, zone: 'small', total: { cpus: 1 } });
    const groups = [app('/a', one, 4), app('/b', two, 4), app('/c', small, 1)];
    const [large, lesser] = [asked(2, 4), asked(0, 1, { slots: [2] })];
    const plan = planPreemption({ agents: [small, one, two], groups }, [large, lesser], 9);
    assert.deepEqual(names(plan), ['/a 0', '/b 0', '/c 0']);
    assert.deepEqual(plan.seats.find(({ slot }) => slot === 2)?.agentId, 'small');
    assert.match(
      planPreemption({ agents: [one, two], groups: groups.slice(0, 2) }, [large, lesser], 9).sentence ?? '',
      /no room/,
    );
    const idle = planPreemption(
      { agents: [at('free', 4), at('other', 4), agent('third', { cpus: 1 })], groups: [] },
      [large, lesser],
      9,
    );
    assert.deepEqual([idle.seats.length, idle.victims, idle.proven], [3, [], true]);
  });

  it('takes the fewest, and of as many the least important', () => {
    const groups = [
      app('/a', one, 2),
      app('/b', one, 2),
      app('/c', two, 4, { priority: 2 }),
      app('/d', three, 4, { priority: 1 }),
    ];
    const plan = planFor({ agents: [one, two, three], groups }, asked(1, 4), 3);
    assert.deepEqual([names(plan), plan.seats[0]?.agentId, plan.proven], [['/d 0'], 'three', true]);
    assert.deepEqual(plan.victims[0], {
      group: '/d',
      slot: 0,
      agentId: 'three',
      hostname: 'three',
      priority: 1,
      leads: false,
    });
    assert.deepEqual(names(planFor({ agents: [one, two, three], groups }, asked(1, 4), 1)), ['/a 0', '/b 0']);
  });

  it('takes none that is pinned, whose room would not be free for others', () => {
    const groups = [app('/a', one, 4, { pinned: 'its volume stays' }), app('/b', two, 4)];
    assert.deepEqual(names(planFor({ agents: [one, two], groups }, asked(1, 4), 1)), ['/b 0']);
  });

  it('finds what taking the cheapest first does not', () => {
    const [a, b, d, e] = ['a', 'b', 'd', 'e'].map((id) => at(id, 0)) as [
      AgentSnapshot,
      AgentSnapshot,
      AgentSnapshot,
      AgentSnapshot,
    ];
    // One of /g only may go; then either three on d go, or two on a.
    const groups = [
      running({ id: '/g', demand: demand(2), replicas: [replica(0, a), replica(1, b), replica(2, e)] }),
      ...['/p', '/q'].map((id) => app(id, a, 1)),
      ...['/x', '/y', '/z'].map((id) => app(id, d, 0.7)),
    ];
    const request = asked(2, 2, { constraints: [constraint('hostname', 'LIKE', '[abd]')] });
    const plan = planFor({ agents: [a, b, d, e], groups }, request, 1);
    assert.deepEqual([names(plan), plan.proven], [['/g 1', '/p 0', '/q 0'], true]);
  });

  it('takes nothing of the group itself', () => {
    const itself = app('/new', one, 4);
    const living = itself.replicas.map(({ ports: _ports, runs: _runs, ...rest }) => rest);
    const plan = planFor({ agents: [one], groups: [itself] }, asked(1, 1, { slots: [1], living }), 1);
    assert.deepEqual(plan.victims, []);
    const tasks = { ...asked(1, 1, { slots: [1], living }), distinctAgents: false };
    assert.deepEqual(planFor({ agents: [one], groups: [itself] }, tasks, 1).victims, []);
  });

  it('spares leaders', () => {
    const groups = [
      running({
        id: '/g',
        demand: demand(4),
        leader: 0,
        replicas: [replica(0, one), replica(1, two), replica(2, three)],
      }),
    ];
    assert.deepEqual(names(planFor({ agents: [one, two, three], groups }, asked(1, 4), 1)), ['/g 2']);
  });

  it('never takes the majority of a group, and nothing of one that has lost a replica', () => {
    const five = ['1', '2', '3', '4', '5'].map((id) => at(id, 0));
    const big = running({ id: '/g', demand: demand(4), replicas: five.map((on, slot) => replica(slot, on)) });
    const plan = (slots: number, shape: Partial<RunningGroup> = {}) =>
      planFor({ agents: five, groups: [{ ...big, ...shape }] }, asked(slots, 1), 1);
    assert.equal(plan(2).victims.length, 2);
    const refused = plan(3);
    assert.deepEqual([refused.victims, refused.seats], [[], []]);
    assert.match(refused.sentence ?? '', /at most floor\(\(n-1\)\/2\) go.*; add agents or lower instances$/);
    assert.deepEqual(plan(1, { size: 6 }).victims, []);
    assert.deepEqual(plan(1, { replicas: big.replicas.map((r, i) => ({ ...r, runs: i > 0 })) }).victims, []);
  });

  it('says what is missing even without all that may go', () => {
    const plan = planFor({ agents: [one], groups: [app('/a', one, 1)] }, asked(1, 3), 1);
    assert.match(plan.sentence ?? '', /^no room even without all 1 replicas that may go for it: .*cpus.*missing 2/);
  });

  it('says what is wrong with the group', () => {
    assert.match(planFor({ agents: [one], groups: [] }, asked(1, -1), 1).sentence ?? '', /demand\.cpus is -1/);
  });

  it('seats plain tasks on one agent, too, one after another: all at once may be cheaper, here /c', () => {
    const groups = [app('/a', one, 1), app('/b', one, 3), app('/c', two, 4, { priority: 1 })];
    const tasks = asked(2, 2, { distinctAgents: false, whole: false });
    const plan = planFor({ agents: [one, two], groups }, tasks, 2);
    assert.deepEqual([names(plan), plan.seats.length, plan.proven], [['/a 0', '/b 0'], 2, false]);
  });

  const requests = fc.record({
    slots: fc.integer({ min: 1, max: 3 }),
    cpus: fc.integer({ min: 1, max: 4 }),
    priority: fc.integer({ min: 0, max: 3 }),
    ports: fc.constantFrom<number[]>([], [0], [2], [0, 0]),
    rules: fc.constantFrom<Constraint[]>([], [constraint('@zone', 'UNIQUE')], [constraint('rack', 'MAX_PER', '1')]),
  });

  it('is legal and the least there is, by trying all sets of replicas', () => {
    fc.assert(
      fc.property(clusters(5, 5), requests, fc.nat(), (cluster, { priority, slots, rules, ...wants }, seed) => {
        const request = asked(slots, wants.cpus, {
          constraints: rules,
          spread: ladder,
          demand: { ...demand(wants.cpus), ports: wants.ports },
        });
        const plan = planFor(cluster, request, priority, seed);
        const reversed = { ...cluster, agents: [...cluster.agents].reverse() };
        assert.deepEqual(planFor(reversed, request, priority, seed), plan);
        const all = tenantsOf(cluster, priority);
        fc.pre(all.length <= 12);
        const best = cheapest(cluster, request, all);
        assert.equal(plan.sentence === null, best !== null, plan.sentence ?? 'a plan');
        if (best === null) return;
        const gone = plan.victims.map((victim) => {
          const found = all.find(({ group: { id }, replica: { slot } }) => id === victim.group && slot === victim.slot);
          return found as Tenant;
        });
        assert.ok(isLegal(gone));
        assert.ok(
          fits(
            cluster,
            request,
            gone,
            plan.seats.map(({ agentId }) => agentId),
          ),
        );
        assert.ok(plan.proven);
        assert.deepEqual(costOf(gone), best);
      }),
      { numRuns: 600 },
    );
  });
});

interface Tenant {
  group: RunningGroup;
  replica: RunningReplica;
}

function tenantsOf({ groups }: Cluster, priority: number): Tenant[] {
  const lower = groups.filter((one) => (one.priority ?? 0) < priority);
  return lower.flatMap((one) => one.replicas.map((it) => ({ group: one, replica: it })));
}

function isLegal(gone: Tenant[]): boolean {
  return gone.every(({ group: one }) => {
    if (!one.replicated) return true;
    const running = one.replicas.filter(({ runs }) => runs).length;
    const taken = gone.filter((other) => other.group === one).length;
    return running === one.size && one.size - taken > one.size / 2;
  });
}

const costOf = (gone: Tenant[]) => [gone.length, gone.reduce((sum, { group: one }) => sum + (one.priority ?? 0), 0)];

/** What is free when these have gone; the seats are given, or any will do. */
function fits({ agents }: Cluster, request: GroupRequest, gone: Tenant[], seats?: string[]): boolean {
  const emptied = agents.map((one) => {
    const here = gone.filter(({ replica: { agentId } }) => agentId === one.id);
    const cpus = here.reduce((sum, { group: { demand: given } }) => sum + given.cpus, one.free.cpus);
    const ports = here.flatMap(({ replica: it }) => it.ports.map((port) => ({ begin: port, end: port })));
    return { ...one, free: { ...one.free, cpus, ports: [...one.free.ports, ...ports] } };
  });
  const choices = seats
    ? [seats.map((id) => agents.findIndex((one) => one.id === id))]
    : [...multisets(agents.length, request.slots.length)];
  return choices.some((choice) => isValid(request, emptied, choice));
}

/** Least cost of a legal set of tenants whose leaving makes room; null: none does. */
function cheapest(cluster: Cluster, request: GroupRequest, all: Tenant[]): number[] | null {
  const sets = Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((_, i) => bits & (2 ** i)));
  const ranked = sets.filter(isLegal).map((gone) => ({ gone, cost: costOf(gone) }));
  ranked.sort((a, b) => (a.cost[0] as number) - (b.cost[0] as number) || (a.cost[1] as number) - (b.cost[1] as number));
  return ranked.find(({ gone }) => fits(cluster, request, gone))?.cost ?? null;
}
