/** Readiness checks: a task passes once, then deployments count on it. */
import type { ReadinessCheck } from '../app.js';
import type { ProbeOutcome } from '../probes/types.js';
import type { ReadinessView } from '../service.js';
import type { Context } from './context.js';
import { specOf } from './health.js';
import type { AppRecord, TaskRecord } from './records.js';

/** Of an answer's body, as it is shown. */
export const bodyBytesMax = 4096;

/** Null: it has none to pass. */
export const readinessOf = (app: AppRecord, task: TaskRecord): ReadinessCheck | null =>
  specOf(app, task).readinessChecks?.[0] ?? null;

export const isReady = (app: AppRecord, task: TaskRecord): boolean =>
  task.ready === true || readinessOf(app, task) === null;

/** What a probe has found of a task that is not ready yet. */
export function noteReadiness(context: Context, app: AppRecord, task: TaskRecord, outcome: ProbeOutcome): void {
  const check = readinessOf(app, task);
  if (!check) return;
  context.memory.readiness.set(task.id, outcome);
  const passes = outcome.type === 'answered' && check.httpStatusCodesForReady.includes(outcome.status);
  if (passes) context.state.tasks.put(task.id, { ...task, ready: true });
}

/** Why it is not ready, as far as that is known. */
export function unreadyCause({ memory }: Context, task: TaskRecord): string | null {
  const found = memory.readiness.get(task.id);
  if (found?.type === 'failed') return found.cause;
  return found?.type === 'answered' ? `HTTP status ${found.status}` : null;
}

/** Null: it has no check. */
export function readinessView({ memory }: Context, app: AppRecord, task: TaskRecord): ReadinessView | null {
  const check = readinessOf(app, task);
  if (!check) return null;
  const found = check.preserveLastResponse ? memory.readiness.get(task.id) : undefined;
  const { name } = check;
  const view = { name, taskId: task.id, ready: task.ready === true };
  if (found?.type !== 'answered') return view;
  const { status, contentType, body } = found;
  return { ...view, lastResponse: { status, contentType, body } };
}
