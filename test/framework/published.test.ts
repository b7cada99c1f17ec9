import assert from 'node:assert/strict';
import { put, settled } from './model/running.js';
import { appSpec, World } from './model/world.js';

type Told = Record<string, unknown> & { plan?: { id: string; steps: unknown[] }; currentStep?: unknown };

const told = (world: World, ...types: string[]) =>
  world.published.filter(({ eventType }) => types.includes(eventType)) as unknown as Told[];

function started(instances = 1): World {
  const world = new World();
  world.connect();
  world.command(put(appSpec('/shop/web', { instances })));
  return world;
}

function settledWorld(): World {
  const world = started();
  world.until(settled);
  return world;
}

describe('scheduler: events', () => {
  it('tells a deployment step by step', () => {
    const world = settledWorld();
    const types = world.published.map(({ eventType }) => eventType).filter((type) => type.startsWith('deployment'));
    const step = ['deployment_info', 'deployment_step_success'];
    assert.deepEqual(types, [...step, ...step, 'deployment_success']);
    const [start, scale] = told(world, 'deployment_info');
    assert.deepEqual(start?.currentStep, { actions: [{ action: 'StartApplication', app: '/shop/web' }] });
    assert.deepEqual(scale?.currentStep, { actions: [{ action: 'ScaleApplication', app: '/shop/web' }] });
    const [done] = told(world, 'deployment_success');
    assert.deepEqual([done?.id, done?.plan?.steps.length], [start?.plan?.id, 2]);
    assert.equal(told(world, 'group_change_success')[0]?.groupId, '/shop');
  });

  it('tells what becomes of a task, once for each change', () => {
    const world = settledWorld();
    const [task] = world.app('/shop/web').tasks;
    const updates = told(world, 'status_update_event');
    assert.deepEqual(updates.at(-1)?.taskStatus, 'TASK_RUNNING');
    assert.equal(new Set(updates.map(({ taskStatus }) => taskStatus)).size, updates.length);
    const { taskId, appId, host, ports, slaveId, version } = updates.at(-1) as Told;
    assert.deepEqual([taskId, appId, host, ports], [task?.id, '/shop/web', task?.host, task?.ports]);
    assert.deepEqual([slaveId, version], [task?.agentId, task?.version]);
    const instances = told(world, 'instance_changed_event');
    assert.deepEqual([instances[0]?.condition, instances.at(-1)?.condition], ['Provisioned', 'Running']);
    assert.equal(`${instances[0]?.instanceId}._app.1`, task?.id);
    world.mesos.end([...world.mesos.tasks.values()][0] as never, 'TASK_FAILED');
    world.until(() => told(world, 'status_update_event').some(({ taskStatus }) => taskStatus === 'TASK_FAILED'));
    assert.ok(told(world, 'instance_changed_event').some(({ condition }) => condition === 'Failed'));
  });

  it('tells that an app has ended, a change was refused, and a deployment was given up', () => {
    const world = started(3);
    const again = put(appSpec('/shop/web', { instances: 2 }));
    assert.equal(world.command(again)?.ok, false);
    assert.match(String(told(world, 'group_change_failed')[0]?.reason), /App is locked/);
    world.command({ ...again, force: true } as typeof again);
    assert.match(String(told(world, 'deployment_failed')[0]?.reason), /another change was forced/);
    world.until(settled);
    world.command({ type: 'deleteApp', appId: '/shop/web', force: false });
    world.until(settled);
    assert.deepEqual(
      told(world, 'app_terminated_event').map(({ appId }) => appId),
      ['/shop/web'],
    );
  });

  it('tells of the master', () => {
    const world = new World();
    world.connect();
    world.mesos.disconnect();
    world.feed({ type: 'disconnected', now: world.now });
    world.mesos.subscribe();
    world.deliverAll();
    const types = world.published.map(({ eventType }) => eventType);
    const expected = ['registered', 'disconnected', 'reregistered'].map((word) => `scheduler_${word}_event`);
    assert.deepEqual(types, expected);
  });
});
