import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { clientContext, type Tls } from '../access/tls.js';
import type { Context } from './context.js';
import { ApiError, noLeader } from './errors.js';
import { isPage } from './page.js';
import { requestIdHeader } from './request-id.js';

const CONNECT_TIMEOUT_MS = 2000;
const ANSWER_TIMEOUT_MS = 30_000;
/** Of the connection, not of the message; and what the leader would judge by its own address, while it was judged here. */
const NOT_PASSED_ON = new Set(
  'connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade expect host origin'.split(
    ' ',
  ),
);
const VIA = 'x-marathon-via';

const OWN = ['/ping', '/health', '/metrics', '/v1/executor/:file'];
/** What each process says for itself. */
function isOwn({ method, routeOptions: { url = '' } }: FastifyRequest): boolean {
  if (url === '/v2/leader') return method === 'GET';
  return isPage(url) || OWN.includes(url);
}

/**
 * A scheduler that does not lead passes requests on to the one that does, as Marathon does it: `X-Marathon-Via` names who has passed it
 * on, so that two that take each other for the leader are found out. Streams of events are redirected, but for pages: they outlive leaders. To the leader
 * it shows its own certificate.
 */
export function installStandby(
  api: FastifyInstance,
  { leadership, address, scheme }: Context,
  tls: (() => Tls) | null,
): void {
  const agent = new Agent({
    connect: connectorWith(tls),
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  });
  api.addHook('onClose', () => agent.destroy());
  api.addHook('onRequest', async (request, reply) => {
    if (leadership.leading || isOwn(request)) return;
    const { leader } = leadership;
    if (leader === null) throw noLeader();
    if (request.url.startsWith('/v2/events') && !isOfPage(request))
      return reply.redirect(`${scheme}://${leader}${request.url}`, 307);
    await passOn(agent, { scheme, leader }, address() ?? '', request, reply);
  });
}

/** A browser says so of what a page asks for; it would not show that page an answer of another origin. */
const isOfPage = ({ headers }: FastifyRequest) => headers['sec-fetch-site'] !== undefined;

/** Files may have been renewed by the next connection. */
function connectorWith(tls: (() => Tls) | null): buildConnector.connector {
  return (target, callback) =>
    buildConnector({ timeout: CONNECT_TIMEOUT_MS, ...(tls && clientContext(tls())) })(target, callback);
}

async function passOn(
  agent: Agent,
  { scheme, leader }: { scheme: string; leader: string },
  own: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const via = [request.headers[VIA] ?? []].flat().flatMap((one) => one.split(',').map((part) => part.trim()));
  if (via.includes(own)) {
    throw new ApiError(
      502,
      'Detected proxying loop.',
      'The schedulers disagree about who leads; repeat it in a moment.',
    );
  }
  const method = request.method as Dispatcher.HttpMethod;
  const answer = await agent
    .request({
      origin: `${scheme}://${leader}`,
      path: request.url,
      method,
      headers: { ...passedOn(request.headers), [VIA]: [...via, own].join(', '), [requestIdHeader]: request.id },
      body: method === 'GET' || method === 'HEAD' ? null : request.raw,
    })
    .catch((error: Error & { code?: string }) => {
      throw unanswered(leader, error);
    });
  return reply
    .code(answer.statusCode)
    .headers({ ...passedOn(answer.headers), [VIA]: own })
    .send(answer.body);
}

function passedOn(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !NOT_PASSED_ON.has(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}

function unanswered(leader: string, { code, message }: { code?: string; message: string }): ApiError {
  const remedy = 'Another scheduler leads in some seconds; of a change look first whether it was carried out.';
  const late = code === 'UND_ERR_HEADERS_TIMEOUT';
  const what = late ? `The leader ${leader} does not answer.` : `Connection to leader ${leader} failed: ${message}`;
  return new ApiError(late ? 504 : 502, what, remedy, {}, { 'Retry-After': '1' });
}
