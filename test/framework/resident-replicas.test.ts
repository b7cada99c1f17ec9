import assert from 'node:assert/strict';
import type { AppSpec } from '../../framework/app.js';
import type { FrameworkView } from '../../framework/service.js';
import { kept, pass, records, residency, running, tasks, volumes } from './model/residents.js';
import { put, settled, story } from './model/running.js';
import { replicatedSpec, World } from './model/world.js';

describe('scheduler: replicas with volumes', () => {
  const id = '/demo/ledger';
  const vault = (change: Partial<AppSpec> = {}): AppSpec => {
    const spec = replicatedSpec(id);
    return {
      ...spec,
      replication: { ...(spec.replication as NonNullable<AppSpec['replication']>), durability: 'disk' },
      residency: residency({ taskLostBehavior: 'RELAUNCH_AFTER_TIMEOUT', relaunchEscalationTimeoutSeconds: 90 }),
      unreachableStrategy: 'disabled',
      backoffSeconds: 0,
      ...change,
    };
  };
  const group = (): World => {
    const world = new World(5);
    world.connect();
    assert.equal(world.command(put(vault()))?.ok, true);
    world.until(settled);
    return world;
  };
  const isWhole = (view: FrameworkView) => view.apps[0]?.group?.state === 'whole' && view.deployments.length === 0;
  const places = (world: World) =>
    tasks(world, id).map(({ agentId, ports, replica }) => [replica?.member, agentId, ports]);
  const atRest = (world: World) =>
    world.until((view) => isWhole(view) && records(world).length === 3 && volumes(world).length === 3);

  it('keep their journals there, and all come back to them when all have ended', () => {
    const world = group();
    for (const { assignment } of world.mesos.living(id)) assert.equal(assignment.replica?.dataDirectory, 'data');
    const [before, on] = [places(world), volumes(world).sort()];
    for (const task of world.mesos.living(id)) world.mesos.end(task, 'TASK_FAILED');
    pass(world, 1, 100);
    atRest(world);
    assert.deepEqual([places(world), volumes(world).sort()], [before, on]);
    assert.ok(world.mesos.living(id).every(({ assignment }) => assignment.replica?.returns));
    assert.equal(world.app(id).group?.generation, 1);
  });

  it('one that stays away is replaced by a member with a volume of its own, and its volume is given back', () => {
    const world = group();
    const [away] = tasks(world, id);
    world.mesos.setUp(away?.agentId as string, false);
    world.deliverAll();
    world.until(
      (view) =>
        isWhole(view) &&
        !tasks(world, id).some(
          ({ agentId, replica }) => agentId === away?.agentId && replica?.member === away?.replica?.member,
        ),
    );
    world.mesos.setUp(away?.agentId as string, true);
    atRest(world);
    const homes = records(world).map(({ agent }) => agent.id);
    assert.deepEqual(
      homes.sort(),
      tasks(world, id)
        .map(({ agentId }) => agentId)
        .sort(),
    );
  });

  it('a restart replaces members and their volumes one by one; scaled down and deleted it leaves nothing', () => {
    const world = group();
    const before = volumes(world);
    world.command(put(vault({ env: { A: '2' } })));
    world.until(settled);
    atRest(world);
    assert.equal(volumes(world).filter((one) => before.includes(one)).length, 0);
    world.command(put(vault({ env: { A: '2' }, instances: 1 })));
    world.until(settled);
    world.until(() => volumes(world).length === 1 && records(world).length === 1);
    world.command({ type: 'deleteApp', appId: id, force: false });
    world.until((view) => view.apps.length === 0 && kept(world).length === 0 && records(world).length === 0);
  });

  it('are wiped by a user: the volume is destroyed, and a new instance begins without it', () => {
    const world = running();
    const [task] = tasks(world);
    const [volume] = volumes(world);
    assert.equal(
      world.command({ type: 'killTasks', taskIds: [task?.id as string], scale: false, wipe: true, force: false })?.ok,
      true,
    );
    world.until(
      () =>
        tasks(world)[0]?.state === 'TASK_RUNNING' && tasks(world)[0]?.id !== task?.id && volumes(world).length === 1,
    );
    assert.notEqual(volumes(world)[0], volume);
    assert.equal(records(world).length, 1);
    assert.match(story(world, '/keep'), /is given back: wiped by a user/);
  });

  it('are not wiped when they are replicas', () => {
    const world = new World();
    world.connect();
    world.command(put(replicatedSpec('/demo/ledger')));
    world.until(settled);
    const taskIds = [tasks(world, '/demo/ledger')[0]?.id as string];
    const refused = world.command({ type: 'killTasks', taskIds, scale: false, wipe: true, force: true });
    assert.ok(refused?.ok === false && refused.reason === 'invalid');
  });
});
