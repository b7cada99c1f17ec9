import type { CheckStatusInfo, HealthCheck } from '../../mesos-http-client/types.js';
import type { ProbeResult } from './plan.js';

/** What results of checks mean (src/checks/health_checker.cpp). Pure. */

const DEFAULT_CONSECUTIVE_FAILURES = 3;
const DEFAULT_GRACE_SECONDS = 10;
const HTTP_OK = { min: 200, max: 399 };

export interface HealthState {
  /** There has been no success yet. */
  initializing: boolean;
  failures: number;
}

export const NEW_HEALTH: HealthState = { initializing: true, failures: 0 };

export interface HealthVerdict {
  state: HealthState;
  /** What is to be told; null: nothing. */
  healthy: boolean | null;
  kill: boolean;
}

export function succeeded(result: ProbeResult, { http }: HealthCheck): boolean {
  switch (result.type) {
    case 'COMMAND':
      return result.exitCode === 0;
    case 'TCP':
      return result.connected;
    case 'HTTP': {
      const { status } = result;
      if (status === null) return false;
      const statuses = http?.statuses ?? [];
      return statuses.length > 0 ? statuses.includes(status) : status >= HTTP_OK.min && status <= HTTP_OK.max;
    }
  }
}

/**
 * The first success, and the first after failures, is told; every failure is, but those before the first success
 * within the grace period.
 * @param sinceStartMs how long the task has run
 */
export function judge(state: HealthState, success: boolean, check: HealthCheck, sinceStartMs: number): HealthVerdict {
  if (success) {
    const news = state.initializing || state.failures > 0;
    return { state: { initializing: false, failures: 0 }, healthy: news ? true : null, kill: false };
  }
  const graceMs = (check.grace_period_seconds ?? DEFAULT_GRACE_SECONDS) * 1000;
  if (state.initializing && sinceStartMs <= graceMs) return { state, healthy: null, kill: false };
  const failures = state.failures + 1;
  const kill = failures >= (check.consecutive_failures ?? DEFAULT_CONSECUTIVE_FAILURES);
  return { state: { ...state, failures }, healthy: false, kill };
}

/** What is told of a check before its first result. */
export function emptyStatus(type: CheckStatusInfo['type']): CheckStatusInfo {
  return { type, [type.toLowerCase()]: {} };
}

export function checkStatus(result: ProbeResult): CheckStatusInfo {
  switch (result.type) {
    case 'COMMAND':
      return { type: 'COMMAND', command: result.exitCode === null ? {} : { exit_code: result.exitCode } };
    case 'HTTP':
      return { type: 'HTTP', http: result.status === null ? {} : { status_code: result.status } };
    case 'TCP':
      return { type: 'TCP', tcp: { succeeded: result.connected } };
  }
}
