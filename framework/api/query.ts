import type { FastifyRequest } from 'fastify';
import { ApiError } from './errors.js';

/** One value of a query parameter (the last, when repeated). */
export function text(request: FastifyRequest, name: string): string | undefined {
  return texts(request, name).at(-1);
}

export function texts(request: FastifyRequest, name: string): string[] {
  const query = request.query as Record<string, string | string[] | undefined>;
  const value = Object.hasOwn(query, name) ? query[name] : undefined;
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** `?force`, `?force=true` and `?force=false`. */
export function flag(request: FastifyRequest, name: string, otherwise = false): boolean {
  const value = text(request, name);
  if (value === undefined) return otherwise;
  if (value === '' || value === 'true') return true;
  if (value === 'false') return false;
  throw new ApiError(400, `The query parameter ${name} is '${value}'`, 'Use true or false.');
}
