import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { ClientTls, Tls } from '../access/tls.js';
import type { Account } from '../access/users.js';
import type { ExecutorArchive } from '../executor-archive/archive.js';
import { hostText } from '../ip-addresses.js';
import { type ReadFile, sandboxFiles } from '../sandbox-files.js';
import type { FrameworkService, Leadership } from '../service.js';
import { agentsResource } from './agents.js';
import { appHandler } from './app.js';
import { appsResource } from './apps.js';
import { installAudit } from './audit.js';
import { installAuthentication } from './authentication.js';
import { installCertificates } from './certificates.js';
import { Changes } from './changes.js';
import { limitConnections } from './connections.js';
import type { Context } from './context.js';
import { deploymentResource, deploymentsResource } from './deployments.js';
import { drainsResource } from './drains.js';
import { answerError, installErrorHandlers } from './errors.js';
import { eventsResource } from './events.js';
import { executorResource } from './executor.js';
import { groupHandler } from './groups.js';
import { guard } from './guard.js';
import { fixedHeaders, installHeaders } from './headers.js';
import { healthResource } from './health.js';
import { installJson } from './json.js';
import { meResource } from './me.js';
import { metricsResource } from './metrics.js';
import { drainResource, rebalanceResource } from './moves.js';
import { openApiResource } from './openapi/document.js';
import { installPage, type Page } from './page.js';
import { planResource } from './plan.js';
import { podResource, podsResource } from './pods.js';
import { delayResource, queueResource } from './queue.js';
import { requestIdOf } from './request-id.js';
import { register, routeAll } from './resource.js';
import { infoResource, leaderResource, pingResource, pluginsResource } from './server.js';
import { installStandby } from './standby.js';
import { deleteTasksResource, tasksResource } from './tasks.js';
import { transportOf } from './transport.js';
import { watchResource } from './watch.js';

export interface ApiOptions {
  /** Gets failures of the API itself, and of requests those that may change something. Silent when absent. */
  log?: FastifyBaseLogger;
  /** Names under which clients reach the API besides its addresses, `localhost` and the name of the machine. */
  hostNames?: string[];
  /** Who may use it by now. Left out: whoever reaches the API may do everything. */
  users?: () => Account[];
  /** By now; whether clients need certificates is decided once. Left out: what is said is not encrypted. All schedulers do as this one. */
  tls?: () => Tls;
  /** Of which `/metrics` tells when they are over. */
  certificates?: () => Record<string, ClientTls>;
  /** Left out: there is this scheduler only. */
  leadership?: Leadership;
  /** Left out: agents have the executor. */
  executorArchive?: ExecutorArchive;
  /** How files of sandboxes are read. */
  readFile?: ReadFile;
  /** Left out: there is no web page. */
  page?: Page | null;
  /** Gets a record of each change that somebody known has asked for. */
  audit?: (record: object) => void;
  /** Clients that follow `/v2/events` at a time, and `/v2/watch`. */
  eventStreamsMax?: number;
  /** Connections of clients at a time; more are closed at once. */
  connectionsMax?: number;
  /** Of one address. */
  addressConnectionsMax?: number;
  /** For a request's head, and for TLS before it; for all of the request. */
  headTimeoutMs?: number;
  requestTimeoutMs?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const HEAD_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const EVENT_STREAMS_MAX = 100;
const CONNECTIONS_MAX = 1000;
const ADDRESS_CONNECTIONS_MAX = 500;

/** Marathon's REST API over a FrameworkService, with our extensions. Does not listen yet. */
export function buildApi(service: FrameworkService, options: ApiOptions = {}): FastifyInstance {
  const { tls = null, headTimeoutMs = HEAD_TIMEOUT_MS, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const api = fastify({
    ...(options.log === undefined ? { logger: false } : { loggerInstance: options.log }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    ...transportOf(tls, headTimeoutMs),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply.headers(fixedHeaders)),
  }) as FastifyInstance;
  limitConnections(api.server, {
    connectionsMax: options.connectionsMax ?? CONNECTIONS_MAX,
    addressConnectionsMax: options.addressConnectionsMax ?? ADDRESS_CONNECTIONS_MAX,
  });
  const now = options.now ?? Date.now;
  const changes = new Changes(service, now);
  const address = () => addressOf(api);
  const leadership = options.leadership ?? leadsAlone(address);
  const scheme = tls === null ? 'http' : 'https';
  const { executorArchive = null, certificates = () => ({}), readFile = sandboxFiles() } = options;
  const parts = { executorArchive, certificates, readFile };
  const context: Context = { service, leadership, changes, now, address, scheme, ...parts };
  installAudit(api, now, options.audit ?? (() => {}));
  api.addHook('onRequest', guard(options.hostNames ?? []));
  installHeaders(api, context);
  if (tls?.().clientAuthority !== undefined) installCertificates(api);
  installAuthentication(api, options.users ?? null, now);
  installStandby(api, context, tls);
  installJson(api);
  installErrorHandlers(api);
  registerResources(api, context);
  installPage(api, options.page ?? null);
  const { users = null, eventStreamsMax = EVENT_STREAMS_MAX } = options;
  register(api, '/v2/me', meResource(users));
  register(api, '/v2/events', eventsResource(context, users, eventStreamsMax));
  register(api, '/v2/watch', watchResource(context, users, eventStreamsMax));
  return api;
}

function registerResources(api: FastifyInstance, context: Context): void {
  register(api, '/v2/apps', appsResource(context));
  routeAll(api, '/v2/apps/*', appHandler(context));
  routeAll(api, '/v2/groups', groupHandler(context));
  routeAll(api, '/v2/groups/*', groupHandler(context));
  register(api, '/v2/tasks', tasksResource(context));
  register(api, '/v2/tasks/delete', deleteTasksResource(context));
  register(api, '/v2/deployments', deploymentsResource(context));
  register(api, '/v2/deployments/:id', deploymentResource(context));
  register(api, '/v2/queue', queueResource(context));
  register(api, '/v2/queue/*', delayResource(context));
  register(api, '/v2/pods', podsResource());
  register(api, '/v2/pods/*', podResource());
  register(api, '/v2/plan', planResource(context));
  register(api, '/v2/placement/drain', drainResource(context));
  register(api, '/v2/placement/drains', drainsResource(context));
  register(api, '/v2/placement/rebalance', rebalanceResource(context));
  register(api, '/v2/agents', agentsResource(context));
  register(api, '/v2/info', infoResource(context));
  register(api, '/v2/leader', leaderResource(context));
  register(api, '/v2/plugins', pluginsResource());
  register(api, '/v2/openapi.json', openApiResource());
  register(api, '/v1/executor/:file', executorResource(context));
  register(api, '/ping', pingResource());
  register(api, '/health', healthResource(context));
  register(api, '/metrics', metricsResource(context));
}

function leadsAlone(address: () => string | null): Leadership {
  return {
    leading: true,
    zooKeeper: null,
    abdicate: () => false,
    get leader() {
      return address();
    },
  };
}

function addressOf(api: FastifyInstance): string | null {
  const address = api.server.address();
  if (address === null || typeof address === 'string') return null;
  return `${hostText(address.address)}:${address.port}`;
}
