import assert from 'node:assert/strict';
import { put, settled } from './model/running.js';
import { appSpec, replicatedSpec, World } from './model/world.js';

const width = 2;
const grouped = (id: string) => {
  const spec = replicatedSpec(id, { cpus: 0.3 });
  return { ...spec, replication: { ...spec.replication, scatterWidth: width } as typeof spec.replication };
};
const agentsOf = (world: World, id: string) =>
  world
    .app(id)
    .tasks.map(({ agentId }) => agentId)
    .sort()
    .join(' ');

describe('scheduler: copysets', () => {
  it('groups with a scatter width share few sets of agents, whatever runs there and whoever offers just now', () => {
    const world = new World(9);
    world.connect();
    world.command(put(replicatedSpec('/known', { instances: 1, cpus: 2 })));
    world.until(settled);
    const ids = Array.from({ length: 12 }, (_, i) => `/g${i}`);
    for (const [i, id] of ids.entries()) {
      const late = world.mesos.agents.get(`S${1 + (i % 9)}`);
      assert.ok(late);
      late.takenUntilMs = world.mesos.nowMs + 5000;
      world.command(put(grouped(id), appSpec(`/p${i}`, { cpus: 0.2, instances: 1 })));
      world.until(settled, 60);
    }
    const sets = new Set(ids.map((id) => agentsOf(world, id)));
    assert.ok(sets.size <= 3, `${sets.size} sets: ${[...sets].join('; ')}`);
  });

  it('such groups wait for a moment for agents that have not offered yet', () => {
    const world = new World(9);
    world.connect();
    world.command(put(replicatedSpec('/known', { instances: 1 })));
    world.until(settled);
    const late = world.mesos.agents.get('S4');
    assert.ok(late);
    late.takenUntilMs = world.mesos.nowMs + 1500;
    world.command(put(grouped('/g')));
    for (let i = 0; i < 5; i++) {
      world.tick(250);
      world.deliverAll();
    }
    assert.equal(world.mesos.living('/g').length, 0);
    world.until(settled, 20);
  });
});
