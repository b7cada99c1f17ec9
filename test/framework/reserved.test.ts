import assert from 'node:assert/strict';
import { put, settled } from './model/running.js';
import { appSpec, World } from './model/world.js';

/** Of three agents the first is reserved for the framework's role. */
function withReserved(): World {
  const world = new World(3);
  const [first] = world.mesos.agents.values();
  if (first) first.role = 'gaia';
  world.connect();
  return world;
}

const hosts = (world: World, id: string) => new Set(world.app(id).tasks.map(({ host }) => host));

describe('scheduler: resources that are reserved', () => {
  it('are taken by apps that accept their role, and by no others', () => {
    const world = withReserved();
    const anywhere = { instances: 12, acceptedResourceRoles: null };
    world.command(put(appSpec('/own', { instances: 2, acceptedResourceRoles: ['gaia'] })));
    world.command(put(appSpec('/shared', { instances: 8, acceptedResourceRoles: ['*'] })));
    world.until(settled);
    assert.deepEqual(hosts(world, '/own'), new Set(['box1']));
    assert.deepEqual(hosts(world, '/shared').has('box1'), false);
    world.command(put(appSpec('/any', anywhere)));
    world.until(settled);
    assert.ok(hosts(world, '/any').has('box1'), 'without a word on roles all of them are accepted');
  });

  it('are named in the launch as the offer has them', () => {
    const world = withReserved();
    world.command(put(appSpec('/own', { instances: 1, acceptedResourceRoles: ['gaia'] })));
    world.until(settled);
    const [task] = world.mesos.tasks.values();
    assert.ok(task?.info.resources?.every(({ reservations }) => reservations?.at(-1)?.role === 'gaia'));
  });
});
