import type { AppView, FrameworkView } from '../service.js';
import { appSummary } from './answers.js';
import { etag } from './changes.js';
import { type Context, findApp, publishPost, reportIgnored, sendDeployment } from './context.js';
import { ApiError, malformed, noSuchApp } from './errors.js';
import { flag, howToChange, text, texts } from './query.js';
import type { Handler, Resource } from './resource.js';
import { parseSelector } from './selector.js';
import { idIn, type Judged, judge, ownerOf, requireKnown, requireTree } from './specs.js';
import { summaryWith } from './summary.js';

/** `/v2/apps`: all apps. */
export function appsResource(context: Context): Resource {
  return { GET: list(context), POST: create(context), PUT: update(context, 'PUT'), PATCH: update(context, 'PATCH') };
}

function list({ service, now }: Context): Handler {
  return (request) => {
    const selected = filterOf({
      id: text(request, 'id'),
      cmd: text(request, 'cmd'),
      label: text(request, 'label'),
    });
    const embedded = texts(request, 'embed');
    return {
      apps: service
        .view()
        .apps.filter(selected)
        .map((app) => summaryWith(app, embedded, 'apps', now())),
    };
  };
}

function filterOf(asked: { id: string | undefined; cmd: string | undefined; label: string | undefined }) {
  const contains = (value: string, part = '') => value.toLowerCase().includes(part.toLowerCase());
  const hasLabels = asked.label === undefined ? () => true : parseSelector(asked.label);
  return ({ spec }: AppView) =>
    contains(spec.id, asked.id) && contains(spec.cmd ?? '', asked.cmd) && hasLabels(spec.labels);
}

function create(context: Context): Handler {
  const { service, changes } = context;
  return async (request, reply) => {
    const how = howToChange(request);
    const { judged, accepted } = await changes.submit(request, (view, version) => {
      const made = judge(request.body, { mode: 'create', existing: null, version, ...ownerOf(view) });
      requireKnown(request, made.ignored);
      requireNew(view, made.spec.id);
      requireTree(view, [made.spec]);
      return { command: { type: 'putApps', specs: [made.spec], create: true, ...how }, result: made };
    });
    reportIgnored(reply, judged.ignored);
    if (how.dryRun) return sendDeployment(reply, accepted);
    publishPost(context, request, [judged.spec]);
    reply.code(201).header('Location', `/v2/apps${judged.spec.id}`).header('ETag', etag(accepted.version));
    if (accepted.deploymentId !== null) reply.header('Marathon-Deployment-Id', accepted.deploymentId);
    return appSummary(createdApp(service.view(), judged, accepted.deploymentId));
  };
}

/** As it was accepted: its tasks, if any run already, are not part of this answer. */
function createdApp(view: FrameworkView, judged: Judged, deploymentId: string | null): AppView {
  const { spec = judged.spec, story = [] } = findApp(view, judged.spec.id) ?? {};
  const deploymentIds = deploymentId === null ? [] : [deploymentId];
  return { spec, tasks: [], deploymentIds, lastTaskFailure: null, versions: [], reservations: [], group: null, story };
}

function requireNew(view: FrameworkView, appId: string): void {
  if (findApp(view, appId) === undefined) return;
  throw new ApiError(409, `An app with id [${appId}] already exists.`, `Change it with PUT /v2/apps${appId}.`);
}

/** A list of updates that are accepted together or not at all. PATCH wants every app to exist. */
function update(context: Context, method: 'PUT' | 'PATCH'): Handler {
  const { changes } = context;
  return async (request, reply) => {
    const how = howToChange(request);
    const partial = method === 'PATCH' || flag(request, 'partialUpdate', true);
    const { judged, accepted } = await changes.submit(request, (view, version) => {
      const apps = new Map(view.apps.map((app) => [app.spec.id, app]));
      const all = bodies(request.body).map((body) => {
        const appId = idIn(body);
        const app = apps.get(appId ?? '');
        if (method === 'PATCH' && app === undefined && appId !== null) throw noSuchApp(appId);
        const mode = app === undefined ? 'create' : partial ? 'patch' : 'put';
        return judge(body, { mode, existing: app?.spec ?? null, version, ...ownerOf(view) });
      });
      const specs = all.map((one) => one.spec);
      requireKnown(
        request,
        all.flatMap((one) => one.ignored),
      );
      requireDistinct(specs.map((spec) => spec.id));
      requireTree(view, specs);
      return { command: { type: 'putApps', specs, create: false, ...how }, result: all };
    });
    const specs = judged.map((one) => one.spec);
    if (!how.dryRun) publishPost(context, request, specs);
    reportIgnored(
      reply,
      judged.flatMap((one) => one.ignored),
    );
    return sendDeployment(reply, accepted);
  };
}

function bodies(body: unknown): unknown[] {
  if (body === undefined) throw malformed('No content to map due to end-of-input');
  if (Array.isArray(body) && body.length > 0) return body;
  const errors = ['error.expected.jsarray', 'the body must be a list of one or more apps: [{"id": "/web", …}]'];
  throw new ApiError(400, 'Invalid JSON', null, { details: [{ path: '/', errors }] });
}

function requireDistinct(ids: string[]): void {
  const seen = new Set<string>();
  const twice = ids.find((id) => seen.size === seen.add(id).size);
  if (twice === undefined) return;
  const details = [{ path: '/', errors: [`${twice} is in the list twice; name each app once`] }];
  throw new ApiError(422, 'Object is not valid', null, { details });
}
