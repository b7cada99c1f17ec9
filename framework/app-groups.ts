/** The tree of apps, now and earlier. */
import _ from 'lodash';
import type { AppGroup, AppSpec, TreeChange } from './app.js';
import { ancestorsOf, isWithin } from './spec/dependencies.js';

export interface AppTree {
  apps: Map<string, AppSpec>;
  /** Those that users have made; `groupIdsOf` knows the others. */
  groups: Map<string, AppGroup>;
}

/** What a tree is made of: a `FrameworkView`, for one. */
export interface Present {
  apps: { spec: AppSpec; deleting?: true }[];
  appGroups: AppGroup[];
  /** Newest first. */
  treeChanges: TreeChange[];
}

export function treeOf({ apps, appGroups }: Pick<Present, 'apps' | 'appGroups'>): AppTree {
  return {
    apps: new Map(apps.filter((app) => !app.deleting).map(({ spec }) => [spec.id, spec])),
    groups: new Map(appGroups.map((group) => [group.id, group])),
  };
}

/** The tree as a change of this version left it; null: no such change is known any more. */
export function treeAt(present: Present, version: string): AppTree | null {
  const time = Date.parse(version);
  if (!present.treeChanges.some((change) => Date.parse(change.version) === time)) return null;
  const tree = treeOf(present);
  for (const change of present.treeChanges) {
    if (Date.parse(change.version) === time) break;
    undo(tree, change);
  }
  return tree;
}

/** Versions at which there was such a group, newest first. */
export function versionsOfGroup(present: Present, groupId: string): string[] {
  const tree = treeOf(present);
  const below = new Set([...tree.apps.keys(), ...tree.groups.keys()].filter((id) => isWithin(id, groupId)));
  return present.treeChanges.flatMap((change) => {
    const there = groupId === '/' || below.size > 0;
    for (const [id, before] of [...Object.entries(change.apps), ...Object.entries(change.groups)]) {
      if (!isWithin(id, groupId)) continue;
      if (before) below.add(id);
      else below.delete(id);
    }
    return there ? [change.version] : [];
  });
}

export function groupIdsOf({ apps, groups }: AppTree): Set<string> {
  const above = [...apps.keys(), ...groups.keys()].flatMap(ancestorsOf);
  return new Set(['/', ...groups.keys(), ...above]);
}

/** When each group, or anything below it, changed last. */
export function groupVersionsOf({ treeChanges, apps, appGroups }: Present): Map<string, string> {
  const versions = new Map<string, string>();
  const note = (id: string, version: string) => {
    for (const group of [id, ...ancestorsOf(id)]) if (!versions.has(group)) versions.set(group, version);
  };
  for (const { version, apps: changed, groups } of treeChanges)
    for (const id of [...Object.keys(changed), ...Object.keys(groups)]) note(id, version);
  const rest = [...apps.map(({ spec }) => spec), ...appGroups];
  for (const { id, version } of _.orderBy(rest, 'version', 'desc')) note(id, version);
  return versions.set('/', versions.get('/') ?? new Date(0).toISOString());
}

function undo(tree: AppTree, change: TreeChange): void {
  restore(tree.apps, change.apps);
  restore(tree.groups, change.groups);
}

function restore<T>(present: Map<string, T>, before: Record<string, T | null>): void {
  for (const [id, one] of Object.entries(before)) {
    if (one) present.set(id, one);
    else present.delete(id);
  }
}
