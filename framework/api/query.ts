import type { FastifyRequest } from 'fastify';
import { DEADLINE_SECONDS_MAX, type Deadline } from '../service.js';
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

/** Null: it was not given. @throws ApiError */
export function whole(
  request: FastifyRequest,
  name: string,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number | null {
  const given = text(request, name);
  if (given === undefined) return null;
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= min && value <= max) return value;
  throw new ApiError(400, `The query parameter ${name} is '${given}'`, `Use a whole number from ${min} to ${max}.`);
}

/** How a change is to be made; Marathon deletes apps by `force` unless it is told otherwise. */
export function howToChange(
  request: FastifyRequest,
  force = false,
): { force: boolean; dryRun: boolean; deadline?: Deadline } {
  return { force: flag(request, 'force', force), dryRun: flag(request, 'dryRun'), ...deadline(request) };
}

/** `?deadlineSeconds=600`, and `&rollBack=true`: the deployment fails when it takes longer, and is taken back then. */
function deadline(request: FastifyRequest): { deadline?: Deadline } {
  const rollBack = flag(request, 'rollBack');
  const seconds = whole(request, 'deadlineSeconds', 1, DEADLINE_SECONDS_MAX);
  if (seconds !== null) return { deadline: { seconds, rollBack } };
  if (rollBack) throw new ApiError(400, 'rollBack is true without a deadline', 'Give deadlineSeconds, too.');
  return {};
}
