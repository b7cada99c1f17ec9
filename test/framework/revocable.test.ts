import assert from 'node:assert/strict';
import { parseResources } from '../../framework/mesos-http-client/index.js';
import { put, settled } from './model/running.js';
import { appSpec, World } from './model/world.js';

/** Of three agents one has as much again that may be revoked. */
function withRevocable(): World {
  const world = new World(3);
  const [first] = world.mesos.agents.values();
  const more = parseResources('cpus:4').map((resource) => ({ ...resource, revocable: {} }));
  if (first) first.resources = [...world.mesos.total(first.id), ...more];
  world.connect();
  return world;
}

describe('scheduler: resources that can be revoked', () => {
  it('are taken by apps that say so, whole and not mixed with others', () => {
    const world = withRevocable();
    world.command(put(appSpec('/batch', { instances: 2, cpus: 2, revocable: true })));
    world.until(settled);
    for (const { agentId, info } of world.mesos.tasks.values()) {
      const kinds = (info.resources ?? []).map(({ name, revocable }) => [name, revocable !== undefined]);
      assert.equal(agentId, 'S1');
      assert.deepEqual(kinds.sort(), [
        ['cpus', true],
        ['mem', false],
        ['ports', false],
      ]);
    }
  });

  it('are not given to others, though those wait', () => {
    const world = withRevocable();
    world.command(put(appSpec('/web', { instances: 4, cpus: 3 })));
    world.until((view) => view.queue[0]?.count === 1);
    assert.ok(
      [...world.mesos.tasks.values()].every(({ info }) => (info.resources ?? []).every(({ revocable }) => !revocable)),
    );
    assert.equal(world.scheduler.takesRevocable, false);
  });

  it('where there are none, or too few, the app takes what all may have', () => {
    const world = withRevocable();
    world.command(put(appSpec('/batch', { instances: 3, cpus: 3, revocable: true })));
    world.until(settled);
    assert.equal(world.scheduler.takesRevocable, true);
    assert.equal(
      new Set(
        [...world.mesos.tasks.values()].map(({ info }) =>
          JSON.stringify(info.resources?.map(({ revocable }) => revocable)),
        ),
      ).size,
      2,
    );
  });

  it('are wanted until the last app that takes them is gone', () => {
    const world = withRevocable();
    world.command(put(appSpec('/batch', { instances: 1, revocable: true })));
    world.until(settled);
    assert.equal(world.scheduler.takesRevocable, true);
    world.command({ type: 'deleteApp', appId: '/batch', force: false });
    world.until((view) => view.apps.length === 0);
    assert.equal(world.scheduler.takesRevocable, false);
  });
});
