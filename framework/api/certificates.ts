/** Clients with certificates: whoever has none of the right authority reaches only what is open to all. */
import type { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Tls } from '../access/tls.js';
import { ApiError } from './errors.js';
import { roleNeeded } from './permissions.js';

/** Connections are not refused: load balancers and agents have no certificates. */
export function askingFor({ clientAuthority }: Tls): { requestCert?: boolean; rejectUnauthorized?: boolean } {
  return clientAuthority === undefined ? {} : { requestCert: true, rejectUnauthorized: false };
}

export function installCertificates(api: FastifyInstance): void {
  api.addHook('onRequest', async (request) => {
    if (roleNeeded(request.method, request.routeOptions.url) === null || isKnown(request)) return;
    throw new ApiError(
      403,
      'This API answers clients that have a certificate of its authority',
      'Show one: "gaia --certificate FILE --key FILE".',
    );
  });
}

/** Node calls a session that is taken up again authorised, also if no certificate was shown when it began. */
function isKnown(request: FastifyRequest): boolean {
  const socket = request.raw.socket as Partial<TLSSocket>;
  return socket.authorized === true && (socket.getPeerCertificate?.().raw?.length ?? 0) > 0;
}
