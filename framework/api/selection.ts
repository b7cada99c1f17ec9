/** Which agents a request names, by fields that they have. */
import type { FastifyRequest } from 'fastify';
import { type Cluster, valuesIn } from '../../placement/index.js';
import { ApiError } from './errors.js';
import { texts } from './query.js';

const VALUES_SHOWN = 10;

/** Sorted, so that the same agents are named the same way. */
export function selection(request: FastifyRequest): Record<string, string[]> {
  const fields = Object.keys(request.query as object);
  if (fields.length === 0)
    throw new ApiError(
      400,
      'Nothing is named to be drained',
      'Add ?agent=NAME, ?zone=NAME, ?rack=NAME or another attribute; repeat one for several values.',
    );
  return Object.fromEntries(fields.map((field) => [field, [...new Set(texts(request, field))].sort()]));
}

export function noSuchAgent(cluster: Cluster, wanted: Record<string, string[]>): ApiError {
  const names = Object.entries(wanted).map(([field, values]) => `${field} '${values.join("' or '")}'`);
  const known = Object.keys(wanted).map((field) => knownValues(cluster, field));
  return new ApiError(404, `No agent is known with ${names.join(' and ')}`, `${known.join('; ')}.`);
}

function knownValues(cluster: Cluster, field: string): string {
  const values = valuesIn(cluster, field);
  if (values.length === 0) return `No agent has a field ${field}; use agent, zone, rack or another attribute`;
  const more = values.length > VALUES_SHOWN ? `, and ${values.length - VALUES_SHOWN} more` : '';
  return `There are ${field} ${values.slice(0, VALUES_SHOWN).join(', ')}${more}`;
}
