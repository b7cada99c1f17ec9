/** Is a value from elsewhere of the form that the types promise? Pure. */

/** Returns the path of what is not as it should be and what it is, or null. */
export type Shape = (value: unknown, path: string) => string | null;

const told = (value: unknown, path: string, wanted: string): string =>
  `${path} is ${JSON.stringify(value)?.slice(0, 60) ?? 'absent'}, not ${wanted}`;

export const text: Shape = (value, path) => (typeof value === 'string' ? null : told(value, path, 'text'));

/** JSON has numbers without a bound: 1e999 is Infinity. */
export const number: Shape = (value, path) => (Number.isFinite(value) ? null : told(value, path, 'a finite number'));

export const truth: Shape = (value, path) => (typeof value === 'boolean' ? null : told(value, path, 'true or false'));

/** Absent, or null, as some writers of JSON say it. */
export function optional(shape: Shape): Shape {
  return (value, path) => (value === undefined || value === null ? null : shape(value, path));
}

export function listOf(shape: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return told(value, path, 'a list');
    return firstProblem(value.map((item, index) => [shape, item, `${path}[${index}]`]));
  };
}

/** Further fields may be there. */
export function fields(shapes: Record<string, Shape>): Shape {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return told(value, path, 'an object');
    const of = value as Record<string, unknown>;
    return firstProblem(Object.entries(shapes).map(([name, shape]) => [shape, of[name], `${path}.${name}`]));
  };
}

/** An object whose values are of one shape, by any names. */
export function mapOf(shape: Shape): Shape {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return told(value, path, 'an object');
    return firstProblem(Object.entries(value).map(([name, item]) => [shape, item, `${path}.${name}`]));
  };
}

function firstProblem(checks: [shape: Shape, value: unknown, path: string][]): string | null {
  for (const [shape, value, path] of checks) {
    const problem = shape(value, path);
    if (problem !== null) return problem;
  }
  return null;
}

/** By `type` of an event: the field of its body, and what that must be. */
export type Bodies = Record<string, [field: string, shape: Shape]>;

/** What is wrong with an event, or null; those of other types are not ours to judge. */
export function eventProblem(bodies: Bodies, event: { type: string }): string | null {
  const known = Object.hasOwn(bodies, event.type) ? bodies[event.type] : undefined;
  if (known === undefined) return null;
  const [field, shape] = known;
  return shape((event as unknown as Record<string, unknown>)[field], `${event.type}: ${field}`);
}
