/** Deployments: steps, when an action is done, and what it waits for. */
import type { AppGroup } from '../app.js';
import { deploymentSecondsBounds, withValue } from '../distribution.js';
import { type DependencyGraph, dependencyGraph } from '../spec/dependencies.js';
import { isOutdated } from './apps.js';
import type { Wanted } from './changes.js';
import { type Context, isoTime } from './context.js';
import { guestProgress } from './guests.js';
import { publishEnd, publishStep } from './publish.js';
import { publishChecks } from './publish-health.js';
import { type Group, groupOf, groupState, lostSentence } from './quorum.js';
import type { AppRecord, DeploymentAction, DeploymentRecord, TaskRecord } from './records.js';
import { stepsOf, type Targets } from './steps.js';
import { tell } from './story.js';
import { pendingSentence } from './up.js';

export function startDeployment(
  context: Context,
  { version, deadline }: Pick<Wanted, 'version' | 'deadline'>,
  targets: Targets,
  originalGroups: Record<string, AppGroup | null>,
): DeploymentRecord {
  const deployment: DeploymentRecord = {
    id: context.options.ids.uuid(),
    version,
    affectedApps: [...targets.keys()],
    steps: stepsOf(targets, () => graphOf(context)),
    currentStep: 1,
    entered: false,
    originals: Object.fromEntries([...targets].map(([id, { before }]) => [id, before])),
    ...(Object.keys(originalGroups).length > 0 && { originalGroups }),
    startedAt: isoTime(context.now),
    ...(deadline && { deadline: { ...deadline, atMs: context.now + deadline.seconds * 1000 } }),
  };
  for (const id of targets.keys())
    tell(context, id, `deployment ${deployment.id} begins: version ${version}`, { deployment, kind: 'deployment' });
  return context.state.deployments.put(deployment.id, deployment);
}

/** Of the apps as users want them now. */
function graphOf({ state }: Context): DependencyGraph {
  const specs = [...state.apps.values()].map(({ spec }) => spec);
  return dependencyGraph(specs, state.appGroups.values());
}

export const currentActions = (deployment: DeploymentRecord) =>
  deployment.steps[deployment.currentStep - 1]?.actions ?? [];

/** Outdated tasks are replaced only while a deployment restarts the app. */
export const isRestarting = (context: Context, appId: string) => isUnderWay(context, appId, 'RestartApplication');

/** A deployment starts the app, or changes how many tasks it has. */
export const isScaling = (context: Context, appId: string) => isUnderWay(context, appId, 'ScaleApplication');

function isUnderWay(context: Context, appId: string, kind: DeploymentAction['action']): boolean {
  const running = context.state.deploymentsOf(appId).filter(({ entered }) => entered);
  return running.some((deployment) => actionsByApp(currentActions(deployment)).get(appId)?.has(kind));
}

/** Steps never change, and may be about all apps there are. */
const byApp = new WeakMap<DeploymentAction[], Map<string, Set<DeploymentAction['action']>>>();

function actionsByApp(actions: DeploymentAction[]): Map<string, Set<DeploymentAction['action']>> {
  const known = byApp.get(actions) ?? new Map<string, Set<DeploymentAction['action']>>();
  if (!byApp.has(actions))
    for (const { app, action } of actions) known.set(app, (known.get(app) ?? new Set()).add(action));
  byApp.set(actions, known);
  return known;
}

/** Enters steps and leaves those that are done; a deployment without steps left is over. */
export function advanceDeployments(context: Context): void {
  for (const { id } of [...context.state.deployments.values()]) {
    for (
      let deployment = enter(context, id);
      deployment && isStepDone(context, deployment);
      deployment = enter(context, id)
    ) {
      publishStep(context, deployment, 'deployment_step_success');
      if (deployment.currentStep >= deployment.steps.length) finish(context, deployment);
      else
        context.state.deployments.put(id, { ...deployment, currentStep: deployment.currentStep + 1, entered: false });
    }
  }
}

function enter(context: Context, id: string): DeploymentRecord | null {
  const deployment = context.state.deployments.get(id);
  if (!deployment || deployment.entered) return deployment ?? null;
  for (const action of currentActions(deployment)) begin(context, action);
  publishStep(context, deployment, 'deployment_info');
  return context.state.deployments.put(id, { ...deployment, entered: true, stepSince: isoTime(context.now) });
}

function begin(context: Context, { action, app: id }: DeploymentAction): void {
  const app = context.state.apps.get(id);
  if (!app) return;
  const { apps } = context.state;
  const isNew = action === 'StartApplication';
  const wanted = action === 'StopApplication' ? [] : (app.spec.healthChecks ?? []);
  publishChecks(context, app.spec, isNew ? [] : (app.active.healthChecks ?? []), wanted);
  if (action === 'StopApplication') apps.put(id, { ...app, deleting: true });
  else if (isNew) apps.put(id, { ...app, active: { ...app.spec, instances: 0 } });
  else apps.put(id, { ...app, active: app.spec, backoff: null });
}

function finish(context: Context, deployment: DeploymentRecord): void {
  context.state.deployments.remove(deployment.id);
  countEnd(context, deployment, 'deploymentsDone');
  publishEnd(context, deployment, null);
  for (const id of deployment.affectedApps) {
    if (context.state.apps.get(id))
      tell(context, id, `deployment ${deployment.id} is done`, { deployment, kind: 'deployment' });
  }
}

export function countEnd(
  { memory: { counts }, now }: Context,
  { startedAt }: Pick<DeploymentRecord, 'startedAt'>,
  how: 'deploymentsDone' | 'deploymentsFailed',
): void {
  counts[how] += 1;
  const seconds = (now - Date.parse(startedAt)) / 1000;
  counts.deploymentSeconds = withValue(counts.deploymentSeconds, deploymentSecondsBounds, seconds);
}

/** The place of the action that a step was last found to wait for: those before it are asked again only when all after it are done. */
const openPlaces = new WeakMap<DeploymentAction[], number>();

function isStepDone(context: Context, deployment: DeploymentRecord): boolean {
  const actions = currentActions(deployment);
  const from = openPlaces.get(actions) ?? 0;
  const isOpen = (action: DeploymentAction) => waitingFor(context, action) !== null;
  const later = actions.findIndex((action, place) => place >= from && isOpen(action));
  const open = later === -1 ? actions.findIndex(isOpen) : later;
  openPlaces.set(actions, Math.max(0, open));
  return open === -1;
}

/** Why this action is not done, in a sentence; null when it is. */
export function waitingFor(context: Context, { action, app: id }: DeploymentAction): string | null {
  const app = context.state.apps.get(id);
  if (!app || action === 'StartApplication') return null;
  const tasks = context.state.tasksOf(id);
  if (action === 'StopApplication') return `${id}: ${tasks.length} tasks are being stopped`;
  const placement = context.memory.waiting.get(id)?.sentence ?? null;
  const group = app.active.replication ? groupOf(app, tasks) : null;
  const progress = group
    ? (groupProgress(context, group, action) ?? guestProgress(group))
    : plainProgress(context, app, tasks, action);
  if (progress === null) return null;
  return placement ? `${progress}; ${placement}` : progress;
}

function plainProgress(
  context: Context,
  app: AppRecord,
  tasks: readonly TaskRecord[],
  action: DeploymentAction['action'],
): string | null {
  const counted = tasks.filter((task) => !task.stopping && !task.inactive);
  const current = action === 'RestartApplication' ? counted.filter((task) => !isOutdated(app, task)) : counted;
  const running = current.filter((task) => task.state === 'TASK_RUNNING').length;
  const leaving =
    tasks.filter((task) => task.stopping && task.state !== 'TASK_UNREACHABLE').length + counted.length - current.length;
  const { instances } = app.active;
  const pending = pendingSentence(context, app, current);
  if (running === instances && leaving === 0 && current.length === instances) return pending && `${app.id}: ${pending}`;
  const stands = `${app.id}: ${running} of ${instances} tasks run, ${leaving} are to stop`;
  return pending ? `${stands}; ${pending}` : stands;
}

function groupProgress(context: Context, group: Group, action: DeploymentAction['action']): string | null {
  const { app, members } = group;
  const state = groupState(group);
  if (state === 'lost') return lostSentence(group);
  const leaving = members.filter((task) => (task.replica.retiring || task.stopping) && !task.inactive).length;
  const outdated =
    action === 'RestartApplication' ? members.filter((task) => isOutdated(app, task) && !task.inactive).length : 0;
  const sized = group.record.slots.length - (group.record.moving ? 1 : 0) === app.active.instances;
  const pending = pendingSentence(context, app, members);
  if (state === 'whole' && leaving === 0 && outdated === 0 && sized) return pending && `${app.id}: ${pending}`;
  const journals = members.map(({ replica }) => replica.report?.journalError).filter((error) => error);
  const blocked = journals.length > 0 && journals.length === members.length ? `; nobody can join: ${journals[0]}` : '';
  const counted = group.record.configuration.length;
  return `${app.id}: the group is ${state}, ${counted} members count, ${app.active.instances} are wanted, ${leaving + outdated} are to be replaced or stopped${blocked}`;
}
