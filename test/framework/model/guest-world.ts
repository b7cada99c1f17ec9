/** A replicated guest in a healthy world, and who of its members is what. */
import assert from 'node:assert/strict';
import type { GuestView, TaskView } from '../../../framework/service.js';
import { FakeGroup } from './fake-group.js';
import { FakeGuest } from './fake-guest.js';
import { put, runningTasks } from './running.js';
import { guestSpec, World } from './world.js';

export const id = '/demo/guest';

/** `model`: what the guest of the first generation is like from the beginning. */
export function posted(agents = 5, model: Partial<FakeGuest> = {}): World {
  const world = new World(agents);
  const group = new FakeGroup(`${id}@1`);
  group.guest = Object.assign(new FakeGuest(), model);
  world.mesos.groups.set(group.name, group);
  world.connect();
  assert.equal(world.command(put(guestSpec(id)))?.ok, true);
  return world;
}

export const running = (world: World): TaskView[] => runningTasks(world, id);
export const guest = (world: World): GuestView | undefined => world.app(id).group?.guest;
export const isWhole = (world: World) => world.app(id).group?.state === 'whole';
export const model = (world: World): FakeGuest => world.mesos.groups.get(`${id}@1`)?.guest as FakeGuest;

export function covered(world: World): World {
  world.until(() => guest(world)?.covered === true && isWhole(world) && running(world).length === 3, 120);
  return world;
}

export const memberAt = (world: World, member: number | null | undefined): TaskView =>
  running(world).find(({ replica }) => replica?.member === member) as TaskView;
export const primary = (world: World) => memberAt(world, guest(world)?.primary);
export const backup = (world: World) => memberAt(world, guest(world)?.backup);
export const witness = (world: World) => running(world).find(({ replica }) => replica?.slot === 2) as TaskView;

export function fail(world: World, task: TaskView): void {
  const found = world.mesos.tasks.get(task.id);
  assert.ok(found);
  world.mesos.end(found, 'TASK_FAILED');
}

/** Its backup has failed, and the next one is `change`, so that nobody covers the primary. */
export function uncovered(world: World, change: Partial<FakeGuest>): TaskView {
  Object.assign(model(world), change);
  fail(world, backup(world));
  world.until(() => guest(world)?.covered === false && isWhole(world), 120);
  return primary(world);
}
