/**
 * Reads JSON as Apache Mesos does: against the proto message it stands for. Unknown fields are ignored, unknown enum
 * names are dropped, numbers may be given as strings, and errors carry the words of Mesos' own converter
 * (3rdparty/stout/include/stout/protobuf.hpp; observed status texts).
 */

export type FieldType =
  | 'string'
  | 'bytes'
  | 'double'
  | 'integer'
  | 'bool'
  | 'any'
  | { enum: readonly string[] }
  /** By any name. */
  | { map: Message }
  | Message;
export interface Field {
  type: FieldType;
  label: 'required' | 'optional' | 'repeated';
}
export interface Message {
  fields: Readonly<Record<string, Field>>;
}

export const message = (fields: Record<string, Field>): Message => ({ fields });
export const required = (type: FieldType): Field => ({ type, label: 'required' });
export const optional = (type: FieldType): Field => ({ type, label: 'optional' });
export const repeated = (type: FieldType): Field => ({ type, label: 'repeated' });

/** Why JSON cannot be read as the message; the text is what Mesos answers. */
export class ConversionError extends Error {
  override readonly name = 'ConversionError';
}

/**
 * @param json what JSON.parse returned
 * @returns a copy with only the message's fields
 * @throws ConversionError
 */
export function convert(json: unknown, type: Message): Record<string, unknown> {
  if (!isObject(json)) throw new ConversionError('Expecting a JSON object');
  const converted = convertMessage(json, type);
  const missing = missingFields(converted, type, '');
  if (missing.length > 0) throw new ConversionError(`Missing required fields: ${missing.join(', ')}`);
  return converted;
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function convertMessage(json: Record<string, unknown>, type: Message): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(type.fields)) {
    const value = json[name];
    const converted = value === undefined || value === null ? undefined : convertField(value, name, field);
    if (converted !== undefined) result[name] = converted;
    else if (field.label === 'repeated') result[name] = [];
  }
  return result;
}

function convertField(value: unknown, name: string, field: Field): unknown {
  if (field.label !== 'repeated') return convertValue(value, name, field.type);
  if (!Array.isArray(value)) return refuse(value, name);
  return value.map((item) => convertValue(item, name, field.type)).filter((item) => item !== undefined);
}

function convertValue(value: unknown, name: string, type: FieldType): unknown {
  if (type === 'any') return value;
  if (type === 'bool') return typeof value === 'boolean' ? value : refuse(value, name);
  if (type === 'double' || type === 'integer') return convertNumber(value, name, type);
  if (typeof type === 'object' && 'fields' in type) {
    return isObject(value) ? convertMessage(value, type) : refuse(value, name);
  }
  if (typeof type === 'object' && 'map' in type) return convertMap(value, name, type.map);
  if (typeof value !== 'string') return refuse(value, name);
  if (typeof type === 'object') return type.enum.includes(value) ? value : undefined;
  if (type === 'bytes') checkBase64(value, name);
  return value;
}

function convertMap(value: unknown, name: string, type: Message): Record<string, unknown> {
  if (!isObject(value)) return refuse(value, name);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convertValue(item, name, type)]));
}

function convertNumber(value: unknown, name: string, type: 'double' | 'integer'): number {
  if (typeof value !== 'number' && typeof value !== 'string') return refuse(value, name);
  const number = Number(value);
  if (Number.isNaN(number) || value === '')
    throw new ConversionError(`Failed to parse '${value}' as a JSON number for field '${name}'`);
  return type === 'integer' ? Math.trunc(number) : number;
}

function checkBase64(value: string, name: string): void {
  const invalid = /[^A-Za-z0-9+/=]/.exec(value);
  if (!invalid) return;
  throw new ConversionError(`Failed to base64 decode bytes field '${name}': Invalid character '${invalid[0]}'`);
}

function refuse(value: unknown, name: string): never {
  const kind = Array.isArray(value) ? 'array' : typeof value;
  throw new ConversionError(`Not expecting a JSON ${kind} for field '${name}'`);
}

function missingFields(value: Record<string, unknown>, type: Message, prefix: string): string[] {
  const fields = Object.entries(type.fields);
  const own = fields.filter(([name, field]) => field.label === 'required' && value[name] === undefined);
  const nested = fields.flatMap(([name, field]) => {
    const content = value[name];
    const inner = field.type;
    if (content === undefined || typeof inner !== 'object') return [];
    if ('map' in inner) {
      const entries = Object.entries(content as Record<string, Record<string, unknown>>);
      return entries.flatMap(([key, item]) => missingFields(item, inner.map, `${prefix}${name}['${key}'].`));
    }
    if (!('fields' in inner)) return [];
    const items =
      field.label === 'repeated' ? (content as Record<string, unknown>[]) : [content as Record<string, unknown>];
    return items.flatMap((item, index) => {
      const place = field.label === 'repeated' ? `${name}[${index}]` : name;
      return missingFields(item, inner, `${prefix}${place}.`);
    });
  });
  return [...own.map(([name]) => `${prefix}${name}`), ...nested];
}
