/** Whether a value is what a schema of the API's document allows. The API itself knows more, and has the last word. */

/** JSON Schema, as far as the document uses it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  pattern?: string;
}

/** Of one field: what is there, and what to do. */
export interface Problem {
  /** '/portDefinitions(0)/port' */
  path: string;
  sentence: string;
}

const VALUE_CHARACTERS_MAX = 60;

export function check(value: unknown, schema: Schema, path = ''): Problem[] {
  if (value === null || value === undefined) return [];
  const wrong = wrongWith(value, schema);
  if (wrong !== null) return [{ path, sentence: `${path || 'it'} is ${shown(value)}; ${wrong}` }];
  if (Array.isArray(value)) return value.flatMap((item, index) => check(item, schema.items ?? {}, `${path}(${index})`));
  if (typeof value === 'object') return checkObject(value as Record<string, unknown>, schema, path);
  return [];
}

/** Null: nothing. */
function wrongWith(value: unknown, schema: Schema): string | null {
  const { oneOf, type, minimum, maximum, minLength, pattern } = schema;
  if (oneOf !== undefined)
    return oneOf.some((one) => check(value, one).length === 0) ? null : 'nothing of the kind is taken';
  if (schema.enum !== undefined && !schema.enum.includes(value)) return `take one of ${schema.enum.join(', ')}`;
  if (type !== undefined && ![type].flat().some((one) => isOf(value, one)))
    return `give ${words[[type].flat()[0] as string] ?? type}`;
  if (typeof value === 'number' && minimum !== undefined && value < minimum) return `give ${minimum} or more`;
  if (typeof value === 'number' && maximum !== undefined && value > maximum) return `give ${maximum} or less`;
  if (typeof value === 'string' && minLength !== undefined && value.length < minLength) return 'it may not be empty';
  if (typeof value === 'string' && pattern !== undefined && !new RegExp(pattern).test(value))
    return `give ${schema.description ?? `what matches ${pattern}`}`;
  return null;
}

const words: Record<string, string> = {
  string: 'a text in double quotes',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list in [ ]',
  object: 'an object in { }',
};

function isOf(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && !Array.isArray(value);
  return typeof value === type;
}

function checkObject(value: Record<string, unknown>, schema: Schema, path: string): Problem[] {
  const { properties, required = [], additionalProperties } = schema;
  const missing = required.filter((name) => (value[name] ?? null) === null);
  const others = typeof additionalProperties === 'object' ? additionalProperties : {};
  return [
    ...missing.map((name) => ({ path: `${path}/${name}`, sentence: `${path}/${name} is missing; it is needed` })),
    ...Object.entries(value).flatMap(([name, one]) => check(one, properties?.[name] ?? others, `${path}/${name}`)),
  ];
}

/** With everything that a reference stands for in its place. */
export function resolved(schema: Schema, all: Record<string, Schema>): Schema {
  const { $ref: reference, properties, items, oneOf } = schema;
  if (reference !== undefined) return resolved(all[reference.split('/').at(-1) as string] ?? {}, all);
  const below = properties && Object.entries(properties).map(([name, one]) => [name, resolved(one, all)]);
  return {
    ...schema,
    ...(below && { properties: Object.fromEntries(below) }),
    ...(items && { items: resolved(items, all) }),
    ...(oneOf && { oneOf: oneOf.map((one) => resolved(one, all)) }),
  };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text;
}
