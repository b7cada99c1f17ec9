import assert from 'node:assert/strict';
import type { Command } from '../../framework/service.js';
import { put, settled, story } from './model/running.js';
import { appSpec, replicatedSpec, World } from './model/world.js';

/** More than any agent has. */
const impossible = { cpus: 1000 };
const within = (command: Command, seconds: number, rollBack: boolean) =>
  ({ ...command, deadline: { seconds, rollBack } }) as Command;

function settledWorld(): World {
  const world = new World();
  world.connect();
  world.command(put(appSpec('/web', { instances: 2 })));
  world.until(settled);
  return world;
}

describe('scheduler: deployments that do not end', () => {
  it('fail at their deadline, and say what they have waited for', () => {
    const world = settledWorld();
    const startMs = world.now;
    const before = world.app('/web').tasks.map(({ id }) => id);
    world.command(within(put(appSpec('/web', { instances: 2, ...impossible, upgradeStrategy: keepAll })), 60, false));
    const [deployment] = world.view().deployments;
    assert.equal(Date.parse(deployment?.deadline ?? ''), startMs + 60_000);
    world.until(settled);
    assert.ok(world.now - startMs >= 60_000 && world.now - startMs < 70_000);
    const failed = world.published.find(({ eventType }) => eventType === 'deployment_failed');
    assert.ok(failed?.eventType === 'deployment_failed' && failed.id === deployment?.id);
    assert.match(failed.reason, /^the deployment has not ended within 60 s: \/web: 0 of 2 tasks run.*cpus/s);
    assert.ok(world.published.some(({ eventType }) => eventType === 'deployment_step_failure'));
    assert.match(story(world, '/web'), /has not ended within 60 s: /);
    assert.equal(world.app('/web').spec.cpus, 1000);
    assert.deepEqual(
      world.app('/web').tasks.map(({ id }) => id),
      before,
    );
  });

  it('name what has failed while they were under way', () => {
    const world = new World();
    world.connect();
    world.command(within(put(appSpec('/web', { instances: 1 })), 30, false));
    world.until((view) => {
      for (const task of world.mesos.living('/web')) world.mesos.end(task, 'TASK_FAILED');
      return settled(view);
    });
    const failed = world.published.find(({ eventType }) => eventType === 'deployment_failed');
    assert.ok(failed?.eventType === 'deployment_failed');
    assert.match(failed.reason, /has not ended within 30 s: \/web: 0 of 1 tasks run.*; last failure: TASK_FAILED, /s);
  });

  it('are rolled back then, if that was asked for, and leave alone what still runs', () => {
    const world = settledWorld();
    const before = world.app('/web').tasks.map(({ id }) => id);
    world.command(within(put(appSpec('/web', { instances: 2, ...impossible, upgradeStrategy: keepAll })), 60, true));
    const failing = world.view().deployments[0]?.id;
    world.until((view) => settled(view) && view.apps[0]?.spec.cpus === 0.5);
    assert.equal(world.app('/web').spec.cpus, 0.5);
    assert.deepEqual(
      world.app('/web').tasks.map(({ id }) => id),
      before,
    );
    assert.match(story(world, '/web'), new RegExp(`${failing} has not ended within 60 s and is rolled back`));
  });

  it('keep their deadline over a restart, and what ends in time is no failure', () => {
    const world = new World();
    world.connect();
    world.command(within(put(appSpec('/web', impossible)), 60, true));
    world.command(within(put(appSpec('/quick')), 600, true));
    world.crash();
    world.until(settled);
    assert.deepEqual(
      world.view().apps.map(({ spec }) => spec.id),
      ['/quick'],
    );
    world.tick(700_000);
    assert.deepEqual(
      world.view().apps.map(({ spec }) => spec.id),
      ['/quick'],
    );
  });

  it('never take a majority from a replicated app that cannot get its new version', () => {
    const world = new World();
    world.connect();
    world.command(put(replicatedSpec('/demo/ledger')));
    world.until(settled);
    world.command(within(put(replicatedSpec('/demo/ledger', impossible)), 120, true));
    world.until((view) => settled(view) && view.apps[0]?.spec.cpus === 0.5 && view.apps[0]?.group?.state === 'whole');
    assert.equal(world.app('/demo/ledger').group?.generation, 1);
  });

  it('that are ended by the same change, by force, leave no task of the earlier version', () => {
    for (const make of [appSpec, replicatedSpec]) {
      const world = new World();
      world.connect();
      world.command(put(make('/app', { instances: 3 })));
      world.until(settled);
      const earlier = world.app('/app').tasks.map(({ id }) => id);
      const change = () => put(make('/app', { instances: 3, env: { A: 'new' } }));
      world.command(change());
      world.until(({ apps }) => apps.some(({ tasks }) => tasks.some(({ id }) => !earlier.includes(id))));
      const present = () => world.app('/app').tasks.filter(({ id }) => !earlier.includes(id));
      const [first] = present();
      assert.equal(world.command({ ...change(), force: true } as Command)?.ok, true);
      world.until(settled);
      assert.equal(present().length, 3);
      assert.equal(world.app('/app').tasks.length, 3);
      assert.ok(
        present().some(({ id }) => id === first?.id),
        'what was replaced already stays',
      );
    }
  });

  it('that are ended by a kill with scale, by force, still replace the rest', () => {
    const world = settledWorld();
    const [killed, kept] = world.app('/web').tasks.map(({ id }) => id);
    world.command(put(appSpec('/web', { instances: 2, env: { A: 'new' } })));
    world.command({ type: 'killTasks', taskIds: [killed as string], scale: true, force: true });
    world.until((view) => settled(view) && world.mesos.living('/web').length === 1);
    assert.notEqual(world.app('/web').tasks[0]?.id, kept);
  });

  it('that are ended by force leave no app behind: what was not begun follows', () => {
    for (const end of ['cancel', 'change', 'deadline']) {
      const world = new World();
      world.connect();
      const later = appSpec('/later', { instances: 1, dependencies: ['/first'] });
      world.command(within(put(appSpec('/first', impossible), later), 60, false));
      world.tick(500);
      assert.equal(world.app('/later').tasks.length, 0);
      const deploymentId = world.view().deployments[0]?.id as string;
      if (end === 'cancel') world.command({ type: 'cancelDeployment', deploymentId, force: true });
      if (end === 'change') world.command({ ...put(appSpec('/first')), force: true } as Command);
      world.until(() => world.app('/later').tasks[0]?.state === 'TASK_RUNNING');
    }
  });

  it('are so many at most; one more is refused, unless it takes the place of another', () => {
    const world = new World();
    world.connect();
    for (let i = 0; i < 100; i++) world.command(put(appSpec(`/app${i}`, impossible)));
    assert.equal(world.view().deployments.length, 100);
    const refused = world.command(put(appSpec('/one-more', impossible)));
    assert.ok(refused?.ok === false && refused.reason === 'tooMany');
    assert.match(refused.message, /^Max number \(100\) of running deployments is achieved/);
    assert.equal(world.view().apps.length, 100);
    assert.equal(world.command({ ...put(appSpec('/app7')), force: true } as Command)?.ok, true);
  });
});

/** The old tasks run until new ones do. */
const keepAll = { minimumHealthCapacity: 1, maximumOverCapacity: 1 };
