import type { FastifyRequest } from 'fastify';
import type { AppGroup, AppSpec } from '../app.js';
import { treeOf } from '../app-groups.js';
import type { AppView, FrameworkView } from '../service.js';
import { absoluteId, checkTree, type ParseOptions, parse, rollBack } from '../spec.js';
import { ApiError, malformed, rejected } from './errors.js';
import { flag } from './query.js';

export interface Judged {
  spec: AppSpec;
  ignored: string[];
}

/** In whose name resources are reserved, for judging a body. */
export const ownerOf = ({ role, principal, secrets, servicePorts }: FrameworkView) => ({
  ...{ role, principal, secrets },
  servicePorts,
});

export const givenId = (body: unknown): unknown =>
  typeof body === 'object' && body !== null ? (body as { id?: unknown }).id : null;

/** The absolute id that a body names; a relative one begins at `group`. Null: it names none. */
export function idIn(body: unknown, group = ''): string | null {
  const id = givenId(body);
  return typeof id === 'string' ? absoluteId(id, `${group}/x`) : null;
}

/** A body to a spec, or an ApiError with everything that is wrong with it. */
export function judge(body: unknown, options: ParseOptions): Judged {
  if (body === undefined) throw malformed('No content to map due to end-of-input');
  const result = parse(body, options);
  if (!result.ok) throw rejected(result);
  return result;
}

/** The body of an update: `{"version": "…"}` (with or without the id) rolls back, all else is a spec. */
export function judgeUpdate(body: unknown, options: ParseOptions, app: AppView | undefined): Judged {
  const version = rollbackVersion(body);
  if (version === null || app === undefined || options.mode !== 'patch') return judge(body, options);
  const earlier = findVersion(app, version);
  return { spec: rollBack(earlier, app.spec, options.version), ignored: [] };
}

/** With `?strict=true`, or the header `X-GAIA-Strict: true`, fields that would have no effect are refused. */
export function requireKnown(request: FastifyRequest, ignored: string[]): void {
  const isStrict = flag(request, 'strict', request.headers['x-gaia-strict'] === 'true');
  if (!isStrict || ignored.length === 0) return;
  const errors = ['is not a known field', 'correct its name or remove it; without strict it would be ignored'];
  throw new ApiError(422, 'Object is not valid', null, { details: ignored.map((path) => ({ path, errors })) });
}

export function findVersion(app: AppView, version: string): AppSpec {
  const time = Date.parse(version);
  if (Number.isNaN(time)) {
    const details = [{ path: '/version', errors: [`'${version}' is no time; use one like ${app.spec.version}`] }];
    throw new ApiError(422, 'Object is not valid', null, { details });
  }
  const found = versionsOf(app).find((spec) => Date.parse(spec.version) === time);
  if (found !== undefined) return found;
  const remedy = `GET /v2/apps${app.spec.id}/versions lists the versions that are kept.`;
  throw new ApiError(404, `App '${app.spec.id}' does not exist in version ${version}`, remedy);
}

/** The present version first. */
export function versionsOf(app: AppView): AppSpec[] {
  return [app.spec, ...app.versions.filter((spec) => spec.version !== app.spec.version)];
}

/** Rules between the changed apps and groups and all others. */
export function requireTree(
  view: FrameworkView,
  changed: AppSpec[],
  { groups = [], removed = [] }: { groups?: AppGroup[]; removed?: string[] } = {},
): void {
  const after = treeOf(view);
  for (const id of removed) {
    after.apps.delete(id);
    after.groups.delete(id);
  }
  for (const spec of changed) after.apps.set(spec.id, spec);
  for (const group of groups) after.groups.set(group.id, group);
  const rejection = checkTree([...after.apps.values()], changed, [...after.groups.values()]);
  if (rejection !== null) throw rejected(rejection);
}

function rollbackVersion(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null;
  const given = Object.keys(body).filter((key) => key !== 'id');
  const version = (body as { version?: unknown }).version;
  return given.length === 1 && typeof version === 'string' ? version : null;
}
