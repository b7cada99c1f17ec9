import assert from 'node:assert/strict';
import type { FakeGroup } from './model/fake-group.js';
import type { FakeTask } from './model/fake-mesos.js';
import { pass, put, replicas, running, settled, story } from './model/running.js';
import { replicatedSpec, type World } from './model/world.js';

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

  it('is followed by another one, also when all others are to leave', () => {
    const world = running({ instances: 5 });
    world.command(put(replicatedSpec('/demo/ledger', { instances: 1 })));
    world.mesos.end(leaderOf(world), 'TASK_FAILED');
    world.until(settled);
    assert.deepEqual(membersOf(world), [6]);
  });
});

describe('scheduler: a member that was out of reach for too long', () => {
  const impatient = { unreachableStrategy: { inactiveAfterSeconds: 8, expungeAfterSeconds: 3600 } };

  /** All of a group, until all of them are to be replaced. */
  function loseSightOfAll(world: World): string[] {
    const agents = replicas(world).map(({ agentId }) => agentId);
    for (const agent of agents) world.mesos.setUp(agent, false);
    world.until(() => story(world).match(/is taken out: it has been unreachable/g)?.length === agents.length);
    return agents;
  }

  it('stays when it is back before it has left its group, as all do that were out of reach at once', () => {
    const world = running(impatient);
    for (const agent of loseSightOfAll(world)) world.mesos.setUp(agent, true);
    world.deliverTogether([...world.mesos.events.keys()]);
    pass(world, 120);
    assert.deepEqual(membersOf(world), [1, 2, 3]);
    assert.equal(world.app('/demo/ledger').group?.state, 'whole');
  });

  it('is replaced when its removal has been ordered; the others stay', () => {
    const world = running(impatient);
    const [late, ...others] = loseSightOfAll(world) as [string, string, string];
    for (const agent of others) world.mesos.setUp(agent, true);
    world.until(() => world.mesos.groups.get('/demo/ledger@1')?.configuration.length === 2);
    world.mesos.setUp(late, true);
    world.until((view) => view.apps[0]?.group?.state === 'whole' && replicas(world).length === 3);
    assert.deepEqual(membersOf(world), [2, 3, 4]);
  });

  it('leaves when it is back, if its slot is no longer wanted', () => {
    const world = running(impatient);
    const agents = loseSightOfAll(world);
    world.command(put(replicatedSpec('/demo/ledger', { ...impatient, instances: 1 })));
    for (const agent of agents) world.mesos.setUp(agent, true);
    world.until((view) => settled(view) && replicas(world).length === 1);
    pass(world, 60);
    assert.equal(replicas(world).length, 1);
  });

  it('leaves when it is back, if it has an earlier version', () => {
    const world = running(impatient);
    const agents = loseSightOfAll(world);
    world.command(put(replicatedSpec('/demo/ledger', { ...impatient, env: { CHANGED: 'yes' } })));
    for (const agent of agents) world.mesos.setUp(agent, true);
    world.until(settled);
    assert.deepEqual(membersOf(world), [4, 5, 6]);
  });
});

const membersOf = (world: World) =>
  replicas(world)
    .map(({ replica }) => replica?.member)
    .sort();

function leaderOf(world: World): FakeTask {
  const { leader } = world.mesos.groups.get('/demo/ledger@1') as FakeGroup;
  const isLeader = ({ assignment }: FakeTask) => assignment.replica?.self.member === leader;
  return world.mesos.living('/demo/ledger').find(isLeader) as FakeTask;
}
