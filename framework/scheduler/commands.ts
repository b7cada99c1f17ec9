/** Commands of users: checked against the state, then turned into deployments. */
import lodash from 'lodash';
import type { AppGroup, AppSpec } from '../app.js';
import { isReplicatedGuest } from '../replicated-guest.js';
import type { Command, CommandResult } from '../service.js';
import { dependencyGraph } from '../spec/dependencies.js';
import {
  commonGroup,
  deploy,
  endEarly,
  notFound,
  type Refusal,
  settle,
  targetsOf,
  unfinishedRestarts,
  unlock,
  type Wanted,
} from './changes.js';
import { type Context, isoTime } from './context.js';
import { endDrain, startDrain } from './drains.js';
import { newGeneration } from './groups.js';
import { failOverGuest, syncGuest } from './guest-orders.js';
import { transferLeadership } from './hand-over.js';
import { killTasks } from './kill-command.js';
import { publish } from './publish.js';
import { groupOf, groupState, isLost, lostSentence } from './quorum.js';
import { endRebalance, startRebalance } from './rebalances.js';
import type { AppRecord } from './records.js';
import { rollBack } from './roll-back.js';
import { withServicePorts } from './service-ports.js';
import { stepsOf } from './steps.js';
import { tell } from './story.js';
import { nextVersion, stop } from './tasks.js';

export function runCommand(context: Context, command: Command): CommandResult {
  const result = carryOut(context, command);
  if (!result.ok) publishRefusal(context, command, result.message);
  return result;
}

/** Of changes of apps; whoever sent the command is answered, too. */
function publishRefusal(context: Context, command: Command, reason: string): void {
  const groupId = groupOfChange(command);
  if (groupId !== null)
    publish(context, { eventType: 'group_change_failed', groupId, version: isoTime(context.now), reason });
}

function groupOfChange(command: Command): string | null {
  if (command.type === 'changeTree') return command.groupId;
  if (command.type === 'putApps') return commonGroup(command.specs.map(({ id }) => id));
  return command.type === 'deleteApp' || command.type === 'restartApp' ? commonGroup([command.appId]) : null;
}

function carryOut(context: Context, command: Command): CommandResult {
  switch (command.type) {
    case 'putApps':
      return putApps(context, command);
    case 'changeTree':
      return changeTree(context, command);
    case 'deleteApp':
      return deleteApp(context, command);
    case 'restartApp':
      return restartApp(context, command);
    case 'killTasks':
      return killTasks(context, command);
    case 'cancelDeployment':
      return cancelDeployment(context, command.deploymentId, command.force);
    case 'resetDelay':
      return resetDelay(context, command.appId);
    case 'transferLeadership':
      return transferLeadership(context, command.appId, command.slot);
    case 'syncGuest':
      return syncGuest(context, command.appId, command.request);
    case 'failOverGuest':
      return failOverGuest(context, command.appId);
    case 'drain':
      return startDrain(context, command.wanted);
    case 'rebalance':
      return startRebalance(context, command.moves, command.gainMin);
  }
}

function putApps(context: Context, command: Extract<Command, { type: 'putApps' }>): CommandResult {
  const { specs, create, deadline } = command;
  const refusal = specs.map((spec) => refusePut(context, spec, create)).find((found) => found !== null);
  if (refusal) return refusal;
  const unfinished = unfinishedRestarts(
    context,
    specs.map(({ id }) => id),
  );
  const version = specs
    .map((spec) => spec.version)
    .sort()
    .at(-1);
  if (version === undefined)
    return { ok: false, reason: 'invalid', message: 'apps: the list is empty; name at least one app' };
  const apps = new Map(specs.map((spec) => [spec.id, spec]));
  return change(context, { version, apps, unfinished, ...(deadline && { deadline }) }, command);
}

/** Apps and groups together, as one deployment. */
function changeTree(context: Context, command: Extract<Command, { type: 'changeTree' }>): CommandResult {
  const { specs, removedApps, groups, removedGroups, groupId, version, deadline } = command;
  const refusal = specs.map((spec) => refusePut(context, spec, false)).find((found) => found !== null);
  if (refusal) return refusal;
  const apps = new Map<string, AppSpec | null>(specs.map((spec) => [spec.id, spec]));
  for (const id of removedApps) if (context.state.apps.get(id)) apps.set(id, null);
  const byId = new Map<string, AppGroup | null>(groups.map((group) => [group.id, group]));
  for (const id of removedGroups) if (context.state.appGroups.get(id)) byId.set(id, null);
  const unfinished = unfinishedRestarts(context, apps.keys());
  return change(context, { version, apps, groups: byId, groupId, unfinished, ...(deadline && { deadline }) }, command);
}

/** Begins what is wanted, unless only its steps are. */
function change(
  context: Context,
  wanted: Wanted,
  { force, dryRun }: { force: boolean; dryRun?: boolean },
): CommandResult {
  const apps = withServicePorts(context, wanted.apps);
  if (!(apps instanceof Map)) return apps;
  if (dryRun) return preview(context, { ...wanted, apps });
  return unlock(context, [...apps.keys()], force) ?? deploy(context, { ...wanted, apps });
}

/** The steps that a change would have. */
function preview(context: Context, wanted: Wanted): CommandResult {
  const targets = targetsOf(context, wanted);
  const specs = new Map([...context.state.apps.values()].map(({ spec }) => [spec.id, spec]));
  const groups = new Map([...context.state.appGroups.values()].map((group) => [group.id, group]));
  for (const [id, { after }] of targets) if (after) specs.set(id, after);
  for (const [id, group] of wanted.groups ?? []) {
    if (group) groups.set(id, group);
    else groups.delete(id);
  }
  const steps = stepsOf(targets, () => dependencyGraph(specs.values(), groups.values()));
  return { ok: true, deploymentId: null, version: wanted.version, steps };
}

/** Of a replicated app: in what all members must agree, the ones that an upgrade has not reached yet included. */
const ofWholeGroup = ['protocol', 'durability', 'via', 'compareOutput'] as const;

function refusePut(context: Context, spec: AppSpec, create: boolean): Refusal | null {
  const app = context.state.apps.get(spec.id);
  if (!app) return null;
  if (create) return { ok: false, reason: 'exists', message: `An app with id [${spec.id}] already exists.` };
  if ((app.spec.replication === null) !== (spec.replication === null)) {
    const message = `replication: "${spec.id}" cannot change between replicated and plain while it exists; delete the app and create it again`;
    return { ok: false, reason: 'invalid', message };
  }
  for (const field of ofWholeGroup) {
    if (app.spec.replication?.[field] === spec.replication?.[field]) continue;
    const message = `replication.${field}: "${spec.id}" cannot change it while it exists; delete the app and create it again`;
    return { ok: false, reason: 'invalid', message };
  }
  if (isReplicatedGuest(spec) && !lodash.isEqual(app.spec.container, spec.container)) {
    const message = `container.vm: the guest of "${spec.id}" runs on, whichever of its members is replaced, so it stays what it is; delete the app and create it again`;
    return { ok: false, reason: 'invalid', message };
  }
  return refuseResident(app.spec, spec);
}

/** What an instance has reserved is what it comes back to: it cannot be another (Marathon's words first). */
function refuseResident(before: AppSpec, after: AppSpec): Refusal | null {
  const remedy = `delete "${after.id}" and create it again; that destroys its volumes`;
  if (!lodash.isEqual(before.residency?.volumes, after.residency?.volumes)) {
    const message = `container.volumes: Persistent volumes can not be changed! To change them, ${remedy}`;
    return { ok: false, reason: 'invalid', message };
  }
  const reservedOf = ({ cpus, mem, disk, gpus, requirePorts, portDefinitions }: AppSpec) => [
    ...[cpus, mem, disk, gpus],
    portDefinitions.map(({ port }) => (requirePorts ? port : 0)),
  ];
  if (!after.residency || lodash.isEqual(reservedOf(before), reservedOf(after))) return null;
  const words = 'Services with persistent volumes configured may not change resource requirements';
  return { ok: false, reason: 'invalid', message: `cpus, mem, disk, gpus, ports: ${words}. To change them, ${remedy}` };
}

function deleteApp(context: Context, command: Extract<Command, { type: 'deleteApp' }>): CommandResult {
  const app = context.state.apps.get(command.appId);
  if (!app) return notFound(command.appId);
  const { deadline } = command;
  const wanted = { version: nextVersion(context, app), apps: new Map([[app.id, null]]), ...(deadline && { deadline }) };
  return change(context, wanted, command);
}

/** `force` on a group that is lost begins a new, empty generation; that is the only way to lose data by a command. */
function restartApp(context: Context, command: Extract<Command, { type: 'restartApp' }>): CommandResult {
  const { appId, version, force, dryRun, deadline } = command;
  const app = context.state.apps.get(appId);
  // Of an app that is being deleted only PUT makes one again: its users were told that it goes.
  if (!app || app.deleting) return notFound(appId);
  const group = groupOf(app, context.state.tasksOf(appId));
  if (group && groupState(group) === 'lost' && !force)
    return { ok: false, reason: 'quorum', message: lostSentence(group) };
  const apps = new Map([[appId, { ...app.spec, version }]]);
  const wanted: Wanted = { version, apps, mode: 'restart', ...(deadline && { deadline }) };
  if (dryRun) return preview(context, wanted);
  const locked = unlock(context, [appId], force);
  if (locked) return locked;
  if (group && isLost(group)) beginAgain(context, app);
  return deploy(context, wanted);
}

function beginAgain(context: Context, app: AppRecord): void {
  for (const task of context.state.tasksOf(app.id)) stop(context, task, 'its group is lost and begins again');
  const next = newGeneration(context, app);
  tell(context, app.id, `restart was forced: generation ${next.group?.generation} begins, empty`);
}

/** Without `force` the apps go back to what they were, as a new deployment; with it they stay where they are. */
function cancelDeployment(context: Context, deploymentId: string, force: boolean): CommandResult {
  const drain = context.state.drains.get(deploymentId);
  if (drain) return endDrain(context, drain);
  const rebalance = context.state.rebalances.get(deploymentId);
  if (rebalance) return endRebalance(context, rebalance);
  const deployment = context.state.deployments.get(deploymentId);
  if (!deployment) return { ok: false, reason: 'notFound', message: `DeploymentPlan ${deploymentId} does not exist` };
  endEarly(context, deployment, `is cancelled${force ? '' : ' and rolled back'}`);
  if (force) {
    settle(context, deployment.affectedApps);
    return { ok: true, deploymentId: null, version: deployment.version };
  }
  return rollBack(context, deployment);
}

function resetDelay(context: Context, appId: string): CommandResult {
  const app = context.state.apps.get(appId);
  if (!app) return notFound(appId);
  if (app.backoff) context.state.apps.put(appId, { ...app, backoff: null });
  return { ok: true, deploymentId: null, version: app.spec.version };
}
