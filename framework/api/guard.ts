import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyRequest } from 'fastify';
import { ApiError } from './errors.js';

/** Node drops those beyond 2,000 without a word; no client sends as many as this. */
const HEADERS_MAX = 100;

/**
 * Whoever may change apps may run commands, and a browser on the operator's machine can reach a loopback address. So
 * a name that a stranger's DNS may point here is not answered (DNS rebinding), nor is a change that a page of another
 * origin sends. Addresses, `localhost`, this machine's name and `hostNames` are answered.
 */
export function guard(hostNames: string[]): (request: FastifyRequest) => Promise<void> {
  const known = new Set(['localhost', hostname().toLowerCase(), ...hostNames.map((name) => name.toLowerCase())]);
  return async (request) => {
    if (request.raw.rawHeaders.length > 2 * HEADERS_MAX)
      throw new ApiError(431, 'Request Header Fields Too Large', `Send at most ${HEADERS_MAX} headers.`);
    const host = hostOf(request.headers.host ?? '');
    if (isIP(host) === 0 && !known.has(host) && !host.endsWith('.localhost')) {
      throw new ApiError(403, `The host name '${host}' is not one of this API`, 'Use its IP address or localhost.');
    }
    const { origin } = request.headers;
    const isChange = request.method !== 'GET' && request.method !== 'HEAD';
    if (isChange && origin !== undefined && origin !== `${request.protocol}://${request.headers.host}`) {
      throw new ApiError(403, `Pages of ${origin} may not change apps`, 'Send the request without a browser.');
    }
  };
}

function hostOf(header: string): string {
  return header
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}
