import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ClientTls } from '../access/tls.js';
import type { AppSpec } from '../app.js';
import type { ExecutorArchive } from '../executor-archive/archive.js';
import type { ReadFile } from '../sandbox-files.js';
import type { AppView, FrameworkService, FrameworkView, Leadership } from '../service.js';
import { isWithin } from '../spec/dependencies.js';
import { toJson } from '../spec.js';
import type { Accepted, Changes } from './changes.js';
import { noSuchApp } from './errors.js';

/** What every resource works with. */
export interface Context {
  service: FrameworkService;
  leadership: Leadership;
  changes: Changes;
  /** Milliseconds since 1970. */
  now(): number;
  /** `host:port` this API listens at; null before it listens. */
  address(): string | null;
  /** Of the sandbox of a task, from its agent. */
  readFile: ReadFile;
  /** That agents are given; null: they have the executor. */
  executorArchive: ExecutorArchive | null;
  /** What is shown and believed now, by whom it is for: `api`, `mesos`, `zk`. */
  certificates(): Record<string, ClientTls>;
  /** Of this API and that of the other schedulers. */
  scheme: 'http' | 'https';
}

/** At any depth. */
export function appsWithin(view: FrameworkView, groupId: string): AppView[] {
  return view.apps.filter(({ spec }) => spec.id !== groupId && isWithin(spec.id, groupId));
}

export function findApp(view: FrameworkView, appId: string): AppView | undefined {
  return view.apps.find((app) => app.spec.id === appId);
}

export function requireApp(view: FrameworkView, appId: string): AppView {
  const app = findApp(view, appId);
  if (app === undefined) throw noSuchApp(appId);
  return app;
}

/** Marathon's answer to a change; of a dry run its steps. */
export function sendDeployment(reply: FastifyReply, { version, deploymentId, steps }: Accepted): FastifyReply {
  if (steps !== undefined) return reply.send({ steps });
  if (deploymentId !== null) reply.header('Marathon-Deployment-Id', deploymentId);
  return reply.send({ version, ...(deploymentId === null ? {} : { deploymentId }) });
}

/** Tells who follows `/v2/events` that a client has sent these apps. */
export function publishPost({ service, now }: Context, request: FastifyRequest, specs: AppSpec[]): void {
  const timestamp = new Date(now()).toISOString();
  const [clientIp, uri] = [request.ip, request.url.split('?')[0] ?? ''];
  for (const spec of specs)
    service.events.publish({ eventType: 'api_post_event', clientIp, uri, appDefinition: toJson(spec), timestamp });
}

/** Unknown fields of a spec change nothing, as in Marathon; but whoever misspelt one can see it. */
export function reportIgnored(reply: FastifyReply, ignored: string[]): void {
  if (ignored.length > 0) reply.header('X-GAIA-Ignored-Fields', headerText(ignored));
}

const HEADER_CHARACTERS_MAX = 1024;

function headerText(paths: string[]): string {
  // Keys are the user's; a header takes printable ASCII only.
  const text = [...new Set(paths)].map((path) => path.replaceAll(/[^\x21-\x7e]/g, '?')).join(', ');
  return text.length <= HEADER_CHARACTERS_MAX ? text : `${text.slice(0, HEADER_CHARACTERS_MAX)}...`;
}
