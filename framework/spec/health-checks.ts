import type { HealthCheck, HealthProtocol } from '../app.js';
import type { Reader } from './reader.js';

const PROTOCOLS = ['HTTP', 'HTTPS', 'TCP', 'COMMAND', 'MESOS_HTTP', 'MESOS_HTTPS', 'MESOS_TCP'] as const;
const SECONDS = { min: 0 };

export const isHttp = (protocol: HealthProtocol): boolean => protocol.includes('HTTP');

/** The executor probes, on its agent. */
export const isOnAgent = (protocol: HealthProtocol): boolean => protocol === 'COMMAND' || protocol.startsWith('MESOS_');

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
  const path = reader.string('path', { lengthMin: 1, lengthMax: 1024 }) ?? '/';
  const port = reader.integer('port', { min: 0, max: 65535 });
  const portIndex = reader.integer('portIndex', { min: 0 });
  const value = reader.object('command')?.string('value', { lengthMin: 1, lengthMax: 64 * 1024 });
  const ipProtocol = reader.choice('ipProtocol', ['IPv4', 'IPv6'] as const);
  if (ipProtocol === 'IPv6')
    reader.problems.add(
      'rule',
      reader.pathOf('ipProtocol'),
      'IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks',
      'ipProtocol is "IPv6"; leave it out: tasks are probed at the address of their agent',
    );
  if (protocol === 'COMMAND') return value === undefined ? {} : { command: { value } };
  const place = port !== undefined ? { port } : portIndex !== undefined ? { portIndex } : {};
  return { ...(isHttp(protocol) ? { path } : {}), ...place };
}
