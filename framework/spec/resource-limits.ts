import type { AppSpec, ResourceLimits } from '../app.js';
import { type Problems, show } from './problems.js';
import { type Reader, refuseUnknown } from './reader.js';

/** Marathon's `resourceLimits`. Its unknown keys are refused: Mesos bounds cpus and memory only. */
export function readResourceLimits(reader: Reader): ResourceLimits | undefined {
  const inner = reader.object('resourceLimits');
  if (inner === undefined) return undefined;
  const limits: ResourceLimits = {};
  for (const name of ['cpus', 'mem'] as const) {
    const value = readLimit(inner, name);
    if (value !== undefined) limits[name] = value;
  }
  refuseUnknown(inner, 'resourceLimits', 'cpus and mem');
  return limits;
}

function readLimit(reader: Reader, name: 'cpus' | 'mem'): number | 'unlimited' | undefined {
  const value = reader.raw(name);
  if (value === undefined || value === 'unlimited') return value;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  const words = `'${value}' is an invalid resource limit. It must be 'unlimited' or a number`;
  reader.problems.add('range', reader.pathOf(name), words, `${name} is ${show(value)}; give a number or "unlimited"`);
  return undefined;
}

/** Mesos refuses a limit below the request. */
export function checkResourceLimits(
  { resourceLimits = {}, ...requests }: Pick<AppSpec, 'resourceLimits' | 'cpus' | 'mem'>,
  problems: Problems,
): void {
  for (const name of ['cpus', 'mem'] as const) {
    const limit = resourceLimits[name];
    const request = requests[name];
    if (typeof limit !== 'number' || limit >= request) continue;
    const words = `resource limit must be greater than or equal to requested resource (${request})`;
    problems.add('rule', `/resourceLimits/${name}`, words, `it is ${limit}; give ${request} or more, or lower ${name}`);
  }
}
