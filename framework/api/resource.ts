import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { methodNotAllowed } from './errors.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
/** What is routed, so that a method that is not possible is answered 405 rather than 404. HEAD comes with GET. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** What can be done with a path. Other methods are answered 405 with `Allow`. */
export type Resource = Partial<Record<Method, Handler>>;

export function register(api: FastifyInstance, url: string, resource: Resource): void {
  routeAll(api, url, (request, reply) => handle(resource, request, reply));
}

export function routeAll(api: FastifyInstance, url: string, handler: Handler): void {
  api.route({ method: METHODS, url, handler });
}

/** HEAD is GET without the body, which Fastify takes care of. */
export function handle(resource: Resource, request: FastifyRequest, reply: FastifyReply): unknown {
  const method = (request.method === 'HEAD' ? 'GET' : request.method) as Method;
  const handler = resource[method];
  if (handler === undefined) throw methodNotAllowed(request.method, Object.keys(resource));
  return handler(request, reply);
}
