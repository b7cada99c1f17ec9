import { serverContext, type Tls } from '../access/tls.js';
import { askingFor } from './certificates.js';

/** How the server waits for what comes before a request's body, and speaks TLS: options of Fastify, whose types allow one of the two. */
export function transportOf(tls: (() => Tls) | null, headTimeoutMs: number): object {
  const patience = { headersTimeout: headTimeoutMs, connectionsCheckingInterval: Math.ceil(headTimeoutMs / 4) };
  if (tls === null) return { http: patience };
  return { https: { ...patience, handshakeTimeout: headTimeoutMs, ...serverContext(tls()), ...askingFor(tls()) } };
}
