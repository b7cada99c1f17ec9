import type { FastifyRequest } from 'fastify';
import _ from 'lodash';
import { type AppTree, groupIdsOf, groupVersionsOf, treeAt, treeOf, versionsOfGroup } from '../app-groups.js';
import type { FrameworkView } from '../service.js';
import { parentOf } from '../spec/dependencies.js';
import { parseGroup, toJson } from '../spec.js';
import { segmentsAfter } from './app-path.js';
import { type Decide, etag, requireVersion } from './changes.js';
import { appsWithin, type Context, reportIgnored, sendDeployment } from './context.js';
import { ApiError, malformed, noSuchGroup, rejected } from './errors.js';
import { type How, judgeGroup, noSuchGroupVersion, removeGroup } from './group-change.js';
import { requireCovered } from './permissions.js';
import { howToChange, texts } from './query.js';
import { type Handler, handle, type Resource } from './resource.js';
import { requireKnown } from './specs.js';
import { summaryWith } from './summary.js';

/** `/v2/groups` and what is below it: one group, its apps, its versions. */
export function groupHandler(context: Context): Handler {
  return (request, reply) => handle(resourceAt(context, segmentsAfter('/v2/groups', request.url)), request, reply);
}

function resourceAt(context: Context, segments: string[]): Resource {
  const idOf = (parts: string[]) => `/${parts.join('/')}`;
  const [name, before] = [segments.at(-1), segments.at(-2)];
  if (name === 'apps') return { GET: appsOf(context, idOf(segments.slice(0, -1))) };
  if (name === 'versions') return { GET: versions(context, idOf(segments.slice(0, -1))) };
  if (before === 'versions') return { GET: earlier(context, idOf(segments.slice(0, -2)), name ?? '') };
  return groupResource(context, idOf(segments));
}

function groupResource(context: Context, id: string): Resource {
  return {
    GET: show(context, id),
    POST: create(context, id),
    PUT: update(context, id),
    ...(id !== '/' && { PATCH: patch(context, id) }),
    DELETE: remove(context, id),
  };
}

function show({ service, now }: Context, id: string): Handler {
  return (request, reply) => {
    const view = service.view();
    requireGroup(view, id);
    const known = groupVersionsOf(view);
    const version = (group: string) => known.get(group) as string;
    reply.header('ETag', etag(version(id)));
    const apps = new Map(view.apps.map((app) => [app.spec.id, app]));
    const embedded = embeds(request);
    const json = (appId: string) => {
      const app = apps.get(appId);
      return app && summaryWith(app, embedded, 'group.apps', now());
    };
    return groupJson({ tree: treeOf(view), version, json, embedded }, id);
  };
}

function appsOf({ service, now }: Context, id: string): Handler {
  return (request) => {
    const view = service.view();
    requireGroup(view, id);
    return appsWithin(view, id).map((app) => summaryWith(app, embeds(request), 'group.apps', now()));
  };
}

function versions({ service }: Context, id: string): Handler {
  return () => {
    const view = service.view();
    const known = versionsOfGroup(view, id);
    if (known.length === 0) requireGroup(view, id);
    return known;
  };
}

function earlier({ service }: Context, id: string, version: string): Handler {
  return (request) => {
    const tree = treeAt(service.view(), version);
    if (!tree || !groupIdsOf(tree).has(id)) throw noSuchGroupVersion(id, version);
    const json = (appId: string) => {
      const spec = tree.apps.get(appId);
      return spec && toJson(spec);
    };
    return groupJson({ tree, version: () => version, json, embedded: embeds(request) }, id);
  };
}

function create(context: Context, id: string): Handler {
  return async (request, reply) => {
    const how = howToChange(request);
    const { judged, accepted } = await context.changes.submit(request, deciding(request, id, how, requireNew));
    reportIgnored(reply, judged.ignored);
    if (!how.dryRun) reply.code(201).header('Location', `/v2/groups${judged.id}`);
    return sendDeployment(reply, accepted);
  };
}

/** What the body asks for, of the group that it names or else of `id`; `check` may refuse it before it is judged. */
function deciding(
  request: FastifyRequest,
  id: string,
  how: How,
  check: (view: FrameworkView, groupId: string) => void = () => undefined,
): Decide<{ id: string; ignored: string[] }> {
  return (view, version) => {
    const { update: asked, ignored: unknown } = readBody(request, id);
    check(view, asked.id);
    const made = judgeGroup(view, asked, version, how);
    const ignored = [...unknown, ...made.ignored];
    requireKnown(request, ignored);
    return { command: made.command, result: { id: asked.id, ignored } };
  };
}

/** Creates what does not exist. `?dryRun=true` gives the steps and changes nothing. */
function update(context: Context, id: string): Handler {
  return async (request, reply) => {
    const { judged, accepted } = await context.changes.submit(request, deciding(request, id, howToChange(request)));
    reportIgnored(reply, judged.ignored);
    return sendDeployment(reply, accepted);
  };
}

/** In Marathon this sets `enforceRole`, and nothing else; here only false can be had. */
function patch({ service }: Context, id: string): Handler {
  return (request, reply) => {
    readBody(request, id);
    requireCovered(request.user, [id]);
    const view = service.view();
    requireGroup(view, id);
    requireVersion(request.headers['if-match'], groupVersionsOf(view).get(id) ?? null);
    return reply.send();
  };
}

function remove({ changes }: Context, id: string): Handler {
  return async (request, reply) => {
    const how = howToChange(request);
    const { accepted } = await changes.submit(request, (view, version) => ({
      command: removeGroup(view, id, version, how),
      result: null,
    }));
    return sendDeployment(reply, accepted);
  };
}

function readBody(request: FastifyRequest, id: string) {
  if (request.body === undefined) throw malformed('No content to map due to end-of-input');
  const parsed = parseGroup(request.body, id);
  if (!parsed.ok) throw rejected(parsed);
  return parsed;
}

function requireGroup(view: FrameworkView, id: string): void {
  if (!groupIdsOf(treeOf(view)).has(id)) throw noSuchGroup(id);
}

function requireNew(view: FrameworkView, id: string): void {
  const tree = treeOf(view);
  if (tree.apps.has(id))
    throw new ApiError(409, `An app with the path ${id} already exists.`, 'Choose another id, or delete the app.');
  if (!groupIdsOf(tree).has(id)) return;
  const message = `Group ${id} is already created. Use PUT to change this group.`;
  throw new ApiError(409, message, `PUT /v2/groups${id === '/' ? '' : id}`);
}

/** What Marathon shows when nothing is asked for. */
function embeds(request: FastifyRequest): string[] {
  const asked = texts(request, 'embed');
  return asked.length > 0 ? asked : ['group.apps', 'group.groups', 'group.pods'];
}

interface Shown {
  tree: AppTree;
  version(group: string): string;
  json(appId: string): object | undefined;
  embedded: string[];
}

function groupJson({ tree, version, json, embedded }: Shown, top: string): object {
  const appsIn = _.groupBy([...tree.apps.keys()].sort(), parentOf);
  const groupsIn = _.groupBy([...groupIdsOf(tree)].filter((id) => id !== '/').sort(), parentOf);
  const has = (name: string) => embedded.some((one) => one === name || one.startsWith(`${name}.`));
  const show = (id: string): object => ({
    id,
    version: version(id),
    dependencies: tree.groups.get(id)?.dependencies ?? [],
    enforceRole: false,
    ...(has('group.apps') && { apps: (appsIn[id] ?? []).flatMap((app) => json(app) ?? []) }),
    ...(has('group.groups') && { groups: (groupsIn[id] ?? []).map(show) }),
    ...(has('group.pods') && { pods: [] }),
  });
  return show(top);
}
