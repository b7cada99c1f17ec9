import assert from 'node:assert/strict';
import { planDrain, planRebalance, type RunningGroup } from '../../placement/index.js';
import { put, running, settled } from './model/running.js';
import { appSpec, replicatedSpec, type World } from './model/world.js';

const groupIn = (world: World, id = '/demo/ledger') =>
  world.scheduler.cluster(world.now).cluster.groups.find((group) => group.id === id) as RunningGroup;

describe('scheduler: what runs where', () => {
  it('tells groups, their leader, and what agents have besides', () => {
    const world = running();
    world.command(put(appSpec('/web', { instances: 2 })));
    world.until(settled);
    const { cluster, unknownAgents } = world.scheduler.cluster(world.now);
    const app = world.app('/demo/ledger');
    const ledger = groupIn(world);
    assert.deepEqual([ledger.size, ledger.replicated, ledger.leader], [3, true, app.group?.leader?.slot]);
    assert.deepEqual(
      ledger.replicas.map(({ slot, agentId, runs, ports }) => [slot, agentId, runs, ports.length]),
      app.tasks.map(({ replica, agentId }) => [replica?.slot, agentId, true, 2]),
    );
    assert.deepEqual([groupIn(world, '/web').replicated, groupIn(world, '/web').replicas.length], [false, 2]);
    assert.deepEqual(unknownAgents, []);
    for (const { id, free, total } of cluster.agents) {
      const here = cluster.groups.flatMap(({ demand, replicas }) =>
        replicas.filter(({ agentId }) => agentId === id).map(() => demand.cpus),
      );
      assert.ok(Math.abs(total.cpus - free.cpus - here.reduce((sum, cpus) => sum + cpus, 0)) < 1e-9);
    }
    const gone = ledger.replicas[0]?.agentId as string;
    const plan = planDrain(cluster, [gone]);
    assert.deepEqual([plan.stuck, plan.steps.flat().every(({ to }) => to.agentId !== gone)], [[], true]);
    assert.ok(planRebalance(cluster).moves.every(({ group }) => group === '/web' || group === '/demo/ledger'));
  });

  it('does not count a member that is not known to keep up', () => {
    const world = running();
    const [task] = world.app('/demo/ledger').tasks;
    const there = world.mesos.tasks.get(task?.id ?? '');
    assert.ok(there);
    world.mesos.end(there, 'TASK_FAILED');
    world.tick(500);
    world.deliverAll();
    const left = groupIn(world);
    const staying = left.replicas.filter(({ runs }) => runs).map(({ slot }) => slot);
    assert.deepEqual([left.size, staying.includes(task?.replica?.slot ?? -1), staying.length < 3], [3, false, true]);
    assert.deepEqual(Object.keys(left.avoid), [task?.agentId]);
    assert.deepEqual(planRebalance(world.scheduler.cluster(world.now).cluster).moves, []);
  });

  it('counts neither what starts nor what is being stopped', () => {
    const world = running();
    world.command(put(appSpec('/web', { instances: 2 })));
    world.until(settled);
    world.command(put(appSpec('/web', { instances: 1 }), replicatedSpec('/demo/ledger', { instances: 4 })));
    assert.equal(groupIn(world, '/web').replicas.length, 1);
    for (let i = 0; i < 20 && groupIn(world).replicas.length < 4; i++) {
      world.tick(500);
      world.deliverAll();
    }
    assert.deepEqual(
      groupIn(world).replicas.map(({ runs }) => runs),
      [true, true, true, false],
    );
  });

  it('tells of maintenance', () => {
    const world = running();
    const inverse = {
      id: { value: 'I1' },
      framework_id: { value: 'fw-1' },
      agent_id: { value: 'S1' },
      unavailability: { start: { nanoseconds: world.now * 1e6 } },
    };
    const event = { type: 'INVERSE_OFFERS' as const, inverse_offers: { inverse_offers: [inverse] } };
    world.feed({ type: 'mesos', now: world.now, event });
    const { agents } = world.scheduler.cluster(world.now).cluster;
    assert.equal(agents.find(({ id }) => id === 'S1')?.unavailable?.startMs, world.now);
    assert.ok(groupIn(world).maintenance);
  });

  it('knows nothing of agents that have not offered since the start', () => {
    const world = running();
    const agents = new Set(world.app('/demo/ledger').tasks.map(({ agentId }) => agentId));
    world.crash();
    const { cluster, unknownAgents, oldestOfferSeconds } = world.scheduler.cluster(world.now);
    assert.deepEqual([cluster.agents, oldestOfferSeconds], [[], null]);
    assert.deepEqual(new Set(unknownAgents.map(({ agentId }) => agentId)), agents);
    const plan = planDrain(cluster, [...agents].slice(0, 1));
    assert.equal(plan.stuck.length, 1);
  });
});
