import { resolve } from './complete.js';
import { parentOf } from './dependencies.js';
import { PATH_ID_LIMITS } from './draft.js';
import { Problems, type Rejection, show } from './problems.js';
import { type Reader, readObject, readString } from './reader.js';

/** What a body says about a group: what is absent stays as it is, a list that is given replaces what there was. */
export interface GroupUpdate {
  /** Absolute. */
  id: string;
  /** Of this update in the body. */
  path: string;
  /** Not judged yet. */
  apps?: { body: unknown; path: string }[];
  groups?: GroupUpdate[];
  dependencies?: string[];
  /** Every app below gets so many times its instances. */
  scaleBy?: number;
  /** The group becomes what it was then. */
  version?: string;
}

export type GroupParseResult = { ok: true; update: GroupUpdate; ignored: string[] } | Rejection;

const GROUPS_DEPTH_MAX = 32;
const RESERVED_NAMES = ['apps', 'versions', 'restart', 'tasks'];

/** Marathon's GroupUpdate. `base`: the group that the URL names, which relative ids begin at. Never throws. */
export function parseGroup(json: unknown, base: string): GroupParseResult {
  const problems = new Problems();
  const reader = readObject(json, '', problems);
  if (reader === undefined) return problems.rejection();
  const ignored: string[] = [];
  const update = readUpdate(reader, base, ignored, 0);
  checkAlone(update, problems);
  return problems.none ? { ok: true, update, ignored } : problems.rejection();
}

function readUpdate(reader: Reader, base: string, ignored: string[], depth: number): GroupUpdate {
  const given = reader.string('id', PATH_ID_LIMITS);
  const id = given === undefined ? base : resolve(given, `${base}/x`);
  checkId(reader, id, depth === 0 ? null : base);
  const update: GroupUpdate = {
    id,
    path: reader.path,
    apps: reader.list('apps', (body, path) => ({ body, path })),
    groups: reader.objects('groups', (inner) => readInner(inner, id, ignored, depth + 1)),
    dependencies: reader.strings('dependencies', PATH_ID_LIMITS)?.map((one) => resolve(one, `${id}/x`)),
    scaleBy: reader.number('scaleBy', { min: 0 }),
    version: reader.string('version'),
  } as GroupUpdate;
  if (reader.boolean('enforceRole')) {
    const sentence =
      'enforceRole true is not supported by this version: all apps have the role of the framework; leave it out';
    reader.problems.add('rule', reader.pathOf('enforceRole'), sentence);
  }
  if ((reader.list('pods', (value) => value) ?? []).length > 0) {
    const sentence = 'pods are not supported by this version: give each of their containers as an app; leave it out';
    reader.problems.add('rule', reader.pathOf('pods'), sentence);
  }
  reader.raw('deployments');
  ignored.push(...reader.ignored());
  return update;
}

function readInner(reader: Reader, parent: string, ignored: string[], depth: number): GroupUpdate {
  if (reader.raw('id') === undefined) {
    const sentence = 'id is missing; give the name of the group, such as "backend"';
    reader.problems.add('type', reader.pathOf('id'), 'error.path.missing', sentence);
  }
  if (depth <= GROUPS_DEPTH_MAX) return readUpdate(reader, parent, ignored, depth);
  reader.problems.add('rule', reader.path, `groups lie deeper than ${GROUPS_DEPTH_MAX} levels; use fewer`);
  return { id: parent, path: reader.path };
}

function checkId({ problems, ...reader }: Reader, id: string, parent: string | null): void {
  const path = `${reader.path}/id`;
  // It may be of the URL, or of groups around it.
  readString(id, path, PATH_ID_LIMITS, problems);
  const name = id.split('/').at(-1) ?? '';
  if (parent !== null && (id === parent || parentOf(id) !== parent)) {
    const remedy = `id is ${show(id)}; give a name without slashes`;
    problems.add('rule', path, `Identifier is not child of '${parent}'. Hint: use relative paths.`, remedy);
  }
  if (!RESERVED_NAMES.includes(name)) return;
  const words = `must not end with any of the following reserved keywords: ${RESERVED_NAMES.join(', ')}`;
  problems.add('rule', path, words, `id is ${show(id)}; choose another last segment than ${name}`);
}

/** `version` and `scaleBy` are about a group as it is; `version` wins, as in Marathon. */
function checkAlone({ version, scaleBy, apps, groups, dependencies }: GroupUpdate, problems: Problems): void {
  if (version === undefined && scaleBy === undefined) return;
  if (apps === undefined && groups === undefined && dependencies === undefined) return;
  const field = version === undefined ? 'scaleBy' : 'version';
  const words = `The '${field}' field may only be combined with the 'id' field.`;
  problems.add('rule', `/${field}`, words, `remove ${field} to change apps or groups, or send it alone`);
}
