/** A world with one replicated app in it, and how tests look at it. */
import assert from 'node:assert/strict';
import type { AppSpec } from '../../../framework/app.js';
import type { Command, FrameworkView } from '../../../framework/service.js';
import { replicatedSpec, World } from './world.js';

export const put = (...specs: AppSpec[]): Command => ({ type: 'putApps', specs, create: false, force: false });
export const settled = (view: FrameworkView) => view.deployments.length === 0;

/** A world in which the deployment of these has begun. */
export function started(...specs: AppSpec[]): World {
  const world = new World();
  world.connect();
  assert.equal(world.command(put(...specs))?.ok, true);
  return world;
}

export function running(change: Partial<AppSpec> = {}, agents = 5): World {
  const world = new World(agents);
  world.connect();
  assert.equal(world.command(put(replicatedSpec('/demo/ledger', change)))?.ok, true);
  world.until(settled);
  return world;
}

/** A healthy world, for so many seconds. */
export function pass(world: World, seconds: number): void {
  const from = world.now;
  world.until(() => world.now - from >= seconds * 1000, seconds + 1);
}

export const story = (world: World, id = '/demo/ledger') =>
  world
    .app(id)
    .story.map(({ text }) => text)
    .join('\n');
export const runningTasks = (world: World, id: string) =>
  world.app(id).tasks.filter(({ state }) => state === 'TASK_RUNNING');
export const replicas = (world: World) => runningTasks(world, '/demo/ledger');
