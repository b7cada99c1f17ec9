import type { AppCheck, HealthCheck, HealthProtocol } from '../app.js';
import { type Reader, requirePresent } from './reader.js';

const PROTOCOLS = ['HTTP', 'HTTPS', 'TCP', 'COMMAND', 'MESOS_HTTP', 'MESOS_HTTPS', 'MESOS_TCP'] as const;
const SECONDS = { min: 0 };
const PATH = { lengthMin: 1, lengthMax: 1024 };
const COMMAND = { lengthMin: 1, lengthMax: 64 * 1024 };

export const isHttp = (protocol: HealthProtocol): boolean => protocol.includes('HTTP');

/** The executor probes, on its agent. */
export const isOnAgent = (protocol: HealthProtocol): boolean => protocol === 'COMMAND' || protocol.startsWith('MESOS_');

/** 0 is a legal interval, and a legal time-out; it is taken as a second. */
export const checkMs = (seconds: number): number => Math.max(1, seconds) * 1000;

/** Where a check reaches a task that has these ports; undefined: the task has no such port. */
export const portOf = ({ port, portIndex = 0 }: { port?: number; portIndex?: number }, ports: number[]) =>
  port ?? ports[portIndex];

/** One of `healthChecks`, with Marathon's defaults. What its protocol has no use for is read and dropped, as there. */
export function readHealthCheck(reader: Reader): HealthCheck {
  const protocol = reader.choice('protocol', PROTOCOLS) ?? 'HTTP';
  return {
    protocol,
    ...readTarget(reader, protocol),
    gracePeriodSeconds: reader.integer('gracePeriodSeconds', SECONDS) ?? 300,
    intervalSeconds: reader.integer('intervalSeconds', SECONDS) ?? 60,
    timeoutSeconds: reader.integer('timeoutSeconds', SECONDS) ?? 20,
    maxConsecutiveFailures: reader.integer('maxConsecutiveFailures', { min: 0 }) ?? 3,
    delaySeconds: reader.integer('delaySeconds', SECONDS) ?? 15,
    ignoreHttp1xx: reader.boolean('ignoreHttp1xx') ?? false,
  };
}

function readTarget(reader: Reader, protocol: HealthProtocol): Partial<HealthCheck> {
  const path = reader.string('path', PATH) ?? '/';
  const place = readPort(reader);
  const value = reader.object('command')?.string('value', COMMAND);
  const ipProtocol = reader.choice('ipProtocol', ['IPv4', 'IPv6'] as const);
  if (ipProtocol === 'IPv6')
    reader.problems.add(
      'rule',
      reader.pathOf('ipProtocol'),
      'IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks',
      'ipProtocol is "IPv6"; leave it out: tasks are probed at the address of their agent',
    );
  if (protocol === 'COMMAND') return value === undefined ? {} : { command: { value } };
  return { ...(isHttp(protocol) ? { path } : {}), ...place };
}

function readPort(reader: Reader): { port?: number; portIndex?: number } {
  const port = reader.integer('port', { min: 1, max: 65535 });
  const portIndex = reader.integer('portIndex', { min: 0 });
  if (port !== undefined) return { port };
  return portIndex === undefined ? {} : { portIndex };
}

/** The block `check`, with Marathon's defaults. */
export function readCheck(reader: Reader): AppCheck | undefined {
  const inner = reader.object('check');
  if (inner === undefined) return undefined;
  const http = inner.object('http');
  const tcp = inner.object('tcp');
  const exec = inner.object('exec');
  return {
    ...(http && { http: readHttp(http) }),
    ...(tcp && { tcp: readPort(tcp) }),
    ...(exec && { exec: readExec(exec) }),
    intervalSeconds: inner.integer('intervalSeconds', SECONDS) ?? 60,
    timeoutSeconds: inner.integer('timeoutSeconds', SECONDS) ?? 20,
    delaySeconds: inner.integer('delaySeconds', SECONDS) ?? 15,
  };
}

function readHttp(inner: Reader): NonNullable<AppCheck['http']> {
  const path = inner.string('path', PATH) ?? '/';
  const scheme = inner.choice('scheme', ['HTTP', 'HTTPS'] as const) ?? 'HTTP';
  return { ...readPort(inner), path, scheme };
}

function readExec(inner: Reader): { command: { shell: string } } {
  requirePresent(inner, 'command', 'an object {"shell": "..."}');
  return { command: { shell: inner.object('command')?.string('shell', COMMAND) ?? '' } };
}
