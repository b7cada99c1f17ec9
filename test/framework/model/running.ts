/** A world with one replicated app in it, and how tests look at it. */
import assert from 'node:assert/strict';
import type { AppSpec } from '../../../framework/app.js';
import type { Command, FrameworkView } from '../../../framework/service.js';
import { replicatedSpec, World } from './world.js';

export const put = (...specs: AppSpec[]): Command => ({ type: 'putApps', specs, create: false, force: false });
export const settled = (view: FrameworkView) => view.deployments.length === 0;

export function running(change: Partial<AppSpec> = {}, agents = 5): World {
  const world = new World(agents);
  world.connect();
  assert.equal(world.command(put(replicatedSpec('/demo/ledger', change)))?.ok, true);
  world.until(settled);
  return world;
}

export const story = (world: World, id = '/demo/ledger') =>
  world
    .app(id)
    .story.map(({ text }) => text)
    .join('\n');
export const replicas = (world: World) =>
  world.app('/demo/ledger').tasks.filter(({ state }) => state === 'TASK_RUNNING');
