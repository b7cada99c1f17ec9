import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Authenticator } from '../access/authenticator.js';
import type { Account, User } from '../access/users.js';
import { ApiError } from './errors.js';
import { anybody, requireRole, roleNeeded } from './permissions.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent it. */
    user: User;
  }
}

/** `users` is asked at each request; null: all may do everything. A scheduler that does not lead checks, too, before it passes a request on. */
export function installAuthentication(api: FastifyInstance, users: (() => Account[]) | null, now: () => number): void {
  api.decorateRequest('user');
  const authenticator = users && new Authenticator(users, now);
  api.addHook('onRequest', async (request) => {
    const needed = roleNeeded(request.method, request.routeOptions.url);
    if (authenticator === null || needed === null) {
      request.user = anybody;
      return;
    }
    const verdict = await authenticator.verdict(request.headers.authorization, request.ip);
    if (typeof verdict === 'string') throw failures[verdict](challengeFor(request.headers));
    request.user = verdict.user;
    requireRole(request.user, needed);
  });
}

const BEARER = 'Bearer realm="GAIA"';

/** Whoever asks a browser for name and password by Basic has it ask its user, also beside a page that has a form for that. */
function challengeFor(headers: IncomingHttpHeaders): Record<string, string> {
  const isOfPage = headers['x-requested-with'] !== undefined;
  return { 'WWW-Authenticate': isOfPage ? BEARER : `Basic realm="GAIA", charset="UTF-8", ${BEARER}` };
}

const failures = {
  missing: (challenge: Record<string, string>) =>
    new ApiError(401, 'This API wants to know who asks', 'Send name and password, or a token.', {}, challenge),
  wrong: (challenge: Record<string, string>) =>
    new ApiError(401, 'The name with the password, or the token, is not known', 'Correct it.', {}, challenge),
  busy: () => new ApiError(429, 'Too many wrong passwords or tokens', 'Wait a minute.', {}, { 'Retry-After': '60' }),
};
