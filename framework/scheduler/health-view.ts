/** What people are told of a task's health. */
import type { HealthResultView, HealthView } from '../service.js';
import { areAlive, type CheckHealth, isAlive } from './check-health.js';
import { type Context, isoTime } from './context.js';
import { healthOf } from './health.js';
import type { AppRecord, TaskRecord } from './records.js';

/** Null: its app has no health checks. */
export function healthView(context: Context, app: AppRecord, task: TaskRecord): HealthView | null {
  const checks = healthOf(context, app, task);
  if (checks.length === 0) return null;
  return { healthy: areAlive(checks), results: checks.flatMap(resultView) };
}

function resultView(check: CheckHealth): HealthResultView[] {
  const alive = isAlive(check);
  if (alive === null) return [];
  const { consecutiveFailures, lastFailureCause } = check;
  return [
    {
      alive,
      consecutiveFailures,
      firstSuccess: timeOf(check.firstSuccessMs),
      lastSuccess: timeOf(check.lastSuccessMs),
      lastFailure: timeOf(check.lastFailureMs),
      lastFailureCause,
    },
  ];
}

const timeOf = (ms: number | null) => (ms === null ? null : isoTime(ms));
