/** An app whose instance has a volume, and what is kept for it. */
import assert from 'node:assert/strict';
import type { AppSpec } from '../../../framework/app.js';
import { isVolume, reservationsOf } from '../../../framework/mesos-http-client/index.js';
import type { ReservationRecord } from '../../../framework/scheduler/records.js';
import { put, settled } from './running.js';
import { appSpec, World } from './world.js';

export const residency = (change: Partial<AppSpec['residency'] & object> = {}) => ({
  volumes: [{ containerPath: 'data', sizeMb: 100 }],
  taskLostBehavior: 'WAIT_FOREVER' as const,
  relaunchEscalationTimeoutSeconds: 3600,
  ...change,
});
export const keeper = (change: Partial<AppSpec> = {}) =>
  appSpec('/keep', {
    instances: 1,
    disk: 10,
    residency: residency(),
    unreachableStrategy: 'disabled',
    upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
    backoffSeconds: 0,
    ...change,
  });

export function running(change: Partial<AppSpec> = {}, agents = 3): World {
  const world = new World(agents);
  world.connect();
  assert.equal(world.command(put(keeper(change)))?.ok, true);
  world.until(settled);
  return world;
}

export const tasks = (world: World, id = '/keep') => world.app(id).tasks;
export const records = (world: World): ReservationRecord[] =>
  [...world.stored].filter(([key]) => key.startsWith('reservation:')).map(([, text]) => JSON.parse(text));
/** What agents keep, by instance. */
export const kept = (world: World) =>
  [...world.mesos.agents.keys()].flatMap((id) => world.mesos.total(id).filter((one) => reservationsOf(one).length > 0));
export const volumes = (world: World) =>
  kept(world)
    .filter(isVolume)
    .map(({ disk }) => disk?.persistence?.id);
export const pass = (world: World, steps: number, ms: number) => {
  for (let i = 0; i < steps; i++) {
    world.tick(ms);
    world.deliverAll();
  }
};
export const end = (world: World) => {
  for (const task of world.mesos.living('/keep')) world.mesos.end(task, 'TASK_FAILED');
};
