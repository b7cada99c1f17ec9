import _ from 'lodash';
import type { AppGroup, AppSpec } from '../app.js';
import { type AppTree, groupIdsOf, treeAt, treeOf } from '../app-groups.js';
import type { Command, FrameworkView } from '../service.js';
import { isWithin, parentOf } from '../spec/dependencies.js';
import { type GroupUpdate, parse, type Rejection, rollBack } from '../spec.js';
import { ApiError, noSuchGroup, rejected } from './errors.js';
import { givenId, idIn, ownerOf, requireTree } from './specs.js';

/** A tree of apps on its way to another one. */
interface Draft {
  view: FrameworkView;
  version: string;
  tree: AppTree;
  specs: Map<string, AppSpec>;
  groups: Map<string, AppGroup>;
  removed: Set<string>;
  ignored: string[];
  rejections: Rejection[];
}

type TreeCommand = Extract<Command, { type: 'changeTree' }>;
export type How = Pick<TreeCommand, 'force' | 'dryRun' | 'deadline'>;

/** What a group's update asks of the framework, or an ApiError with everything that is wrong with it. */
export function judgeGroup(
  view: FrameworkView,
  update: GroupUpdate,
  version: string,
  how: How,
): { command: TreeCommand; ignored: string[] } {
  const draft = emptyDraft(view, version);
  if (update.version !== undefined) restore(draft, update.id, update.version);
  else if (update.scaleBy !== undefined) scale(draft, update.id, update.scaleBy);
  else restructure(draft, update);
  if (draft.rejections.length > 0) throw rejected(merged(draft.rejections));
  return { command: commandOf(draft, update.id, how), ignored: draft.ignored };
}

/** The group with all that is in it. */
export function removeGroup(view: FrameworkView, id: string, version: string, how: How): TreeCommand {
  const draft = emptyDraft(view, version);
  removeBelow(draft, id);
  return commandOf(draft, id, how);
}

function emptyDraft(view: FrameworkView, version: string): Draft {
  const lists = { ignored: [], rejections: [] };
  return { view, version, tree: treeOf(view), specs: new Map(), groups: new Map(), removed: new Set(), ...lists };
}

function commandOf(draft: Draft, groupId: string, how: How): TreeCommand {
  const { view, version, tree } = draft;
  const removed = [...draft.removed].filter((id) => !draft.specs.has(id) && !draft.groups.has(id));
  const [removedApps, removedGroups] = [tree.apps, tree.groups].map((known) => removed.filter((id) => known.has(id)));
  const specs = [...draft.specs.values()];
  const groups = [...draft.groups.values()];
  requireTree(view, specs, { groups, removed });
  const lists = { specs, groups, removedApps: removedApps ?? [], removedGroups: removedGroups ?? [] };
  return { type: 'changeTree', groupId, version, ...lists, ...how };
}

/** Lists that are given replace what was there; what is left out of them goes. */
function restructure(draft: Draft, update: GroupUpdate): void {
  const { tree, version } = draft;
  const { id, apps, groups, dependencies = tree.groups.get(id)?.dependencies ?? [] } = update;
  const known = [...tree.apps.keys(), ...tree.groups.keys()].filter((one) => one !== '/');
  if (apps) for (const one of tree.apps.keys()) if (parentOf(one) === id) draft.removed.add(one);
  if (groups) {
    const named = groups.map((inner) => inner.id);
    const below = known.filter(
      (one) => one !== id && isWithin(one, id) && !(tree.apps.has(one) && parentOf(one) === id),
    );
    for (const one of below) if (!named.some((inner) => isWithin(one, inner))) draft.removed.add(one);
  }
  if (id !== '/' || dependencies.length > 0) draft.groups.set(id, { id, dependencies, version });
  for (const { body, path } of apps ?? []) putApp(draft, id, body, path);
  for (const inner of groups ?? []) restructure(draft, inner);
}

/** An app that is what it was stays untouched, with its version. */
function putApp(draft: Draft, group: string, body: unknown, path: string): void {
  const { view, version, tree } = draft;
  const existing = tree.apps.get(idIn(body, group) ?? '') ?? null;
  const mode = existing === null ? 'create' : 'put';
  const result = parse(body, { mode, existing, version, base: group, ...ownerOf(view) });
  if (!result.ok) {
    draft.rejections.push(within(result, path));
    return;
  }
  const { spec } = result;
  draft.ignored.push(...result.ignored.map((field) => `${path}${field}`));
  if (!isWithin(spec.id, group) || (isAbsolute(body) && parentOf(spec.id) !== group)) {
    const words = `Identifier is not child of '${group}'. Hint: use relative paths.`;
    draft.rejections.push(rejectionOf(`${path}/id`, words, `id is "${spec.id}"; give its name alone`));
  } else if (draft.specs.has(spec.id)) {
    draft.rejections.push(rejectionOf(`${path}/id`, `${spec.id} is there twice; name each app once`));
  } else if (existing && sameConfiguration(existing, spec)) draft.removed.delete(spec.id);
  else draft.specs.set(spec.id, spec);
}

function scale(draft: Draft, id: string, factor: number): void {
  requireGroup(draft, id);
  for (const [appId, existing] of draft.tree.apps) {
    if (!isWithin(appId, id)) continue;
    const body = { instances: Math.ceil(existing.instances * factor) };
    const result = parse(body, { mode: 'patch', existing, version: draft.version, ...ownerOf(draft.view) });
    if (!result.ok) draft.rejections.push(within(result, appId));
    else if (!sameConfiguration(existing, result.spec)) draft.specs.set(appId, result.spec);
  }
}

/** The group becomes what it was, with new versions of what differs. */
function restore(draft: Draft, id: string, version: string): void {
  const earlier = treeAt(draft.view, version);
  if (!earlier) throw noSuchGroupVersion(id, version);
  removeBelow(draft, id);
  for (const [appId, spec] of earlier.apps) {
    if (!isWithin(appId, id)) continue;
    const existing = draft.tree.apps.get(appId);
    if (existing && sameConfiguration(existing, spec)) draft.removed.delete(appId);
    else draft.specs.set(appId, existing ? rollBack(spec, existing, draft.version) : renewed(spec, draft.version));
  }
  for (const [groupId, group] of earlier.groups)
    if (isWithin(groupId, id)) draft.groups.set(groupId, { ...group, version: draft.version });
}

export function noSuchGroupVersion(id: string, version: string): ApiError {
  const remedy = `GET /v2/groups${id === '/' ? '' : id}/versions lists the versions that are kept.`;
  return new ApiError(404, `Group '${id}' does not exist in version ${version}`, remedy);
}

const renewed = (spec: AppSpec, version: string): AppSpec => ({
  ...spec,
  version,
  versionInfo: { lastScalingAt: version, lastConfigChangeAt: version },
});

function removeBelow(draft: Draft, id: string): void {
  requireGroup(draft, id);
  for (const one of [...draft.tree.apps.keys(), ...draft.tree.groups.keys()])
    if (isWithin(one, id)) draft.removed.add(one);
}

function requireGroup({ tree }: Draft, id: string): void {
  if (!groupIdsOf(tree).has(id)) throw noSuchGroup(id);
}

function sameConfiguration(one: AppSpec, other: AppSpec): boolean {
  return _.isEqual(_.omit(one, 'version', 'versionInfo'), _.omit(other, 'version', 'versionInfo'));
}

const isAbsolute = (body: unknown) => String(givenId(body)).startsWith('/');

function rejectionOf(path: string, ...errors: string[]): Rejection {
  return { ok: false, status: 422, body: { message: 'Object is not valid', details: [{ path, errors }] } };
}

/** What is wrong with an app, as part of the body. */
function within({ ok, status, body }: Rejection, outer: string): Rejection {
  const details = body.details.map(({ path, errors }) => ({ path: path === '/' ? outer : `${outer}${path}`, errors }));
  return { ok, status, body: { ...body, details } };
}

/** As for one app: wrong types hide broken rules. */
function merged(rejections: Rejection[]): Rejection {
  const typed = rejections.filter(({ body }) => body.message === 'Invalid JSON');
  const told = typed.length > 0 ? typed : rejections;
  const [first] = told as [Rejection, ...Rejection[]];
  const status = told.some((one) => one.status === 400) ? 400 : 422;
  return { ok: false, status, body: { ...first.body, details: told.flatMap(({ body }) => body.details) } };
}
