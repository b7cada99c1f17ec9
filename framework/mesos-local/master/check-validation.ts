import type { CheckInfo, CommandInfo, HealthCheck, TaskInfo } from '../../mesos-http-client/types.js';

/** Checks of checks, in the order and the words of src/common/validation.cpp. Each gives the first error's text or null. */

type Kind = 'health check' | 'check';

function commandError(command: CommandInfo | undefined, kind: Kind): string | null {
  if (command?.value !== undefined) return null;
  const wanted = command?.shell === false ? "'executable path'" : "'shell command'";
  return `${kind === 'check' ? 'Command check' : 'Command health check'} must contain ${wanted}`;
}

function httpError(http: { scheme?: string; path?: string }, kind: Kind): string | null {
  const { scheme = 'http', path = '/' } = http;
  if (scheme !== 'http' && scheme !== 'https') return `Unsupported HTTP health check scheme: '${scheme}'`;
  return path.startsWith('/') ? null : `The path '${path}' of HTTP ${kind} must start with '/'`;
}

function targetError(info: CheckInfo | HealthCheck, command: CommandInfo | undefined, kind: Kind): string | null {
  const { type } = info;
  // The proto has UNKNOWN, too, and the field is optional there.
  if (type === undefined) return `${kind === 'check' ? 'CheckInfo' : 'HealthCheck'} must specify 'type'`;
  const field = ({ COMMAND: 'command', HTTP: 'http', TCP: 'tcp' } as const)[type];
  if (field === undefined) return `'${type}' is not a valid ${kind} type`;
  if (info[field] === undefined) return `Expecting '${field}' to be set for ${type} ${kind}`;
  if (type === 'COMMAND') return commandError(command, kind);
  return type === 'HTTP' ? httpError(info.http ?? {}, kind) : null;
}

const TIMES = ['delay_seconds', 'interval_seconds', 'timeout_seconds', 'grace_period_seconds'] as const;

function timesError(info: Partial<Record<(typeof TIMES)[number], number>>): string | null {
  const negative = TIMES.find((field) => (info[field] ?? 0) < 0);
  return negative === undefined ? null : `Expecting '${negative}' to be non-negative`;
}

/** @returns the message of the TASK_ERROR, or null */
export function checksError({ check, health_check }: TaskInfo): string | null {
  const wrong = check && (targetError(check, check.command?.command, 'check') ?? timesError(check));
  if (wrong) return `Task uses invalid check: ${wrong}`;
  const ill =
    health_check && (targetError(health_check, health_check.command, 'health check') ?? timesError(health_check));
  return ill ? `Task uses invalid health check: ${ill}` : null;
}
