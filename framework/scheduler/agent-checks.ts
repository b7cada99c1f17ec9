/** What an executor is told of the checks that it makes. */
import type { CheckAssignment, HealthAssignment } from '../../executor/assignment.js';
import type { AppCheck, AppSpec, HealthCheck } from '../app.js';
import { checkMs, isHttp, isOnAgent, portOf } from '../spec/health-checks.js';
import { failuresForGood } from './health.js';

/** Null: the app has no health check that is made on the agent. */
export function healthAssignment({ healthChecks }: AppSpec, ports: number[]): HealthAssignment | null {
  const check = healthChecks?.find(({ protocol }) => isOnAgent(protocol));
  if (!check) return null;
  return {
    probe: probeOf(check, ports),
    ...timesOf(check),
    gracePeriodMs: check.gracePeriodSeconds * 1000,
    failuresToldMax: Math.max(check.maxConsecutiveFailures, failuresForGood),
  };
}

function probeOf(check: HealthCheck, ports: number[]): CheckAssignment['probe'] {
  if (check.command) return { type: 'command', shell: check.command.value };
  // Validation has seen to it that there is one, here and below.
  const port = portOf(check, ports) as number;
  if (!isHttp(check.protocol)) return { type: 'tcp', port };
  return { type: 'http', secure: check.protocol === 'MESOS_HTTPS', port, path: check.path ?? '/' };
}

export function checkAssignment(check: AppCheck, ports: number[]): CheckAssignment {
  return { probe: appProbe(check, ports), ...timesOf(check) };
}

function appProbe({ http, tcp, exec }: AppCheck, ports: number[]): CheckAssignment['probe'] {
  if (exec) return { type: 'command', shell: exec.command.shell };
  const port = portOf(http ?? tcp ?? {}, ports) as number;
  if (!http) return { type: 'tcp', port };
  return { type: 'http', secure: http.scheme === 'HTTPS', port, path: http.path ?? '/' };
}

function timesOf({ delaySeconds, intervalSeconds, timeoutSeconds }: AppCheck | HealthCheck) {
  return {
    delayMs: delaySeconds * 1000,
    intervalMs: checkMs(intervalSeconds),
    timeoutMs: checkMs(timeoutSeconds),
  };
}
