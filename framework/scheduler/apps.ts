/** Plain apps: how many tasks are to be launched and which are to be stopped (Marathon's scale and restart). */
import lodash from 'lodash';
import type { AgentName } from '../../placement/index.js';
import type { Context } from './context.js';
import { type Demand, demandOf, fromMaintenance, towards } from './demand.js';
import { departuresOf } from './departures.js';
import { isUseless } from './health.js';
import type { AppRecord, TaskRecord } from './records.js';
import { stop } from './tasks.js';
import { isUp } from './up.js';
import { victimsOf } from './victims.js';

/** Makes one step towards the wanted number of tasks of the wanted version; returns what is to be launched. */
export function convergePlain(
  context: Context,
  app: AppRecord,
  tasks: readonly TaskRecord[],
  restarting: boolean,
): Demand | null {
  const counted = tasks.filter((task) => !task.stopping && !task.inactive);
  const wanted = app.deleting ? 0 : app.active.instances;
  const { stale, healthyMin, reasonOf, to, isForMaintenance } = replacement(context, app, counted, restarting);
  const missing =
    stale.length > 0 && !app.deleting
      ? replaceStale(context, app, counted, { stale, healthyMin, reasonOf })
      : wanted - counted.length;
  if (missing < 0) stopSurplus(context, app, counted, -missing);
  for (const task of tasks)
    if (task.inactive && missing <= 0) stop(context, task, 'it was replaced while it was unreachable');
  if (missing <= 0) return null;
  const slots = Array.from({ length: missing }, (_, index) => counted.length + index);
  const demand = demandOf(context, app, slots, to === undefined ? tasks : lodash.difference(tasks, stale));
  if (isForMaintenance) return fromMaintenance(context, demand);
  return to ? towards(demand, to) : demand;
}

/** Of another configuration than the app's present one. Changing only `instances` outdates nothing. */
export const isOutdated = (app: AppRecord, task: TaskRecord) =>
  task.configurationVersion !== app.active.versionInfo.lastConfigChangeAt;

interface Replacement {
  stale: TaskRecord[];
  /** So many tasks run at any time. */
  healthyMin: number;
  reasonOf(task: TaskRecord): string;
}

/** What a restart replaces, or else what is to move to another agent (`to`; null: any): never before its successor runs. */
function replacement(
  context: Context,
  app: AppRecord,
  counted: readonly TaskRecord[],
  restarting: boolean,
): Replacement & { to?: AgentName | null; isForMaintenance?: boolean } {
  const { instances, upgradeStrategy, version } = app.active;
  const outdated = restarting ? counted.filter((task) => isOutdated(app, task)) : [];
  // A move that does not take any agent waits until nothing is missing: what is missing does.
  const departures = departuresOf(context, counted).filter(
    ({ to, isForMaintenance }) => counted.length >= instances || (to === null && !isForMaintenance),
  );
  if (outdated.length > 0 || departures.length === 0) {
    const healthyMin = Math.ceil(instances * upgradeStrategy.minimumHealthCapacity);
    return { stale: outdated, healthyMin, reasonOf: () => `the app has a new version, ${version}` };
  }
  const reasons = new Map(departures.map(({ task, reason }) => [task, reason]));
  const stale = [...reasons.keys()];
  const { to = null, isForMaintenance = false } = departures[0] ?? {};
  return { stale, healthyMin: instances, reasonOf: (task) => reasons.get(task) as string, to, isForMaintenance };
}

/**
 * Stops stale tasks down to `healthyMin` that are up (in a restart `minimumHealthCapacity`, rounded up) and returns how many may be
 * launched within `maximumOverCapacity` (rounded down); if both meet, one task more is allowed (Marathon's restart arithmetic).
 */
function replaceStale(
  context: Context,
  app: AppRecord,
  counted: readonly TaskRecord[],
  { stale, healthyMin, reasonOf }: Replacement,
): number {
  const { instances, upgradeStrategy } = app.active;
  const up = counted.filter((task) => isUp(context, app, task));
  const fresh = counted.filter((task) => !stale.includes(task));
  const freshIsUp = fresh.length >= instances && fresh.every((task) => up.includes(task));
  const spare = freshIsUp ? stale.length : Math.max(0, up.length - healthyMin);
  const victims = firstToGo(context, app, stale, spare);
  for (const task of victims) stop(context, task, reasonOf(task));
  const capacity = Math.max(
    Math.trunc(instances * (1 + upgradeStrategy.maximumOverCapacity)),
    healthyMin + (healthyMin >= instances ? 1 : 0),
  );
  return Math.max(0, Math.min(instances - fresh.length, capacity - (counted.length - victims.length)));
}

/** All that are of no use, and so many of the others as can be spared. */
export function firstToGo(context: Context, app: AppRecord, stale: TaskRecord[], spare: number): TaskRecord[] {
  const [useless, useful] = lodash.partition(stale, (task) => isUseless(context, app, task));
  return [...useless, ...byAge(app, useful).slice(0, spare)];
}

function stopSurplus(context: Context, app: AppRecord, counted: readonly TaskRecord[], count: number): void {
  const idle = counted.filter((task) => task.state !== 'TASK_RUNNING');
  const running = counted.filter((task) => task.state === 'TASK_RUNNING');
  const reason = app.deleting ? 'the app is deleted' : `the app is scaled to ${app.active.instances}`;
  const first = byAge(app, idle).slice(0, count);
  for (const task of [...first, ...victimsOf(context, app, running, count - first.length)]) stop(context, task, reason);
}

/** The first to go is first. */
export function byAge(app: AppRecord, tasks: readonly TaskRecord[]): TaskRecord[] {
  const oldestFirst = [...tasks].sort((a, b) => a.stagedAt.localeCompare(b.stagedAt) || a.id.localeCompare(b.id));
  return app.active.killSelection === 'OLDEST_FIRST' ? oldestFirst : oldestFirst.reverse();
}
