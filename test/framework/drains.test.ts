import assert from 'node:assert/strict';
import type { Selection } from '../../placement/index.js';
import { constraint } from '../placement/build.js';
import { put, replicas, running, settled, story } from './model/running.js';
import { appSpec, replicatedSpec, type World } from './model/world.js';

const drain = (world: World, wanted: Selection) => {
  const result = world.command({ type: 'drain', wanted });
  assert.ok(result?.ok);
  return result.deploymentId as string;
};
const tasksOn = (world: World, agentId: string) =>
  [...world.mesos.tasks.values()].filter((task) => task.agentId === agentId && !task.ended);
const leader = (world: World) => world.app('/demo/ledger').group?.leader?.slot;

describe('scheduler: drains of replicated groups', () => {
  it('has a successor join before a replica leaves, the leader last', () => {
    const world = running({}, 5);
    const group = world.mesos.groups.get('/demo/ledger@1');
    assert.ok(group);
    const first = leader(world);
    const [agent] = replicas(world).filter(({ replica }) => replica?.slot === first);
    let fewest = 3;
    world.mesos.onKill = () => {
      fewest = Math.min(fewest, group.active().length);
    };
    const id = drain(world, { agent: [agent?.agentId ?? ''] });
    assert.deepEqual(
      world.view().deployments.map((one) => one.id),
      [id],
    );
    world.until(settled);
    assert.deepEqual(tasksOn(world, agent?.agentId ?? ''), []);
    assert.equal(world.app('/demo/ledger').group?.state, 'whole');
    assert.deepEqual([group.configuration.length, fewest], [3, 3]);
    assert.match(story(world), /is to move: box\d is being drained/);
    assert.notEqual(leader(world), first);
  });

  it('takes the leader last', () => {
    const world = running({}, 7);
    const led = leader(world);
    const follower = replicas(world).find(({ replica }) => replica?.slot !== led);
    const leading = replicas(world).find(({ replica }) => replica?.slot === led);
    drain(world, { agent: [leading?.host ?? '', follower?.host ?? ''] });
    world.until(settled);
    const out = [...story(world).matchAll(/replica (\d) .* is taken out/g)].map(([, slot]) => Number(slot));
    assert.deepEqual(out, [follower?.replica?.slot, led]);
  });

  it('empties a whole domain that holds a majority, one replica at a time', () => {
    const world = running({}, 6);
    const group = world.mesos.groups.get('/demo/ledger@1');
    assert.ok(group);
    const racks = ['r0', 'r1'];
    let smallest = 3;
    world.mesos.onKill = () => {
      smallest = Math.min(smallest, group.configuration.length);
    };
    world.command(put(replicatedSpec('/demo/ledger', { instances: 2 })));
    world.until(settled);
    drain(world, { rack: racks });
    world.until(settled);
    const places = replicas(world).map(({ attributes }) => attributes.rack);
    assert.deepEqual(places, ['r2', 'r2']);
    assert.equal(smallest, 2);
  });
});

describe('scheduler: drains of plain apps', () => {
  const web = (change: object = {}) => appSpec('/web', { instances: 3, ...change });

  /** How few tasks ran at a kill, and how many at most at any time. */
  function watched(world: World) {
    const seen = { fewest: 9, most: 0 };
    const count = () => world.mesos.living('/web').filter(({ state }) => state === 'TASK_RUNNING').length;
    world.mesos.onKill = ({ assignment }) => {
      if (assignment.appId === '/web') seen.fewest = Math.min(seen.fewest, count());
    };
    world.mesos.onLaunch = () => {
      seen.most = Math.max(seen.most, world.mesos.living('/web').length + 1);
    };
    return seen;
  }

  it('run their successors before the tasks are killed, within upgradeStrategy', () => {
    const world = running({ instances: 1 }, 6);
    const upgradeStrategy = { minimumHealthCapacity: 0, maximumOverCapacity: 0 };
    world.command(put(web({ upgradeStrategy })));
    world.until(settled);
    const seen = watched(world);
    const used = [...new Set(world.app('/web').tasks.map(({ agentId }) => agentId))];
    drain(world, { agent: used });
    world.until(settled);
    assert.deepEqual([seen.fewest, seen.most], [4, 4], 'one task more than the app has, and never fewer');
    for (const agentId of used) assert.deepEqual(tasksOn(world, agentId), []);
    assert.equal(world.mesos.living('/web').length, 3);
    assert.match(story(world, '/web'), /was stopped: box\d is being drained/);
  });

  it('stand where there is no other agent, and say why', () => {
    const world = running({ instances: 1 });
    world.command(put(web({ instances: 1, constraints: [constraint('hostname', 'LIKE', 'box2')] })));
    world.until(settled);
    const id = drain(world, { agent: ['box2'] });
    for (let i = 0; i < 20; i++) {
      world.tick(1000);
      world.deliverAll();
    }
    const [deployment] = world.view().deployments;
    assert.equal(deployment?.id, id);
    assert.match(
      deployment?.waitingFor ?? '',
      /1 are there still; \/web: 1 wait for successors: .*by closed \(box2.*: it is being drained\)/,
    );
    assert.equal(tasksOn(world, 'S2').length, 1);
    assert.equal(world.command({ type: 'cancelDeployment', deploymentId: id, force: false })?.ok, true);
    world.until(settled);
    assert.deepEqual([world.view().drains, tasksOn(world, 'S2').length], [[], 1]);
  });
});

describe('scheduler: drained agents', () => {
  it('take nothing new, also when they join later, until the drain is ended', () => {
    const world = running({ instances: 1 }, 6);
    const id = drain(world, { rack: ['r0', 'r1'] });
    world.until(settled);
    world.command(put(appSpec('/web', { instances: 4 })));
    world.until(settled);
    const racks = () => [...new Set(world.app('/web').tasks.map(({ attributes }) => attributes.rack))];
    assert.deepEqual(racks(), ['r2']);
    assert.deepEqual(
      world.view().drains.map(({ agents, tasks }) => [agents.length, tasks]),
      [[4, 0]],
    );
    world.crash();
    world.deliverAll();
    world.command(put(appSpec('/web', { instances: 8 })));
    world.until(settled);
    assert.deepEqual(racks(), ['r2'], 'the store remembers');
    world.command({ type: 'cancelDeployment', deploymentId: id, force: false });
    world.command(put(replicatedSpec('/demo/ledger', { instances: 3 })));
    world.until(settled);
    assert.equal(world.app('/demo/ledger').tasks.length, 3);
  });

  it('are those of one drain when they are named twice', () => {
    const world = running();
    assert.equal(drain(world, { agent: ['box1'] }), drain(world, { agent: ['box1'] }));
  });
});
