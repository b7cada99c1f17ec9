/**
 * Which apps a step has to look at. One that has all it wants rests: looked at again, nothing would come of it, whatever the time, until
 * one of its records changes. So a step costs what has changed and what is under way, not what there is.
 */
import { isReplicatedGuest } from '../replicated-guest.js';
import { hasChecks } from './app-kinds.js';
import type { Context } from './context.js';
import { type Group, groupOf, groupState, isConfigured } from './quorum.js';
import type { AppRecord, TaskRecord } from './records.js';
import { isStaying } from './tasks.js';

/** Drains, windows and rebalances move what rests: while there are any, all apps are looked at. */
export const mayMove = ({ state, memory }: Context): boolean =>
  state.drains.size + state.rebalances.size + memory.unavailable.size > 0;

/** So many of those that are awake, but have not changed, are looked at in a step in which time passes: the longest unseen first. */
export const unchangedLooksMax = 5000;

/**
 * The apps that this step looks at: those with changes, and when time passes others that are awake, in turn. What changes from here on is
 * looked at in the next one, too. So word of many groups at once costs what it says, and not all of them each time.
 * @param timePasses what waits for a time or a user may have waited long enough
 */
export function appsToLookAt(context: Context, timePasses: boolean): AppRecord[] {
  const { apps, awake } = context.state;
  const changed = awake.takeChanged();
  if (mayMove(context)) return [...apps.values()];
  const others = timePasses ? awake.inTurn(changed, unchangedLooksMax) : [];
  return [...changed, ...others].flatMap((id) => apps.get(id) ?? []);
}

/** At the end of a step: what it has looked at without changing it may rest. */
export function putToRest(context: Context, lookedAt: AppRecord[]): void {
  const { awake } = context.state;
  for (const app of lookedAt) {
    if (awake.hasChanged(app.id) || !isAtRest(context, app)) continue;
    awake.rest(app.id);
    if (!mayMove(context)) forgetOrders(context, app.id);
  }
}

/** Nothing is asked of its tasks any more. What may move does not rest for long: when it was asked last says when it is asked again. */
function forgetOrders({ state, memory }: Context, id: string): void {
  for (const task of state.tasksOf(id)) memory.orders.delete(task.id);
}

/** Whoever waits for a time, an answer or somebody else does not rest. When in doubt it is awake, which is only slower. */
function isAtRest({ state, memory }: Context, app: AppRecord): boolean {
  const { id } = app;
  const tasks = state.tasksOf(id);
  const isBusy = app.deleting || app.backoff || app.preemptedBy || memory.handOvers.has(id);
  if (isBusy || isWatched(app) || state.deploymentsOf(id).length > 0 || state.reservations.of(id).length > 0)
    return false;
  if (tasks.length !== app.active.instances || !tasks.every(isSteady)) return false;
  if (app.spec.replication === null) return app.group === null;
  const group = groupOf(app, tasks);
  return group !== null && isGroupAtRest(group);
}

/** Something outside its records says what is to be done. */
const isWatched = (app: AppRecord): boolean =>
  hasChecks(app) || Boolean(app.spec.residency ?? app.active.residency) || isReplicatedGuest(app.active);

function isSteady(task: TaskRecord): boolean {
  return task.seen && task.state === 'TASK_RUNNING' && isStaying(task) && !task.replica?.leaving;
}

function isGroupAtRest(group: Group): boolean {
  const { app, record, members } = group;
  const { moving, away, ghosts, slots, toldState } = record;
  if (moving || away.length + ghosts.length > 0 || toldState !== 'whole' || groupState(group) !== 'whole') return false;
  const counts = members.every((task) => isConfigured(group, task) && !task.replica.report?.divergence);
  return counts && members.length === app.active.instances && slots.length === app.active.instances;
}
