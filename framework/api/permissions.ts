/** What a user needs for a request and for a change. */
import _ from 'lodash';
import { covers, hasRole, type Role, type User } from '../access/users.js';
import type { AppSpec } from '../app.js';
import type { Command, FrameworkView } from '../service.js';
import { ApiError } from './errors.js';
import { isPage } from './page.js';

/** Without `--users` all are this one. */
export const anybody: User = { name: 'anybody', role: 'admin', paths: [] };

/** For load balancers, supervisors and agents, which have no accounts. */
const open = /^\/(ping|health|v1\/executor\/[^/]+)$/;
/** Changes of what is everybody's. */
const ofAdmins = ['/v2/placement/drain', '/v2/placement/rebalance', '/v2/leader'];

/** `url`: the path as it was registered, or as the OpenAPI document has it. Null: no account is needed. */
export function roleNeeded(method: string, url: string | undefined): Role | null {
  const reads = method === 'GET' || method === 'HEAD';
  // The page asks for an account itself.
  if (reads) return open.test(url ?? '') || isPage(url) ? null : 'viewer';
  return ofAdmins.includes(url ?? '') ? 'admin' : 'deployer';
}

export function requireRole(user: User, needed: Role): void {
  if (hasRole(user, needed)) return;
  throw forbidden(user, `this needs the role ${needed}`);
}

/** Whatever a change touches must be the user's to change. @throws ApiError */
export function authorise(user: User, command: Command, view: FrameworkView): void {
  if (user.role === 'admin') return;
  const touched = touchedBy(command, view);
  if (touched === 'everything') throw forbidden(user, 'this needs the role admin');
  requireCovered(user, touched);
}

/** @throws ApiError */
export function requireCovered(user: User, ids: string[]): void {
  const outside = ids.find((id) => !covers(user, id));
  if (outside !== undefined) throw forbidden(user, `this touches ${outside}`);
}

/** Ids of apps and groups, and what counts as one: a secret `team/key` as /team/key. */
function touchedBy(command: Command, view: FrameworkView): string[] | 'everything' {
  switch (command.type) {
    case 'putApps':
      return [...command.specs.flatMap((spec) => ofSpec(spec, view)), ...heldWith(appsOf(command), command, view)];
    case 'changeTree':
      return [...ofTree(command, view), ...heldWith(appsOf(command), command, view)];
    case 'deleteApp':
    case 'restartApp':
      return [command.appId, ...heldWith([command.appId], command, view)];
    case 'resetDelay':
    case 'transferLeadership':
    case 'syncGuest':
    case 'failOverGuest':
      return [command.appId];
    case 'killTasks': {
      const apps = command.taskIds.map((id) => ownerOf(id, view));
      return [...apps, ...heldWith(apps, command, view)];
    }
    case 'cancelDeployment':
      return ofDeployment(command.deploymentId, view);
    case 'drain':
    case 'rebalance':
      return 'everything';
  }
}

function appsOf(command: { specs: AppSpec[]; removedApps?: string[] }): string[] {
  return [...command.specs.map(({ id }) => id), ...(command.removedApps ?? [])];
}

/** Others' apps that it comes to need, and others' secrets that it comes to see, count too: what was there already does not. */
function ofSpec(spec: AppSpec, view: FrameworkView): string[] {
  const existing = view.apps.find((app) => app.spec.id === spec.id)?.spec;
  const needs = _.difference(spec.dependencies, existing?.dependencies ?? []);
  return [spec.id, ...needs, ..._.difference(sourcesOf(spec), existing === undefined ? [] : sourcesOf(existing))];
}

const sourcesOf = ({ secrets }: AppSpec) => Object.values(secrets ?? {}).map(({ source }) => `/${source}`);

function ofTree(command: Extract<Command, { type: 'changeTree' }>, view: FrameworkView): string[] {
  const { groupId, specs, groups, removedApps, removedGroups } = command;
  const needs = groups.flatMap(({ id, dependencies }) =>
    _.difference(dependencies, view.appGroups.find((group) => group.id === id)?.dependencies ?? []),
  );
  const ids = [groupId, ...groups.map(({ id }) => id), ...removedApps, ...removedGroups];
  return [...ids, ...needs, ...specs.flatMap((spec) => ofSpec(spec, view))];
}

/** With force a change ends the deployments that hold its apps, and with them what else they change. */
function heldWith(appIds: string[], { force }: { force: boolean }, { deployments }: FrameworkView): string[] {
  if (!force) return [];
  return deployments
    .filter(({ affectedApps }) => _.intersection(affectedApps, appIds).length > 0)
    .flatMap(({ affectedApps }) => affectedApps);
}

function ownerOf(taskId: string, { apps }: FrameworkView): string {
  return apps.find(({ tasks }) => tasks.some(({ id }) => id === taskId))?.spec.id ?? '/';
}

function ofDeployment(id: string, { deployments, drains }: FrameworkView): string[] | 'everything' {
  const affected = deployments.find((one) => one.id === id)?.affectedApps ?? [];
  return affected.length === 0 || drains.some((drain) => drain.id === id) ? 'everything' : affected;
}

function forbidden({ name, role, paths }: User, why: string): ApiError {
  const may = role === 'deployer' ? `deployer of ${paths.join(', ')}` : role;
  return new ApiError(403, `${name} may not do this: ${why}`, `${name} is ${may}; ask an admin of this API.`);
}
