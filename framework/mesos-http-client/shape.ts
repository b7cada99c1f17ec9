/** Is a value from elsewhere of the form that the types promise? Pure. Most are, and offers of many agents have millions of fields. */

/** What is not as it should be, from the value on, as it follows its name: `.id is 3, not text`; null: nothing. */
export type Shape = (value: unknown) => string | null;

/** The problem of a value that is not what is wanted. */
export const told = (value: unknown, wanted: string): string =>
  ` is ${JSON.stringify(value)?.slice(0, 60) ?? 'absent'}, not ${wanted}`;

export const text: Shape = (value) => (typeof value === 'string' ? null : told(value, 'text'));

/** JSON has numbers without a bound: 1e999 is Infinity. */
export const number: Shape = (value) => (Number.isFinite(value) ? null : told(value, 'a finite number'));

export const count: Shape = (value) =>
  Number.isFinite(value) && (value as number) >= 0 ? null : told(value, 'a finite number of 0 or more');

export const truth: Shape = (value) => (typeof value === 'boolean' ? null : told(value, 'true or false'));

/** Absent, or null, as some writers of JSON say it. */
export function optional(shape: Shape): Shape {
  return (value) => (value === undefined || value === null ? null : shape(value));
}

export function listOf(shape: Shape): Shape {
  return (value) => {
    if (!Array.isArray(value)) return told(value, 'a list');
    for (let index = 0; index < value.length; index += 1) {
      const problem = shape(value[index]);
      if (problem !== null) return `[${index}]${problem}`;
    }
    return null;
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Further fields may be there. */
export function fields(shapes: Record<string, Shape>): Shape {
  const known = Object.entries(shapes);
  return (value) => {
    if (!isObject(value)) return told(value, 'an object');
    for (const [name, shape] of known) {
      const problem = shape(value[name]);
      if (problem !== null) return `.${name}${problem}`;
    }
    return null;
  };
}

/** An object whose values are of one shape, by any names. */
export function mapOf(shape: Shape): Shape {
  return (value) => {
    if (!isObject(value)) return told(value, 'an object');
    for (const [name, item] of Object.entries(value)) {
      const problem = shape(item);
      if (problem !== null) return `.${name}${problem}`;
    }
    return null;
  };
}

/** By `type` of an event: the field of its body, and what that must be. */
export type Bodies = Record<string, [field: string, shape: Shape]>;

/** What is wrong with an event, or null; those of other types are not ours to judge. */
export function eventProblem(bodies: Bodies, event: { type: string }): string | null {
  const known = Object.hasOwn(bodies, event.type) ? bodies[event.type] : undefined;
  if (known === undefined) return null;
  const [field, shape] = known;
  const problem = shape((event as unknown as Record<string, unknown>)[field]);
  return problem === null ? null : `${event.type}: ${field}${problem}`;
}
