/**
 * JSON as Apache Mesos prints it: fields that are doubles in the protos keep a fraction (`15.0`), all other numbers
 * are integers. Clients with a typed JSON reader depend on the difference.
 */

const DOUBLE_FIELDS = new Set([
  'heartbeat_interval_seconds',
  'timestamp',
  'failover_timeout',
  'refuse_seconds',
  'registered_time',
  'reregistered_time',
  'unregistered_time',
  'start_time',
  'elected_time',
  'build_time',
  'activated_slaves',
  'deactivated_slaves',
  'unreachable_slaves',
  'cpus',
  'mem',
  'disk',
  'gpus',
  'ports',
  'weight',
]);

/** @param field name of the field whose value this is; `value` holds a double wherever it holds a number */
function encodeNumber(value: number, field: string): string {
  // Names of metrics are the only ones with slashes.
  const double = DOUBLE_FIELDS.has(field) || field === 'value' || field.includes('/');
  const text = JSON.stringify(value);
  return double && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function encodeValue(value: unknown, field: string): string {
  if (typeof value === 'number') return encodeNumber(value, field);
  if (Array.isArray(value)) return `[${value.map((item) => encodeValue(item, field)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, content]) => content !== undefined);
  return `{${fields.map(([name, content]) => `${JSON.stringify(name)}:${encodeValue(content, name)}`).join(',')}}`;
}

/** One line of JSON without blanks; undefined fields are left out, as unset proto fields are. */
export function encodeJson(value: object): string {
  return encodeValue(value, '');
}
