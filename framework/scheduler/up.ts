/** Which tasks a deployment, a move or an upgrade counts on. */
import type { Context } from './context.js';
import { checksOf, healthOf, isHealthy } from './health.js';
import { isReady, unreadyCause } from './readiness.js';
import type { AppRecord, TaskRecord } from './records.js';

/** It runs, passes its health checks and has been ready, as far as it has such checks. */
export function isUp(context: Context, app: AppRecord, task: TaskRecord): boolean {
  if (task.state !== 'TASK_RUNNING' || !isReady(app, task)) return false;
  return checksOf(app, task).length === 0 || isHealthy(context, app, task) === true;
}

/** What running tasks have yet to show before a deployment goes on; null: nothing. */
export function pendingSentence(context: Context, app: AppRecord, tasks: readonly TaskRecord[]): string | null {
  const running = tasks.filter(({ state, stopping }) => state === 'TASK_RUNNING' && !stopping);
  const unready = running.filter((task) => !isReady(app, task));
  const pending = running.filter((task) => !isUp(context, app, task));
  if (pending.length === 0) return null;
  const [what, causes] =
    unready.length > 0
      ? (['ready', unready.map((task) => unreadyCause(context, task))] as const)
      : ([
          'healthy',
          pending.flatMap((task) => healthOf(context, app, task).map((one) => one.lastFailureCause)),
        ] as const);
  const cause = causes.find((one) => one !== null);
  return `${pending.length} of ${running.length} that run are not ${what}${cause ? `: ${cause}` : ' yet'}`;
}
