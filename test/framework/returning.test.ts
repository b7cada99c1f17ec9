/** Durability `disk`: members that have ended come back as themselves. */
import assert from 'node:assert/strict';
import { cannotReturnLabel } from '../../executor/assignment.js';
import type { Command } from '../../framework/service.js';
import type { FakeTask } from './model/fake-mesos.js';
import { appSpec, replicatedSpec, World } from './model/world.js';

const id = '/demo/ledger';
const diskSpec = () => {
  const spec = replicatedSpec(id);
  return {
    ...spec,
    replication: { ...(spec.replication as NonNullable<typeof spec.replication>), durability: 'disk' as const },
  };
};
const put = (): Command => ({ type: 'putApps', specs: [diskSpec()], create: false, force: false });

function running(agents = 5): World {
  const world = new World(agents);
  world.connect();
  assert.equal(world.command(put())?.ok, true);
  world.until((view) => view.deployments.length === 0);
  return world;
}

const story = (world: World) =>
  world
    .app(id)
    .story.map(({ text }) => text)
    .join('\n');
const tasksOf = (world: World): FakeTask[] => [...world.mesos.tasks.values()];
const whole = (world: World) => world.until((view) => view.apps[0]?.group?.state === 'whole');
/** Mesos tells what has happened. */
function tell(world: World): void {
  world.tick(100);
  world.deliverAll();
}
const places = (world: World) =>
  world.app(id).tasks.map(({ agentId, ports, replica }) => [replica?.slot, replica?.member, agentId, ports]);

describe('scheduler: members with durability disk', () => {
  it('tells founders where they keep their data, and that they are new', () => {
    for (const { assignment } of tasksOf(running())) {
      const { durability, dataDirectory, returns } = assignment.replica ?? assert.fail();
      assert.deepEqual([durability, dataDirectory, returns], ['disk', '/data', false]);
    }
  });

  it('launches all members again where they were when all have ended, and loses nothing', () => {
    const world = running();
    const before = places(world);
    for (const task of tasksOf(world)) world.mesos.end(task, 'TASK_FAILED');
    tell(world);
    assert.equal(world.app(id).group?.state, 'noQuorum');
    assert.match(world.app(id).group?.awaits ?? '', /waits for replica 0 \(member 1\) on box\d, replica 1/);
    whole(world);
    assert.deepEqual(places(world), before);
    assert.equal(world.app(id).group?.generation, 1);
    assert.equal(world.app(id).group?.awaits, null);
    const returned = tasksOf(world).slice(-3);
    for (const { assignment } of returned) {
      assert.equal(assignment.replica?.returns, true);
      assert.equal(assignment.replica?.peers.length, 2);
    }
  });

  for (const state of ['TASK_GONE', 'TASK_LOST', 'TASK_DROPPED'] as const)
    it(`loses nothing when launches of members that return end with ${state}: their agents keep what they kept`, () => {
      const world = running();
      const before = places(world);
      for (const task of tasksOf(world)) world.mesos.end(task, 'TASK_FAILED');
      tell(world);
      for (let round = 0; round < 3; round++) {
        world.until((view) => view.apps[0]?.tasks.length === 3);
        for (const task of tasksOf(world).slice(-3)) world.mesos.end(task, state);
        tell(world);
        assert.equal(world.app(id).group?.state, 'noQuorum');
      }
      whole(world);
      assert.deepEqual(places(world), before);
      assert.equal(world.app(id).group?.generation, 1);
    });

  it('launches them again where they were, whatever they are to be near', () => {
    const world = new World(5);
    world.connect();
    world.command({ ...put(), specs: [appSpec('/cache', { instances: 1 })] } as Command);
    world.until((view) => view.deployments.length === 0);
    const affinity = [{ app: '/cache', domain: 'region', type: 'near' as const, required: true }];
    world.command({ ...put(), specs: [{ ...diskSpec(), affinity }] } as Command);
    world.until((view) => view.deployments.length === 0);
    const before = places(world);
    world.command({ type: 'deleteApp', appId: '/cache', force: false });
    world.until((view) => view.apps.length === 1);
    for (const task of tasksOf(world)) if (!task.ended) world.mesos.end(task, 'TASK_FAILED');
    tell(world);
    whole(world);
    assert.deepEqual(places(world), before);
  });

  it('waits for members while their agents are away, and takes nobody in their place', () => {
    const world = running();
    const before = places(world);
    const ended = tasksOf(world).slice(0, 2);
    for (const { agentId } of ended) world.mesos.setUp(agentId, false);
    for (const task of ended) world.mesos.end(task, 'TASK_FAILED');
    for (let i = 0; i < 400; i++) {
      world.tick(500);
      world.deliverAll();
    }
    assert.equal(world.app(id).group?.state, 'noQuorum');
    assert.equal(tasksOf(world).length, 3);
    for (const { agentId } of ended) world.mesos.setUp(agentId, true);
    whole(world);
    assert.deepEqual(places(world), before);
  });

  it('replaces one that stays away while the others are a majority', () => {
    const world = running();
    const [task] = tasksOf(world) as [FakeTask];
    world.mesos.end(task, 'TASK_FAILED');
    tell(world);
    world.mesos.setUp(task.agentId, false);
    world.until(() => world.app(id).tasks.some(({ replica }) => replica?.member === 4));
    whole(world);
    assert.match(story(world), /replica \d \(member \d\) has not come back on box\d .*: it is replaced/);
  });

  it('replaces one whose launches fail, because what it kept cannot be used', () => {
    const world = running();
    const [first] = tasksOf(world) as [FakeTask];
    world.mesos.end(first, 'TASK_FAILED');
    world.until(() => {
      const last = tasksOf(world).at(-1) as FakeTask;
      if (last.assignment.replica?.returns && last !== first && last.state !== 'TASK_FAILED')
        world.mesos.end(last, 'TASK_FAILED');
      return world.app(id).tasks.some(({ replica }) => replica?.member === 4);
    });
    whole(world);
  });

  const hopeless = { labels: { labels: [{ key: cannotReturnLabel, value: 'true' }] } };

  it('replaces one that says that it cannot return, without a launch in vain', () => {
    const world = running();
    const [first] = tasksOf(world) as [FakeTask];
    world.mesos.end(first, 'TASK_FAILED', hopeless);
    tell(world);
    whole(world);
    const members = tasksOf(world).map(({ assignment }) => assignment.replica?.self.member);
    assert.deepEqual(members.sort(), [1, 2, 3, 4]);
  });

  it('waits for those that say so while no majority is there without them', () => {
    const world = running();
    for (const task of tasksOf(world).slice(0, 2)) world.mesos.end(task, 'TASK_FAILED', hopeless);
    tell(world);
    assert.equal(world.app(id).group?.state, 'noQuorum');
    world.until(() => tasksOf(world).length > 3);
    assert.equal(tasksOf(world)[3]?.assignment.replica?.returns, true);
  });

  it('remembers them when the framework is killed meanwhile', () => {
    const world = running();
    const before = places(world);
    for (const task of tasksOf(world)) world.mesos.end(task, 'TASK_FAILED');
    world.crashNext = 'afterWrite';
    tell(world);
    whole(world);
    assert.deepEqual(places(world), before);
    assert.equal(world.crashes, 1);
  });

  it('refuses to change the durability of an app that exists', () => {
    const world = running();
    const result = world.command({ type: 'putApps', specs: [replicatedSpec(id)], create: false, force: true });
    assert.ok(result && !result.ok);
    assert.match(result.message, /replication\.durability.*delete the app and create it again/);
  });
});
