import type { AppSpec, ReadinessCheck } from '../app.js';
import { type Problems, show } from './problems.js';
import type { Reader } from './reader.js';

const STATUS = { min: 100, max: 999 };

/** One of `readinessChecks`, with Marathon's defaults. */
export function readReadinessCheck(reader: Reader): ReadinessCheck {
  return {
    name: reader.string('name', { lengthMin: 1, lengthMax: 256 }) ?? 'readinessCheck',
    protocol: reader.choice('protocol', ['HTTP', 'HTTPS'] as const) ?? 'HTTP',
    path: reader.string('path', { lengthMin: 1, lengthMax: 1024 }) ?? '/',
    portName: reader.string('portName', { lengthMin: 1, lengthMax: 256 }) ?? 'http-api',
    intervalSeconds: reader.integer('intervalSeconds', { min: 0 }) ?? 30,
    timeoutSeconds: reader.integer('timeoutSeconds', { min: 1 }) ?? 10,
    httpStatusCodesForReady: reader.list('httpStatusCodesForReady', readStatus) ?? [200],
    preserveLastResponse: reader.boolean('preserveLastResponse') ?? false,
  };
}

function readStatus(value: unknown, path: string, problems: Problems): number | undefined {
  if (Number.isInteger(value) && (value as number) >= STATUS.min && (value as number) <= STATUS.max)
    return value as number;
  const key =
    typeof value === 'number' ? (['range', 'error.min'] as const) : (['type', 'error.expected.jsnumber'] as const);
  problems.add(
    key[0],
    path,
    key[1],
    `the status is ${show(value)}; use a whole number from ${STATUS.min} to ${STATUS.max}`,
  );
  return undefined;
}

type Judged = Pick<AppSpec, 'readinessChecks' | 'portDefinitions' | 'replication'>;

export function checkReadiness(app: Judged, problems: Problems): void {
  const checks = app.readinessChecks ?? [];
  if (checks.length > 1)
    problems.add('rule', '/readinessChecks', `readinessChecks has ${checks.length} checks; use at most 1`);
  if (checks.length > 0 && app.replication?.protocol === 'vm') {
    const why = 'its members are ready when a backup covers the guest; remove it';
    problems.add('rule', '/readinessChecks', `a replicated guest has no readiness checks: ${why}`);
  }
  checks.forEach((check, index) => {
    checkOne(app, check, `/readinessChecks(${index})`, problems);
  });
}

function checkOne({ portDefinitions }: Judged, check: ReadinessCheck, path: string, problems: Problems): void {
  const { portName, intervalSeconds, timeoutSeconds, httpStatusCodesForReady } = check;
  const names = portDefinitions.map(({ name }) => name).filter((name) => name !== null);
  if (!names.includes(portName)) {
    const remedy = names.length === 0 ? 'name a port in portDefinitions' : `use one of ${names.join(', ')}`;
    problems.add('rule', `${path}/portName`, `No port definition reference for portName ${portName}`, remedy);
  }
  if (timeoutSeconds >= intervalSeconds) {
    const sentence = `timeoutSeconds is ${timeoutSeconds}, which must be less than intervalSeconds, ${intervalSeconds}`;
    problems.add('rule', `${path}/timeoutSeconds`, sentence);
  }
  if (httpStatusCodesForReady.length === 0)
    problems.add('rule', `${path}/httpStatusCodesForReady`, 'must not be empty', 'give [200], or leave it out');
}
