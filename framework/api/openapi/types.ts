/** JSON Schema, 2020-12, as far as it is used here. */
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
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  pattern?: string;
  example?: unknown;
}

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });

export const text: Schema = { type: 'string' };
export const flag: Schema = { type: 'boolean' };
export const number: Schema = { type: 'number' };
export const whole: Schema = { type: 'integer' };
export const count: Schema = { type: 'integer', minimum: 0 };
export const anything: Schema = {};
export const time: Schema = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' };
/** One of these, or null. */
export const maybe = (schema: Schema): Schema => ({ oneOf: [schema, { type: 'null' }] });

/** All properties are required but those whose name ends in `?`. Others are allowed. */
export function object(properties: Record<string, Schema>, example?: unknown): Schema {
  const named = Object.entries(properties).map(([name, schema]) => [name.replace(/\?$/, ''), schema] as const);
  const required = Object.keys(properties).filter((name) => !name.endsWith('?'));
  return {
    type: 'object',
    properties: Object.fromEntries(named),
    ...(required.length > 0 && { required }),
    ...(example !== undefined && { example }),
  };
}
