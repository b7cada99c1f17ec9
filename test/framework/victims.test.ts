import assert from 'node:assert/strict';
import { constraint } from '../placement/build.js';
import type { FakeTask } from './model/fake-mesos.js';
import { put, replicas, running, settled } from './model/running.js';
import { appSpec, replicatedSpec, type World } from './model/world.js';

const zones = (world: World, id: string) =>
  world
    .app(id)
    .tasks.map(({ zone }) => zone)
    .sort();

describe('scheduler: who goes when an app gets smaller', () => {
  it('leaves tasks evenly over what they are grouped by, whatever their age', () => {
    const world = running({ instances: 1 }, 6);
    const web = (instances: number) =>
      appSpec('/web', { instances, constraints: [constraint('@zone', 'GROUP_BY', '2')], backoffSeconds: 0 });
    world.command(put(web(1)));
    world.until(settled);
    for (const instances of [2, 3, 4]) {
      world.command(put(web(instances)));
      world.until(settled);
    }
    const tasks = world.app('/web').tasks.sort((a, b) => a.stagedAt.localeCompare(b.stagedAt));
    const second = tasks[1];
    world.mesos.end(world.mesos.tasks.get(second?.id ?? '') as FakeTask, 'TASK_FAILED');
    world.until(
      () => world.mesos.living('/web').length === 4 && world.app('/web').tasks.every(({ id }) => id !== second?.id),
    );
    world.until(() => world.app('/web').tasks.every(({ state }) => state === 'TASK_RUNNING'));
    world.command(put(web(2)));
    world.until(settled);
    assert.deepEqual(zones(world, '/web'), ['z0', 'z1']);
  });

  it('takes replicas whose agents are drained first', () => {
    const world = running({ instances: 4 }, 4);
    const led = world.app('/demo/ledger').group?.leader?.slot;
    for (const victim of replicas(world).filter(({ replica }) => replica?.slot !== led)) {
      const drained = world.command({ type: 'drain', wanted: { agent: [victim.host] } });
      world.command(put(replicatedSpec('/demo/ledger', { instances: 3 })));
      world.until(settled);
      assert.deepEqual(
        replicas(world).some(({ host }) => host === victim.host),
        false,
      );
      world.command({
        type: 'cancelDeployment',
        deploymentId: (drained?.ok && drained.deploymentId) || '',
        force: false,
      });
      world.command(put(replicatedSpec('/demo/ledger', { instances: 4 })));
      world.until(settled);
    }
  });
});
