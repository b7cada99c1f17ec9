import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { NoPlan } from '../planner.js';
import { type CommandResult, NotLeading } from '../service.js';
import type { Rejection } from '../spec.js';

/**
 * An answer that is no success. `message` is Marathon's text where Marathon has one, since clients match on it;
 * what to do about it is in `remedy`.
 */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly remedy: string | null,
    readonly more: Record<string, unknown> = {},
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }

  body(): Record<string, unknown> {
    return { message: this.message, ...this.more, ...(this.remedy === null ? {} : { remedy: this.remedy }) };
  }
}

export function noSuchApp(appId: string): ApiError {
  return new ApiError(404, `App '${appId}' does not exist`, 'GET /v2/apps lists the apps there are.');
}

export function noSuchGroup(groupId: string): ApiError {
  return new ApiError(404, `Group '${groupId}' does not exist`, 'GET /v2/groups shows the groups there are.');
}

export function rejected(rejection: Rejection): ApiError {
  const { message, details } = rejection.body;
  return new ApiError(rejection.status, message, null, { details });
}

export function malformed(details: string): ApiError {
  return new ApiError(400, 'Invalid JSON', 'Send one JSON value with Content-Type: application/json.', { details });
}

/** For a promise of a plan. */
export function noPlan(error: Error): never {
  if (!(error instanceof NoPlan)) throw error;
  throw new ApiError(
    503,
    `There is no plan: ${error.message}`,
    'Repeat the request in a while.',
    {},
    { 'Retry-After': '10' },
  );
}

/** Why the framework did not take a command about `id`, as Marathon would say it; null: it was about several, or something else. */
export function refused(result: CommandResult & { ok: false }, id: string | null): ApiError {
  const ofApp = `GET /v2/apps${id ?? '/{id}'}`;
  switch (result.reason) {
    case 'exists':
      return new ApiError(409, result.message, 'Change it, or choose another id.');
    case 'notFound':
      return new ApiError(404, result.message, 'It may have ended since; look again.');
    case 'invalid':
      return new ApiError(422, 'Object is not valid', null, { details: [{ path: '/', errors: [result.message] }] });
    case 'quorum':
      return new ApiError(409, result.message, `Wait until the group is whole again: ${ofApp}/replicas.`);
    case 'uncovered':
      return new ApiError(409, result.message, `Wait until a backup covers it: ${ofApp}/guest.`);
    case 'busy':
      return new ApiError(409, result.message, 'Wait until it has ended, or cancel it: GET /v2/deployments.');
    case 'tooMany':
      return new ApiError(403, result.message, 'Wait until some have ended: GET /v2/deployments.');
    case 'locked':
      return locked(result.deploymentIds);
  }
}

function locked(deploymentIds: string[]): ApiError {
  const message =
    "App is locked by one or more deployments. Override with the option '?force=true'. " +
    "View details at '/v2/deployments/<DEPLOYMENT_ID>'.";
  const remedy = 'Wait for the deployments to end, or repeat with ?force=true.';
  return new ApiError(409, message, remedy, { deployments: deploymentIds.map((id) => ({ id })) });
}

/** Marathon answers 500 to unknown paths; nobody relies on that, so ours is 404. */
export function uriNotFound(url: string): ApiError {
  return new ApiError(404, 'URI not found', `There is nothing at ${url.split('?')[0]}; apps are at /v2/apps.`);
}

export function methodNotAllowed(method: string, allowed: string[]): ApiError {
  const allow = allowed.join(', ');
  return new ApiError(405, 'Method Not Allowed', `${method} is not possible here; use ${allow}.`, {}, { Allow: allow });
}

/** Every failure leaves through here, with a JSON body that has at least `message`. */
export function installErrorHandlers(api: FastifyInstance): void {
  api.setNotFoundHandler((request) => {
    throw uriNotFound(request.url);
  });
  api.setErrorHandler((error: FastifyError | ApiError, request, reply) => answerError(error, request, reply));
}

export function answerError(
  error: FastifyError | ApiError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const answer = error instanceof ApiError ? error : error instanceof NotLeading ? noLeader() : translate(error);
  if (answer.status >= 500) request.log.error({ err: error, url: request.url }, 'request failed');
  return reply.code(answer.status).headers(answer.headers).type('application/json').send(answer.body());
}

function translate(error: FastifyError): ApiError {
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiError(415, 'Unsupported Media Type', 'Send JSON with Content-Type: application/json.');
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiError(413, 'Request Entity Too Large', 'Send fewer apps in one request.');
    case 'FST_ERR_BAD_URL':
      return badPath();
  }
  const status = error.statusCode ?? 500;
  if (status < 500) return new ApiError(status, error.message, null);
  return new ApiError(500, 'Internal server error', "The framework's log has the cause; the request may be repeated.");
}

/** Until the next scheduler leads, seconds later. */
export function noLeader(): ApiError {
  const remedy =
    'Repeat the request in a moment; of a change that was under way look first whether it was carried out.';
  return new ApiError(503, 'Could not determine the current leader', remedy, {}, { 'Retry-After': '1' });
}

export function badPath(): ApiError {
  return new ApiError(400, 'The path is not valid', 'Every % in a path must start an encoded UTF-8 byte, as in %2F.');
}
