/** What one health check has found of one task, and what that means. */
import type { HealthCheck } from '../app.js';
import type { ProbeOutcome } from '../probes/types.js';
import { failureOf } from '../probes/verdict.js';

export interface CheckHealth {
  firstSuccessMs: number | null;
  lastSuccessMs: number | null;
  lastFailureMs: number | null;
  lastFailureCause: string | null;
  consecutiveFailures: number;
}

export const unknownHealth: CheckHealth = {
  firstSuccessMs: null,
  lastSuccessMs: null,
  lastFailureMs: null,
  lastFailureCause: null,
  consecutiveFailures: 0,
};

/** `none`: it says nothing. */
export type Verdict = { type: 'success' } | { type: 'failure'; cause: string } | { type: 'none' };

export function verdictOf(check: Pick<HealthCheck, 'ignoreHttp1xx'>, outcome: ProbeOutcome): Verdict {
  if (outcome.type === 'answered' && outcome.status < 200 && check.ignoreHttp1xx) return { type: 'none' };
  const cause = failureOf(outcome);
  return cause === null ? { type: 'success' } : { type: 'failure', cause };
}

/** `startedMs`: when the task began to run. */
export function afterVerdict(
  check: Pick<HealthCheck, 'gracePeriodSeconds'>,
  health: CheckHealth,
  verdict: Verdict,
  { startedMs, now }: { startedMs: number; now: number },
): CheckHealth {
  if (verdict.type === 'none') return health;
  if (verdict.type === 'success')
    return { ...health, firstSuccessMs: health.firstSuccessMs ?? now, lastSuccessMs: now, consecutiveFailures: 0 };
  if (health.firstSuccessMs === null && now - startedMs < check.gracePeriodSeconds * 1000) return health;
  return {
    ...health,
    lastFailureMs: now,
    lastFailureCause: verdict.cause,
    consecutiveFailures: health.consecutiveFailures + 1,
  };
}

/** One failure ends it, one success brings it back, as in Marathon; null: nothing is known yet. */
export function isAlive({ lastSuccessMs, lastFailureMs, consecutiveFailures }: CheckHealth): boolean | null {
  if (lastSuccessMs === null && lastFailureMs === null) return null;
  return consecutiveFailures === 0;
}

/** The task is to be replaced. */
export const isExhausted = (check: Pick<HealthCheck, 'maxConsecutiveFailures'>, health: CheckHealth): boolean =>
  check.maxConsecutiveFailures > 0 && health.consecutiveFailures >= check.maxConsecutiveFailures;

/** Of all checks of a task: it is healthy when it passes all. Null: there are none, or not all have said. */
export function areAlive(checks: CheckHealth[]): boolean | null {
  const known = checks.map(isAlive);
  if (known.includes(false)) return false;
  return known.length === 0 || known.includes(null) ? null : true;
}
