/** Changes of apps: the lock by running deployments, new versions, and the deployment that carries them out. */
import lodash from 'lodash';
import type { AppGroup, AppSpec } from '../app.js';
import type { CommandResult, Deadline } from '../service.js';
import { configurationChanged, versionInfoOf } from '../spec/configuration.js';
import type { Context } from './context.js';
import { countEnd, startDeployment } from './deployments.js';
import { newGeneration } from './groups.js';
import { rememberChange } from './history.js';
import { publish, publishEnd } from './publish.js';
import { publishChecks } from './publish-health.js';
import type { AppRecord, DeploymentRecord } from './records.js';
import type { Targets } from './steps.js';
import { tell } from './story.js';

const versionsMax = 25;

export type Refusal = Extract<CommandResult, { ok: false }>;

export const notFound = (appId: string): Refusal => ({
  ok: false,
  reason: 'notFound',
  message: `App '${appId}' does not exist`,
});

/** Null when the apps may be changed. With `force` the deployments that lock them end where they are. */
export function unlock(context: Context, appIds: string[], force: boolean): Refusal | null {
  const locking = lodash.uniqBy(
    appIds.flatMap((id) => context.state.deploymentsOf(id)),
    'id',
  );
  if (locking.length > 0 && !force) {
    const message =
      "App is locked by one or more deployments. Override with the option '?force=true'. " +
      "View details at '/v2/deployments/<DEPLOYMENT_ID>'.";
    return { ok: false, reason: 'locked', message, deploymentIds: locking.map(({ id }) => id) };
  }
  const { runningDeploymentsMax: max } = context.options;
  if (context.state.deployments.size - locking.length >= max) return tooMany(max);
  for (const deployment of locking) {
    endEarly(context, deployment, 'is given up: another change was forced');
    settle(context, lodash.difference(deployment.affectedApps, appIds));
  }
  return null;
}

/** Apps whose deployment ends early without being taken back: what it has not begun follows now, in no order, and restarts nothing. */
export function settle(context: Context, appIds: string[]): void {
  const { state } = context;
  for (const id of appIds) {
    const app = state.apps.get(id);
    if (!app || app.deleting || state.deploymentsOf(id).length > 0) continue;
    publishChecks(context, app.spec, app.active.healthChecks ?? [], app.spec.healthChecks ?? []);
    state.apps.put(id, { ...app, active: app.spec });
  }
}

function tooMany(max: number): Refusal {
  const message =
    `Max number (${max}) of running deployments is achieved. Wait for existing deployments to complete or cancel one using ` +
    'force=true parameter. You can increase max deployment number by using --max-running-deployments parameter';
  return { ok: false, reason: 'tooMany', message };
}

/** The deployment ends where it is; `how` goes on after its name. */
export function endEarly(context: Context, deployment: DeploymentRecord, how: string): void {
  context.state.deployments.remove(deployment.id);
  countEnd(context, deployment, 'deploymentsFailed');
  publishEnd(context, deployment, `the deployment ${how}`);
  for (const app of deployment.affectedApps)
    tell(context, app, `deployment ${deployment.id} ${how}`, { deployment, kind: 'deployment' });
}

/** `restart` replaces tasks in any case, `rollBack` leaves alone those that still run the earlier configuration. */
export type DeployMode = 'change' | 'restart' | 'rollBack';

/** What users want to be, all at once. */
export interface Wanted {
  version: string;
  /** Null: deleted. */
  apps: Map<string, AppSpec | null>;
  groups?: Map<string, AppGroup | null>;
  mode?: DeployMode;
  /** Apps that this change takes from deployments which were to restart them: what is outdated is still replaced. */
  unfinished?: string[];
  deadline?: Deadline;
  /** What people are told has changed; left out: the lowest path above the apps. */
  groupId?: string;
}

/** Makes what is wanted the specs of apps, remembers what they were, and begins the deployment. */
export function deploy(context: Context, wanted: Wanted): CommandResult {
  const { version, groups = new Map<string, AppGroup | null>() } = wanted;
  const { state } = context;
  const targets = targetsOf(context, wanted);
  const before = lodash.mapValues(Object.fromEntries(targets), (target) => target.before);
  const groupsBefore = Object.fromEntries([...groups.keys()].map((id) => [id, state.appGroups.get(id) ?? null]));
  rememberChange(context, { version, apps: before, groups: groupsBefore });
  for (const [id, { after }] of targets) {
    const app = state.apps.get(id);
    if (after) state.apps.put(id, app ? withSpec(begunAgain(context, app), after) : newApp(after));
  }
  for (const [id, group] of groups) {
    if (group) state.appGroups.put(id, group);
    else state.appGroups.remove(id);
  }
  const deployment = startDeployment(context, wanted, targets, groupsBefore);
  const groupId = wanted.groupId ?? commonGroup([...targets.keys()]);
  publish(context, { eventType: 'group_change_success', groupId, version });
  return { ok: true, deploymentId: deployment.id, version };
}

/** All members of a group that is being deleted are on their way out: whoever wants the app again wants it empty. */
const begunAgain = (context: Context, app: AppRecord): AppRecord =>
  app.deleting && app.group ? newGeneration(context, app) : app;

/** Apps that a deployment which has not ended is to restart, or restarts now. */
export function unfinishedRestarts({ state }: Context, appIds: Iterable<string>): string[] {
  const isLeft = (id: string) =>
    state.deploymentsOf(id).some(({ steps, currentStep }) =>
      steps
        .slice(currentStep - 1)
        .flatMap(({ actions }) => actions)
        .some(({ action, app }) => app === id && action === 'RestartApplication'),
    );
  return [...appIds].filter(isLeft);
}

export function targetsOf({ state }: Context, { apps, mode = 'change', unfinished = [] }: Wanted): Targets {
  const targets: Targets = new Map();
  for (const [id, spec] of apps) {
    const app = state.apps.get(id);
    // What is being deleted is there no more, though its tasks may be.
    const before = app && !app.deleting ? app.spec : null;
    const isNew = spec !== null && before !== null && (mode === 'restart' || configurationChanged(before, spec));
    const after =
      spec && (mode === 'rollBack' ? spec : { ...spec, versionInfo: versionInfoOf(before, spec, spec.version, isNew) });
    const restarts = isNew || (spec !== null && before !== null && unfinished.includes(id));
    targets.set(id, { before, after, restarts });
  }
  return targets;
}

/** The lowest path above all of these apps. */
export function commonGroup(appIds: string[]): string {
  const [first = [], ...others] = appIds.map((id) => id.split('/').slice(1, -1));
  const differs = first.findIndex((segment, depth) => others.some((other) => other[depth] !== segment));
  return `/${(differs === -1 ? first : first.slice(0, differs)).join('/')}`;
}

const withSpec = (app: AppRecord, spec: AppSpec): AppRecord => ({
  ...app,
  spec,
  deleting: false,
  versions: [app.spec, ...app.versions].slice(0, versionsMax),
});

const newApp = (spec: AppSpec): AppRecord => ({
  id: spec.id,
  spec,
  active: { ...spec, instances: 0 },
  versions: [],
  deleting: false,
  lastTaskFailure: null,
  backoff: null,
  avoid: {},
  group: null,
});
