/** Health and readiness checks, and secrets, of an app that clients send. */
import { count, flag, list, mapOf, object, type Schema, text } from './types.js';

const port: Schema = { type: 'integer', minimum: 1, maximum: 65_535 };
const times = { 'intervalSeconds?': count, 'timeoutSeconds?': count };
const place = { 'port?': port, 'portIndex?': count };

const healthCheck = object({
  'protocol?': { enum: ['HTTP', 'HTTPS', 'TCP', 'COMMAND', 'MESOS_HTTP', 'MESOS_HTTPS', 'MESOS_TCP'] },
  'path?': text,
  ...place,
  'command?': object({ value: text }),
  ...times,
  'gracePeriodSeconds?': count,
  'maxConsecutiveFailures?': count,
  'delaySeconds?': count,
  'ignoreHttp1xx?': flag,
});

const readinessCheck = object({
  'name?': text,
  'protocol?': { enum: ['HTTP', 'HTTPS'] },
  'path?': text,
  'portName?': text,
  ...times,
  'httpStatusCodesForReady?': list({ type: 'integer', minimum: 100, maximum: 999 }),
  'preserveLastResponse?': flag,
});

/** Fields of an app. */
export const checks = {
  'healthChecks?': { ...list(healthCheck), maxItems: 10 },
  'check?': object({
    'http?': object({ ...place, 'path?': text, 'scheme?': { enum: ['HTTP', 'HTTPS'] } }),
    'tcp?': object(place),
    'exec?': object({ command: object({ shell: text }) }),
    ...times,
    'delaySeconds?': count,
  }),
  'readinessChecks?': { ...list(readinessCheck), maxItems: 1 },
  'secrets?': mapOf(object({ source: text })),
};
