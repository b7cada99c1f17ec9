import type { CheckStatusInfo, HealthCheck } from '../../mesos-http-client/types.js';
import type { ProbeOutcome } from '../../probes/types.js';
import { failureOf } from '../../probes/verdict.js';

/** What results of checks mean (src/checks/health_checker.cpp). Pure. */

const DEFAULT_CONSECUTIVE_FAILURES = 3;
const DEFAULT_GRACE_SECONDS = 10;

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

/** HTTP by the statuses that are listed, else by 200 to 399. */
export function succeeded(outcome: ProbeOutcome, { http }: HealthCheck): boolean {
  const statuses = http?.statuses ?? [];
  if (outcome.type === 'answered' && statuses.length > 0) return statuses.includes(outcome.status);
  return failureOf(outcome) === null;
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
