/** An app whose tasks all fail at once, again and again. */
import assert from 'node:assert/strict';
import { put, runningTasks, settled } from './model/running.js';
import { appSpec, replicatedSpec, World } from './model/world.js';

/** Tasks of the app end as soon as they run; the seconds of the world's time at which any was launched. */
function storm(world: World, id: string, seconds: number): number[] {
  const seen = new Set<string>();
  const launchedAt: number[] = [];
  const from = world.now;
  world.until(() => {
    for (const task of world.mesos.living(id)) {
      const id = task.info.task_id.value;
      if (!seen.has(id)) launchedAt.push((world.now - from) / 1000);
      seen.add(id);
      world.mesos.end(task, 'TASK_FAILED');
    }
    return world.now - from >= seconds * 1000;
  }, seconds + 1);
  return launchedAt;
}

describe('scheduler: a storm of failures', () => {
  const failing = appSpec('/failing', { instances: 100, cpus: 0.01, mem: 1, maxLaunchDelaySeconds: 60 });

  it('is launched again seldom, at last once per maxLaunchDelaySeconds, and keeps no record of what has ended', () => {
    const world = new World(5);
    world.connect();
    world.command(put(failing));
    const launchedAt = storm(world, '/failing', 300);
    assert.ok(launchedAt.length >= 200, 'it is tried again');
    assert.ok(launchedAt.length <= 100 * (2 + 300 / 60), `${launchedAt.length} launches in five minutes`);
    const rounds = [...new Set(launchedAt)].filter((at) => at > 130);
    const gaps = rounds.slice(1).map((at, index) => at - (rounds[index] as number));
    assert.ok(
      gaps.every((gap) => gap >= 59),
      `launched after ${gaps} s`,
    );
    assert.ok(world.app('/failing').tasks.length <= 100);
    assert.equal(world.view().queue[0]?.appId, '/failing');
  });

  it('takes nothing from others: they are placed, changed and healed meanwhile', () => {
    const world = new World(5);
    world.connect();
    world.command(put(failing));
    storm(world, '/failing', 5);
    world.command(put(appSpec('/web', { instances: 3 }), replicatedSpec('/ledger')));
    const from = world.now;
    world.until((view) => {
      for (const task of world.mesos.living('/failing')) world.mesos.end(task, 'TASK_FAILED');
      return view.deployments.every(({ affectedApps }) => !affectedApps.includes('/web'));
    });
    assert.ok(world.now - from <= 10_000, `${world.now - from} ms`);
    assert.deepEqual([runningTasks(world, '/web').length, world.app('/ledger').group?.state], [3, 'whole']);
    const [victim] = world.mesos.living('/ledger');
    assert.ok(victim);
    world.mesos.end(victim, 'TASK_FAILED');
    const lostAt = world.now;
    world.until((view) => {
      for (const task of world.mesos.living('/failing')) world.mesos.end(task, 'TASK_FAILED');
      const group = view.apps.find(({ spec }) => spec.id === '/ledger')?.group;
      return group?.state === 'whole' && world.now > lostAt + 1000;
    });
    assert.ok(world.now - lostAt <= 15_000, `healed after ${world.now - lostAt} ms`);
    world.command({ type: 'deleteApp', appId: '/failing', force: true });
    world.until(settled);
    assert.deepEqual(world.mesos.living('/failing'), []);
  });
});
