/** Kills that users ask for, behind the quorum guard. */
import lodash from 'lodash';
import { majorityOf } from '../../placement/index.js';
import type { AppSpec } from '../app.js';
import { isReplicatedGuest } from '../replicated-guest.js';
import type { Command, CommandResult } from '../service.js';
import { deploy, unfinishedRestarts, unlock } from './changes.js';
import type { Context } from './context.js';
import { wantSlots } from './groups.js';
import { guestBears } from './guests.js';
import { caughtUp, groupOf, mayKill } from './quorum.js';
import type { AppRecord, TaskRecord } from './records.js';
import { release } from './reservations.js';
import { nextVersion, stop } from './tasks.js';

type KillCommand = Extract<Command, { type: 'killTasks' }>;

export function killTasks(context: Context, command: KillCommand): CommandResult {
  const tasks = command.taskIds.flatMap((id) => context.state.tasks.get(id) ?? []);
  const missing = command.taskIds.find((id) => !context.state.tasks.get(id));
  if (missing !== undefined || tasks.length === 0) {
    return { ok: false, reason: 'notFound', message: `Task '${missing ?? ''}' does not exist` };
  }
  const byApp = new Map(Object.entries(lodash.groupBy(tasks, (task) => task.appId)));
  const refused = command.wipe ? refuseWipe(context, [...byApp.keys()]) : null;
  if (refused) return refused;
  for (const [appId, victims] of byApp) {
    const refusal = command.force ? null : refuseKill(context, context.state.apps.get(appId), victims, command.scale);
    if (refusal) return refusal;
  }
  return command.scale ? killAndScale(context, byApp, command.force) : killNow(context, tasks, command);
}

function refuseKill(
  context: Context,
  app: AppRecord | undefined,
  victims: TaskRecord[],
  scale: boolean,
): CommandResult | null {
  const group = app && groupOf(app, context.state.tasksOf(app.id));
  if (!app || !group) return null;
  if (scale && isReplicatedGuest(app.spec)) {
    const message = `instances: "${app.id}" is a replicated guest and keeps its three members; delete the app instead, or kill without scale`;
    return { ok: false, reason: 'invalid', message };
  }
  const members = new Set(victims.flatMap((task) => task.replica?.self.member ?? []));
  if (scale && app.spec.instances - victims.length < 1) {
    return {
      ok: false,
      reason: 'invalid',
      message: `instances: "${app.id}" is replicated and needs at least 1; delete the app instead`,
    };
  }
  if (scale || mayKill(group, members)) return null;
  if (!guestBears(group, members)) {
    const message = `Killing this member of ${app.id} would end its guest: no backup covers the primary. Wait until one does, or override with the option '?force=true'`;
    return { ok: false, reason: 'quorum', message };
  }
  const size = group.record.configuration.length;
  const message =
    `Killing ${members.size} of the ${size} members of ${app.id} would leave fewer than ${majorityOf(size)} caught up ` +
    `(${caughtUp(group).length} are now) and the group could not serve. Wait until it is whole, or override with the option '?force=true'`;
  return { ok: false, reason: 'quorum', message };
}

/** A replica takes what it keeps along when it leaves its group, and not before. */
function refuseWipe({ state }: Context, appIds: string[]): CommandResult | null {
  const replicated = appIds.find((id) => state.apps.get(id)?.spec.replication);
  if (replicated === undefined) return null;
  const message = `wipe: "${replicated}" is replicated, and its replicas keep what the group needs; drain the agent, or scale the app`;
  return { ok: false, reason: 'invalid', message };
}

function killNow(context: Context, tasks: TaskRecord[], { force, wipe = false }: KillCommand): CommandResult {
  const kept = tasks.flatMap(({ reservationId = '' }) => context.state.reservations.get(reservationId) ?? []);
  if (wipe) for (const one of kept) release(context, one, 'wiped by a user');
  for (const task of tasks) stop(context, task, force ? 'killed by a user, forced' : 'killed by a user', !force);
  return {
    ok: true,
    deploymentId: null,
    version: context.state.apps.get((tasks[0] as TaskRecord).appId)?.spec.version ?? '',
  };
}

/** Plain tasks are killed at once; replicas leave their configuration first, because their slots are no longer wanted. */
function killAndScale(context: Context, byApp: Map<string, TaskRecord[]>, force: boolean): CommandResult {
  const unfinished = unfinishedRestarts(context, byApp.keys());
  const locked = unlock(context, [...byApp.keys()], force);
  if (locked) return locked;
  const targets = [...byApp].flatMap(([appId, tasks]) => {
    const app = context.state.apps.get(appId);
    return app ? [[appId, scaledDown(context, app, tasks)] as const] : [];
  });
  const version =
    targets
      .map(([, spec]) => spec.version)
      .sort()
      .at(-1) ?? nextVersion(context, undefined);
  return deploy(context, { version, apps: new Map(targets), unfinished });
}

function scaledDown(context: Context, app: AppRecord, tasks: TaskRecord[]): AppSpec {
  const slots = tasks.flatMap((task) => task.replica?.self.slot ?? []);
  if (app.group) {
    const kept = app.group.slots.filter((slot) => !slots.includes(slot));
    wantSlots(context, app, app.group, kept);
  }
  for (const task of tasks) if (!task.replica) stop(context, task, 'killed by a user, who scales the app down');
  return { ...app.spec, instances: Math.max(0, app.spec.instances - tasks.length), version: nextVersion(context, app) };
}
