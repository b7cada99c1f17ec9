import type { CheckInfo, CommandInfo, HealthCheck } from '../../mesos-http-client/types.js';
import type { ProbeTarget } from '../../probes/types.js';

/** What is tried. */
export type Probe = { type: 'command'; command: CommandInfo } | ProbeTarget;

export interface CheckPlan {
  probe: Probe;
  delayMs: number;
  intervalMs: number;
  timeoutMs: number;
}

/** Tasks share the host's network. */
const HOST = '127.0.0.1';
const DEFAULT_SECONDS = { delay: 15, interval: 10, timeout: 20 };

/** Whole: timers of signals take nothing else, and 16.1 s are 16100.000000000002 ms. */
const milliseconds = (seconds: number): number => Math.ceil(seconds * 1000);

function times(info: CheckInfo | HealthCheck): Omit<CheckPlan, 'probe'> {
  return {
    delayMs: milliseconds(info.delay_seconds ?? DEFAULT_SECONDS.delay),
    intervalMs: milliseconds(info.interval_seconds ?? DEFAULT_SECONDS.interval),
    timeoutMs: milliseconds(info.timeout_seconds ?? DEFAULT_SECONDS.timeout),
  };
}

function networkProbe(type: 'HTTP' | 'TCP', info: CheckInfo | HealthCheck): Probe {
  if (type === 'TCP') return { type: 'tcp', host: HOST, port: info.tcp?.port ?? 0 };
  const { scheme = 'http', port = 0, path = '' } = (info.http ?? {}) as NonNullable<HealthCheck['http']>;
  return { type: 'http', secure: scheme === 'https', host: HOST, port, path };
}

export function planOfCheck(info: CheckInfo): CheckPlan {
  const { type } = info;
  const probe: Probe =
    type === 'COMMAND' ? { type: 'command', command: info.command?.command ?? {} } : networkProbe(type, info);
  return { probe, ...times(info) };
}

export function planOfHealthCheck(info: HealthCheck): CheckPlan {
  const { type } = info;
  const probe: Probe = type === 'COMMAND' ? { type: 'command', command: info.command ?? {} } : networkProbe(type, info);
  return { probe, ...times(info) };
}
