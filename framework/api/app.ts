import type { AppView, Command } from '../service.js';
import { toJson } from '../spec.js';
import { appDetails, appSummary, lastTaskFailure } from './answers.js';
import { readAppPath, segmentsAfter } from './app-path.js';
import { appTaskResource, appTasksResource } from './app-tasks.js';
import { etag } from './changes.js';
import {
  appsWithin,
  type Context,
  findApp,
  publishPost,
  reportIgnored,
  requireApp,
  sendDeployment,
} from './context.js';
import { ApiError, noSuchApp } from './errors.js';
import { failOverGuest, guestJson, syncGuest } from './guest.js';
import { taskLogResource } from './log.js';
import { placementJson } from './placement.js';
import { flag, howToChange, texts } from './query.js';
import { replicasJson } from './replicas.js';
import { type Handler, handle, type Resource } from './resource.js';
import { afterMs, seriesJson, timelineJson } from './series.js';
import { findVersion, judgeUpdate, ownerOf, requireKnown, requireTree, versionsOf } from './specs.js';
import { partsOf } from './summary.js';

/** `/v2/apps/*`: one app, or a resource of it; which one, `app-path.ts` tells. */
export function appHandler(context: Context): Handler {
  return (request, reply) => {
    const exists = (appId: string) => findApp(context.service.view(), appId) !== undefined;
    const path = readAppPath(segmentsAfter('/v2/apps', request.url), request.method, exists);
    return handle(resourceAt(context, path), request, reply);
  };
}

function resourceAt(context: Context, path: ReturnType<typeof readAppPath>): Resource {
  const { appId } = path;
  const ofApp = () => requireApp(context.service.view(), appId);
  switch (path.kind) {
    case 'app':
      return appResource(context, appId);
    case 'restart':
      return { POST: restart(context, appId) };
    case 'tasks':
      return appTasksResource(context, appId);
    case 'task':
      return appTaskResource(context, appId, path.name);
    case 'log':
      return taskLogResource(context, appId, path.name);
    case 'versions':
      return { GET: () => ({ versions: versionsOf(ofApp()).map((spec) => spec.version) }) };
    case 'version':
      return { GET: () => toJson(findVersion(ofApp(), path.name)) };
    case 'placement':
      return { GET: () => placementJson(ofApp(), context.service.view()) };
    case 'replicas':
      return { GET: () => replicasJson(ofApp()) };
    case 'series':
      return { GET: (request) => seriesJson(ofApp(), context.service.series(appId), afterMs(request)) };
    case 'timeline':
      return { GET: () => timelineJson(ofApp()) };
    case 'leader':
      return { POST: transferLeadership(context, appId) };
    case 'guest':
      return { GET: () => guestJson(ofApp()) };
    case 'guestSync':
      return { POST: syncGuest(context, appId) };
    case 'guestFailover':
      return { POST: failOverGuest(context, appId) };
    case 'group':
      return { GET: (request) => appsBelow(context, appId, texts(request, 'embed')) };
  }
}

function appResource(context: Context, appId: string): Resource {
  return {
    GET: show(context, appId),
    PUT: update(context, appId, 'PUT'),
    PATCH: update(context, appId, 'PATCH'),
    DELETE: remove(context, appId),
  };
}

function show({ service, now }: Context, appId: string): Handler {
  return (request, reply) => {
    const view = service.view();
    const app = requireApp(view, appId);
    reply.header('ETag', etag(app.spec.version));
    return { app: { ...appDetails(app, view), ...partsOf(app, texts(request, 'embed'), 'app', now()) } };
  };
}

function appsBelow({ service, now }: Context, groupId: string, embedded: string[]) {
  const apps = appsWithin(service.view(), groupId);
  if (apps.length === 0 && groupId !== '/') throw noSuchApp(`${groupId}/*`);
  const parts = (app: AppView) => partsOf(app, embedded, 'apps', now());
  return { '*': apps.map((app) => ({ ...appSummary(app), ...lastTaskFailure(app), ...parts(app) })) };
}

/** PUT creates what does not exist (201); with `partialUpdate=false` it replaces the whole app. */
function update(context: Context, appId: string, method: 'PUT' | 'PATCH'): Handler {
  const { changes } = context;
  return async (request, reply) => {
    const how = howToChange(request);
    const partial = method === 'PATCH' || flag(request, 'partialUpdate', true);
    const { judged, accepted } = await changes.submit(request, (view, version) => {
      const app = method === 'PATCH' ? requireApp(view, appId) : findApp(view, appId);
      const mode = app === undefined ? 'create' : partial ? 'patch' : 'put';
      const made = judgeUpdate(
        request.body,
        { mode, existing: app?.spec ?? null, id: appId, version, ...ownerOf(view) },
        app,
      );
      requireKnown(request, made.ignored);
      requireTree(view, [made.spec]);
      const isNew = app === undefined;
      const command: Command = { type: 'putApps', specs: [made.spec], create: isNew, ...how };
      return { command, result: { ...made, isNew } };
    });
    reportIgnored(reply, judged.ignored);
    if (how.dryRun) return sendDeployment(reply, accepted);
    publishPost(context, request, [judged.spec]);
    reply.header('ETag', etag(accepted.version));
    if (judged.isNew) reply.code(201).header('Location', `/v2/apps${appId}`);
    return sendDeployment(reply, accepted);
  };
}

/** Marathon deletes by force unless told otherwise, against its own documentation; scripts rely on it. */
function remove({ changes }: Context, appId: string): Handler {
  return async (request, reply) => {
    const how = howToChange(request, true);
    const { accepted } = await changes.submit(request, (view) => {
      requireApp(view, appId);
      return { command: { type: 'deleteApp', appId, ...how }, result: null };
    });
    return sendDeployment(reply, accepted);
  };
}

function restart({ changes }: Context, appId: string): Handler {
  return async (request, reply) => {
    const how = howToChange(request);
    const { accepted } = await changes.submit(request, (view, version) => {
      requireApp(view, appId);
      return { command: { type: 'restartApp', appId, version, ...how }, result: null };
    });
    return sendDeployment(reply, accepted);
  };
}

/** 202: the order is on its way; `GET .../replicas` shows who leads. */
function transferLeadership({ changes }: Context, appId: string): Handler {
  return async (request, reply) => {
    const slot = slotOf(request.body);
    await changes.submit(request, (view) => {
      requireApp(view, appId);
      return { command: { type: 'transferLeadership', appId, slot }, result: null };
    });
    return reply.code(202).send({ appId, slot });
  };
}

const SLOT_MAX = 8;

function slotOf(body: unknown): number | null {
  const slot = (body as { slot?: unknown } | null | undefined)?.slot ?? null;
  if (slot === null || (Number.isInteger(slot) && (slot as number) >= 0 && (slot as number) <= SLOT_MAX))
    return slot as number | null;
  const errors = [`slot is ${JSON.stringify(slot)}; give the slot of the replica that is to lead, 0 to ${SLOT_MAX}`];
  throw new ApiError(422, 'Object is not valid', null, { details: [{ path: '/slot', errors }] });
}
