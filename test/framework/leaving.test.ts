import assert from 'node:assert/strict';
import { put, replicas, running, settled, story } from './model/running.js';
import { replicatedSpec } from './model/world.js';

describe('scheduler: a member that has left its group', () => {
  it('is killed only when a leader has led without it', () => {
    const world = running({ instances: 4 });
    const group = world.mesos.groups.get('/demo/ledger@1');
    assert.ok(group);
    world.command(put(replicatedSpec('/demo/ledger', { instances: 3 })));
    world.until(() => group.configuration.length === 3);
    group.unsettled = true;
    for (let passed = 0; passed < 60; passed++) {
      world.mesos.reports(() => true);
      world.deliverAll();
      world.tick(1000);
    }
    assert.match(story(world), /has left the configuration/);
    assert.equal(replicas(world).length, 4, 'the only other copy of what was decided may be there');
    group.unsettled = false;
    world.until(settled);
    assert.equal(replicas(world).length, 3);
  });

  it('is replaced before the next one leaves, also when all were out of reach for too long and came back', () => {
    const world = running({ unreachableStrategy: { inactiveAfterSeconds: 8, expungeAfterSeconds: 3600 } });
    const group = world.mesos.groups.get('/demo/ledger@1');
    assert.ok(group);
    const agents = replicas(world).map(({ agentId }) => agentId);
    for (const agent of agents) world.mesos.setUp(agent, false);
    world.until(() => story(world).match(/is taken out: it has been unreachable/g)?.length === 3);
    for (const agent of agents) world.mesos.setUp(agent, true);
    const sizes: number[] = [];
    const { onLaunch } = world.mesos;
    world.mesos.onLaunch = (...launched) => {
      sizes.push(group.configuration.length);
      onLaunch(...launched);
    };
    world.until((view) => settled(view) && replicas(world).every(({ replica }) => (replica?.member ?? 0) > 3));
    assert.deepEqual(sizes, [2, 2, 2]);
  });
});
