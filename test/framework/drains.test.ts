import assert from 'node:assert/strict';
import type { Selection } from '../../placement/index.js';
import { constraint } from '../placement/build.js';
import { newAgent } from './model/fake-agent.js';
import type { FakeTask } from './model/fake-mesos.js';
import { put, replicas, running, settled, story } from './model/running.js';
import { appSpec, replicatedSpec, type World } from './model/world.js';

const drain = (world: World, wanted: Selection) => {
  const result = world.command({ type: 'drain', wanted });
  assert.ok(result?.ok);
  return result.deploymentId as string;
};
const tasksOn = (world: World, agentId: string) =>
  [...world.mesos.tasks.values()].filter((task) => task.agentId === agentId && !task.ended);
const named = (agentId: string) => `box${agentId.slice(1)}`;
const leader = (world: World) => world.app('/demo/ledger').group?.leader?.slot;

describe('scheduler: drains of replicated groups', () => {
  it('has a successor join before a replica leaves, the leader last', () => {
    const world = running({}, 5);
    const group = world.mesos.groups.get('/demo/ledger@1');
    assert.ok(group);
    const first = leader(world);
    const [agent] = replicas(world).filter(({ replica }) => replica?.slot === first);
    const order = group.order.bind(group);
    let fewest = 9;
    group.order = (to, body) => {
      if (body.type === 'removeMember') fewest = Math.min(fewest, group.active().length);
      order(to, body);
    };
    const id = drain(world, { agent: [agent?.agentId ?? ''] });
    assert.deepEqual(
      world.view().deployments.map((one) => one.id),
      [id],
    );
    world.until(settled);
    assert.deepEqual(tasksOn(world, agent?.agentId ?? ''), []);
    assert.equal(world.app('/demo/ledger').group?.state, 'whole');
    assert.deepEqual([group.configuration.length, fewest], [3, 4]);
    assert.match(story(world), /is to move: box\d is being drained/);
    assert.doesNotMatch(story(world), /degraded/, 'nothing is missing on the way');
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

describe('scheduler: drains that are not simple', () => {
  it('move replicas that constraints bind to each other, though none could move alone', () => {
    const world = running({ constraints: [constraint('rack', 'CLUSTER')] }, 9);
    const racks = () => [...new Set(replicas(world).map(({ attributes }) => attributes.rack))];
    const [rack, ...others] = racks();
    assert.deepEqual(others, []);
    drain(world, { rack: [rack ?? ''] });
    world.until(settled);
    assert.equal(racks().length, 1);
    assert.notEqual(racks()[0], rack);
    assert.equal(world.app('/demo/ledger').group?.state, 'whole');
  });

  it('leave bound replicas where they are when not all of them would fit', () => {
    const world = running({ constraints: [constraint('rack', 'CLUSTER')] }, 9);
    const [first] = replicas(world);
    const others = ['r0', 'r1', 'r2'].filter((rack) => rack !== first?.attributes.rack);
    const blocked = { agent: ['S1', 'S2', 'S3'].map((id) => named(id)) };
    for (const rack of others) assert.ok(world.command({ type: 'drain', wanted: { rack: [rack], ...blocked } })?.ok);
    drain(world, { rack: [first?.attributes.rack ?? ''] });
    const from = world.now;
    world.until(() => world.now - from > 60_000);
    assert.deepEqual([replicas(world).length, world.app('/demo/ledger').group?.state], [3, 'whole']);
    assert.deepEqual([...new Set(replicas(world).map(({ attributes }) => attributes.rack))], [first?.attributes.rack]);
    assert.match(world.view().deployments[0]?.waitingFor ?? '', /a successor of replica \d waits for an agent/);
  });

  it('take out a replica of nine before its successor joins, if that one has an agent', () => {
    const world = running({ instances: 9 }, 10);
    const group = world.mesos.groups.get('/demo/ledger@1');
    assert.ok(group);
    let smallest = 9;
    world.mesos.onKill = () => {
      smallest = Math.min(smallest, group.configuration.length);
    };
    const free = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8', 'S9', 'S10'].find(
      (id) => tasksOn(world, id).length === 0,
    );
    const closing = drain(world, { agent: [free ?? ''] });
    const [agentId] = replicas(world).map((one) => one.agentId);
    drain(world, { agent: [agentId ?? ''] });
    const from = world.now;
    world.until(() => world.now - from > 30_000);
    assert.equal(replicas(world).length, 9, 'there is no other agent');
    world.command({ type: 'cancelDeployment', deploymentId: closing, force: false });
    world.until((view) => settled(view) && replicas(world).length === 9);
    assert.deepEqual([tasksOn(world, agentId ?? ''), replicas(world).length, smallest], [[], 9, 8]);
  });

  it('keep a replica while another one of its group is missing, though its successor has joined', () => {
    const world = running({}, 7);
    const group = world.mesos.groups.get('/demo/ledger@1');
    assert.ok(group);
    group.stuck.add(4);
    const [leaving, other] = replicas(world).filter(({ replica }) => replica?.slot !== leader(world));
    drain(world, { agent: [leaving?.agentId ?? ''] });
    world.until(() => world.mesos.living('/demo/ledger').length === 4);
    let fewest = 9;
    const order = group.order.bind(group);
    group.order = (to, body) => {
      const removes = body.type === 'removeMember' && body.member === leaving?.replica?.member;
      if (removes) fewest = Math.min(fewest, group.active().length);
      order(to, body);
    };
    world.mesos.end(world.mesos.tasks.get(other?.id ?? '') as FakeTask, 'TASK_FAILED');
    group.stuck.delete(4);
    group.connect(4, true);
    world.until(settled);
    assert.equal(fewest, 4);
  });

  it('move twenty groups at once at most', () => {
    const world = running({ cpus: 0.1 }, 5);
    const ids = Array.from({ length: 30 }, (_, i) => `/group-${i}`);
    world.command(put(...ids.map((id) => replicatedSpec(id, { cpus: 0.1 }))));
    world.until(settled);
    let most = 0;
    world.mesos.onLaunch = () => {
      const joining = ids.filter((id) => JSON.parse(world.stored.get(`app:${id}`) as string).group.moving);
      most = Math.max(most, joining.length);
    };
    const busiest = ['S1', 'S2', 'S3', 'S4', 'S5'].sort(
      (a, b) => tasksOn(world, b).length - tasksOn(world, a).length,
    )[0];
    const before = tasksOn(world, busiest ?? '').length;
    drain(world, { agent: [busiest ?? ''] });
    world.until(settled);
    assert.ok(before > 20, `${before} were there`);
    assert.ok(most > 5 && most <= 20, `${most} at once`);
    assert.deepEqual(tasksOn(world, busiest ?? ''), []);
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
    world.crash();
    const known = world.view().drains.map(({ agents, tasks }) => [agents[0]?.hostname, tasks]);
    assert.deepEqual(known, [['box2', 1]], 'before anybody has offered');
    world.deliverAll();
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

  it('are also those that come, or get their attribute, later', () => {
    const world = running({ instances: 1 }, 3);
    drain(world, { rack: ['r1', 'r2', 'r0'], agent: ['box9'] });
    world.mesos.agents.set('S9', newAgent(9));
    world.command(put(appSpec('/web', { cpus: 3.9, instances: 4 })));
    world.until((view) => view.drains[0]?.agents.length === 1);
    const from = world.now;
    world.until(() => world.now - from > 10_000);
    assert.deepEqual(tasksOn(world, 'S9'), []);
    const failure = { type: 'FAILURE' as const, failure: { agent_id: { value: 'S9' } } };
    world.feed({ type: 'mesos', now: world.now, event: failure });
    assert.deepEqual(world.view().drains[0]?.agents, []);
  });

  it('are those of one drain when they are named twice', () => {
    const world = running();
    assert.equal(drain(world, { agent: ['box1'] }), drain(world, { agent: ['box1'] }));
  });
});
