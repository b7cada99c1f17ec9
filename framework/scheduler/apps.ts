/** Plain apps: how many tasks are to be launched and which are to be stopped (Marathon's scale and restart). */
import type { Context } from './context.js';
import { type Demand, demandOf } from './demand.js';
import type { AppRecord, TaskRecord } from './records.js';
import { stop } from './tasks.js';

/** Makes one step towards the wanted number of tasks of the wanted version; returns what is to be launched. */
export function convergePlain(
  context: Context,
  app: AppRecord,
  tasks: TaskRecord[],
  restarting: boolean,
): Demand | null {
  const counted = tasks.filter((task) => !task.stopping && !task.inactive);
  const wanted = app.deleting ? 0 : app.active.instances;
  const stale = restarting ? counted.filter((task) => isOutdated(app, task)) : [];
  const missing = stale.length > 0 ? replaceStale(context, app, counted, stale) : wanted - counted.length;
  if (missing < 0) stopSurplus(context, app, counted, -missing);
  for (const task of tasks)
    if (task.inactive && missing <= 0) stop(context, task, 'it was replaced while it was unreachable');
  if (missing <= 0) return null;
  const slots = Array.from({ length: missing }, (_, index) => counted.length + index);
  return demandOf(context, app, slots, tasks);
}

/** Of another configuration than the app's present one. Changing only `instances` outdates nothing. */
export const isOutdated = (app: AppRecord, task: TaskRecord) =>
  task.configurationVersion !== app.active.versionInfo.lastConfigChangeAt;

/**
 * Stops outdated tasks down to `minimumHealthCapacity` (rounded up) and returns how many may be launched within
 * `maximumOverCapacity` (rounded down); if both meet, one task more is allowed (Marathon's restart arithmetic).
 */
function replaceStale(context: Context, app: AppRecord, counted: TaskRecord[], stale: TaskRecord[]): number {
  const { instances, upgradeStrategy } = app.active;
  const running = counted.filter((task) => task.state === 'TASK_RUNNING');
  const fresh = counted.filter((task) => !stale.includes(task));
  const freshRuns = fresh.length >= instances && fresh.every((task) => task.state === 'TASK_RUNNING');
  const healthyMin = Math.ceil(instances * upgradeStrategy.minimumHealthCapacity);
  const spare = freshRuns ? stale.length : Math.max(0, running.length - healthyMin);
  const runningStale = stale.filter((task) => task.state === 'TASK_RUNNING');
  const victims = [
    ...stale.filter((task) => task.state !== 'TASK_RUNNING'),
    ...byAge(app, runningStale).slice(0, spare),
  ];
  for (const task of victims) stop(context, task, `the app has a new version, ${app.active.version}`);
  const capacity = Math.max(
    Math.trunc(instances * (1 + upgradeStrategy.maximumOverCapacity)),
    healthyMin + (healthyMin >= instances ? 1 : 0),
  );
  return Math.max(0, Math.min(instances - fresh.length, capacity - (counted.length - victims.length)));
}

function stopSurplus(context: Context, app: AppRecord, counted: TaskRecord[], count: number): void {
  const idle = counted.filter((task) => task.state !== 'TASK_RUNNING');
  const running = counted.filter((task) => task.state === 'TASK_RUNNING');
  const reason = app.deleting ? 'the app is deleted' : `the app is scaled to ${app.active.instances}`;
  for (const task of [...byAge(app, idle), ...byAge(app, running)].slice(0, count)) stop(context, task, reason);
}

/** The first to go is first. */
function byAge(app: AppRecord, tasks: TaskRecord[]): TaskRecord[] {
  const oldestFirst = [...tasks].sort((a, b) => a.stagedAt.localeCompare(b.stagedAt) || a.id.localeCompare(b.id));
  return app.active.killSelection === 'OLDEST_FIRST' ? oldestFirst : oldestFirst.reverse();
}
