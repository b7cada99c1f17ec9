/** Plain apps with volumes: each instance comes back to the agent that keeps its own, and there are no others. */
import { byAge, firstToGo, isOutdated } from './apps.js';
import type { Context } from './context.js';
import { type Demand, demandOf, isDelayed, livingOn, requestBack } from './demand.js';
import type { AppRecord, ReservationRecord, TaskRecord } from './records.js';
import { release } from './reservations.js';
import { patienceOf, stop } from './tasks.js';
import { isUp } from './up.js';

interface Instance {
  kept: ReservationRecord;
  /** Null: it waits for its agent. */
  task: TaskRecord | null;
}

/** Makes one step towards the wanted number of instances of the wanted version; returns what is to be launched. */
export function convergeResident(
  context: Context,
  app: AppRecord,
  tasks: readonly TaskRecord[],
  restarting: boolean,
): Demand[] {
  giveUpLost(context, app, tasks);
  const wanted = app.deleting ? 0 : app.active.instances;
  drop(context, app, instancesOf(context, app, tasks), wanted);
  const instances = instancesOf(context, app, tasks);
  if (restarting) stopStale(context, app, instances);
  const backs = instances.flatMap(({ kept, task }, slot) => (task ? [] : [returningDemand(context, app, kept, slot)]));
  return [...backs, ...newDemand(context, app, instances, wanted - instances.length)];
}

function instancesOf({ state }: Context, app: AppRecord, tasks: readonly TaskRecord[]): Instance[] {
  const byReservation = new Map(tasks.map((task) => [task.reservationId, task]));
  return state.reservationsOf(app.id).map((kept) => ({ kept, task: byReservation.get(kept.id) ?? null }));
}

/** Whose task, or volume, has been out of reach for longer than `residency` allows. */
function giveUpLost(context: Context, app: AppRecord, tasks: readonly TaskRecord[]): void {
  const patience = patienceOf(app.active);
  if (patience === 'disabled') return;
  for (const { kept, task } of instancesOf(context, app, tasks)) {
    const waitedMs = kept.idleSinceMs === null ? 0 : context.now - kept.idleSinceMs;
    if (task ? !task.inactive : waitedMs < patience.inactiveAfterSeconds * 1000) continue;
    const reason = `it has been out of reach for ${patience.inactiveAfterSeconds} s (relaunchEscalationTimeoutSeconds)`;
    release(context, kept, reason);
    if (task) stop(context, task, reason);
  }
}

/** Instances beyond `wanted`: first those that end anyway, then those that wait, then by age. */
function drop(context: Context, app: AppRecord, instances: Instance[], wanted: number): void {
  if (instances.length <= wanted) return;
  const rank = ({ task }: Instance) => {
    if (!task) return 1;
    if (task.stopping) return 0;
    return task.state === 'TASK_RUNNING' ? 3 : 2;
  };
  const order = byAge(
    app,
    instances.flatMap(({ task }) => task ?? []),
  );
  const age = ({ task }: Instance) => (task ? order.indexOf(task) : 0);
  const first = [...instances].sort((a, b) => rank(a) - rank(b) || age(a) - age(b));
  const reason = app.deleting ? 'the app is deleted' : `the app is scaled to ${wanted}`;
  for (const { kept, task } of first.slice(0, instances.length - wanted)) {
    release(context, kept, reason);
    if (task) stop(context, task, reason);
  }
}

/** Down to `minimumHealthCapacity` of the instances, and one at least, because none can be started before another stops. */
function stopStale(context: Context, app: AppRecord, instances: Instance[]): void {
  const { instances: wanted, upgradeStrategy } = app.active;
  const tasks = instances.flatMap(({ task }) => (task && !task.stopping ? [task] : []));
  const stale = tasks.filter((task) => isOutdated(app, task));
  const up = tasks.filter((task) => isUp(context, app, task));
  const healthyMin = Math.min(wanted - 1, Math.ceil(wanted * upgradeStrategy.minimumHealthCapacity));
  const spare = Math.max(0, up.length - healthyMin);
  for (const task of firstToGo(context, app, stale, spare))
    stop(context, task, `the app has a new version, ${app.active.version}`);
}

function returningDemand(context: Context, app: AppRecord, kept: ReservationRecord, slot: number): Demand {
  return {
    app,
    request: requestToReturn(context, app, kept, slot),
    delayed: isDelayed(context, app),
    reservation: kept,
  };
}

/** The request for what is kept, where it is kept; nothing else matters any more. */
export function requestToReturn(
  context: Context,
  app: AppRecord,
  kept: ReservationRecord,
  slot: number,
): Demand['request'] {
  const request = requestBack(context, app.active);
  return { ...request, slots: [slot], demand: kept.demand, claim: { keptFor: kept.id }, distinctAgents: false };
}

function newDemand(context: Context, app: AppRecord, instances: Instance[], missing: number): Demand[] {
  if (missing <= 0) return [];
  const slots = Array.from({ length: missing }, (_, index) => instances.length + index);
  const demand = demandOf(context, app, slots, []);
  const living = instances.map(({ kept }, slot) => livingOn(kept.agent, slot));
  return [{ ...demand, request: { ...demand.request, living } }];
}
