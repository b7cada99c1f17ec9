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

  it('is followed by another one, also when all others are to leave, since all were out of reach for too long and came back', () => {
    const world = running({ unreachableStrategy: { inactiveAfterSeconds: 8, expungeAfterSeconds: 3600 } });
    const agents = replicas(world).map(({ agentId }) => agentId);
    for (const agent of agents) world.mesos.setUp(agent, false);
    world.until(() => story(world).match(/is taken out: it has been unreachable/g)?.length === 3);
    for (const agent of agents) world.mesos.setUp(agent, true);
    const isNew = ({ replica }: { replica: { member: number } | null }) => replica !== null && replica.member > 3;
    world.until(() => replicas(world).filter(isNew).length === 3);
  });
});
