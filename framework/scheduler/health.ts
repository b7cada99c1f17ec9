/** Health checks: what is known of tasks, who counts as up, and who is replaced. */
import lodash from 'lodash';
import type { AppSpec, HealthCheck } from '../app.js';
import type { TaskStatus } from '../mesos-http-client/index.js';
import { isOnAgent } from '../spec/health-checks.js';
import { hasChecks } from './app-kinds.js';
import {
  afterVerdict,
  areAlive,
  type CheckHealth,
  isAlive,
  isExhausted,
  unknownHealth,
  type Verdict,
} from './check-health.js';
import type { Context } from './context.js';
import { publishFailedCheck, publishHealth, publishUnhealthyKill } from './publish-health.js';
import type { AppRecord, TaskRecord } from './records.js';
import { describeAgent, tell } from './story.js';
import { backOff, nameOf, noteFailure, stop } from './tasks.js';

/** Label of a status update in which an executor counts failures in a row; see executor/README.md. */
const failuresLabel = 'consecutiveFailures';

/** Of a check that never has its task replaced: so many failures in a row are more than a moment's. */
export const failuresForGood = 3;

/** The spec that a task was launched with, as long as it is known. */
export function specOf({ active, spec, versions }: AppRecord, task: TaskRecord): AppSpec {
  const isOf = ({ versionInfo }: AppSpec) => versionInfo.lastConfigChangeAt === task.configurationVersion;
  return isOf(active) ? active : ([spec, ...versions].find(isOf) ?? active);
}

export const checksOf = (app: AppRecord, task: TaskRecord): HealthCheck[] => specOf(app, task).healthChecks ?? [];

/** What each of the task's checks has found, in their order. */
export function healthOf({ memory, now }: Context, app: AppRecord, task: TaskRecord): CheckHealth[] {
  const known = memory.health.get(task.id);
  if (known) return known;
  return checksOf(app, task).map(({ protocol }) =>
    isOnAgent(protocol) && task.healthy !== undefined ? lastTold(task.healthy, now) : unknownHealth,
  );
}

/** Of an executor's check after a restart of the framework, when no more than the last answer is known. */
function lastTold(healthy: boolean, now: number): CheckHealth {
  if (healthy) return { ...unknownHealth, firstSuccessMs: now, lastSuccessMs: now };
  return { ...unknownHealth, lastFailureMs: now, lastFailureCause: 'as told last', consecutiveFailures: 1 };
}

/** Null: the task has no checks, or not all have said anything yet. */
export const isHealthy = (context: Context, app: AppRecord, task: TaskRecord): boolean | null =>
  areAlive(healthOf(context, app, task));

/** Nothing is lost when it goes: it does not run yet, or has failed a check for so long that only its replacement waits. */
export function isUseless(context: Context, app: AppRecord, task: TaskRecord): boolean {
  if (task.state !== 'TASK_RUNNING') return true;
  const health = healthOf(context, app, task);
  return checksOf(app, task).some(({ maxConsecutiveFailures: max }, index) =>
    isExhausted({ maxConsecutiveFailures: max || failuresForGood }, health[index] ?? unknownHealth),
  );
}

/** One check has found something. */
export function noteVerdict(context: Context, app: AppRecord, task: TaskRecord, index: number, verdict: Verdict): void {
  const startedMs = Date.parse(task.startedAt ?? task.stagedAt);
  const times = { startedMs, now: context.now };
  changeHealth(context, app, task, index, (health, check) => afterVerdict(check, health, verdict, times));
}

function changeHealth(
  context: Context,
  app: AppRecord,
  task: TaskRecord,
  index: number,
  change: (health: CheckHealth, check: HealthCheck) => CheckHealth,
): void {
  const before = healthOf(context, app, task);
  const [check, known] = [checksOf(app, task)[index], before[index]];
  if (!check || !known) return;
  const health = change(known, check);
  const after = before.with(index, health);
  context.memory.health.set(task.id, after);
  if (health.lastFailureMs !== known.lastFailureMs) publishFailedCheck(context, task, check);
  const isHealthyNow = healthChange(before, after);
  if (isHealthyNow === null) return;
  publishHealth(context, task, isHealthyNow);
  const what = isHealthyNow ? 'is healthy' : `is unhealthy: ${health.lastFailureCause}`;
  tell(context, app.id, `${nameOf(task)} on ${describeAgent(task.agent)} ${what}`, {
    task,
    kind: isHealthyNow ? 'member' : 'failure',
  });
}

/** True: it has become healthy, false: unhealthy; null: neither. */
function healthChange(before: CheckHealth[], after: CheckHealth[]): boolean | null {
  const is = areAlive(after);
  return is === areAlive(before) ? null : is;
}

/** An executor's word of its health check: each failure, with how many there were in a row, and the first success after any. */
export function receiveHealth(context: Context, task: TaskRecord, status: TaskStatus): void {
  const app = context.state.apps.get(task.appId);
  const index = app ? checksOf(app, task).findIndex(({ protocol }) => isOnAgent(protocol)) : -1;
  const { healthy } = status;
  if (!app || index < 0 || healthy === undefined) return;
  changeHealth(context, app, task, index, (health) => toldHealth(health, status, context.now));
  if (task.healthy !== healthy) context.state.tasks.put(task.id, { ...task, healthy });
}

/** What its `check` has found. */
export function receiveCheck({ state }: Context, task: TaskRecord, { check_status: checkStatus }: TaskStatus): void {
  if (checkStatus && !lodash.isEqual(checkStatus, task.checkStatus)) state.tasks.put(task.id, { ...task, checkStatus });
}

/** Updates of other things repeat what was told last. */
function toldHealth(health: CheckHealth, { healthy, labels, message }: TaskStatus, now: number): CheckHealth {
  const counted = labels?.labels?.find(({ key }) => key === failuresLabel)?.value;
  const consecutiveFailures = healthy ? 0 : Number(counted ?? 1);
  if (isAlive(health) === healthy && health.consecutiveFailures === consecutiveFailures) return health;
  if (healthy)
    return { ...health, firstSuccessMs: health.firstSuccessMs ?? now, lastSuccessMs: now, consecutiveFailures };
  return { ...health, lastFailureMs: now, lastFailureCause: message ?? 'its check fails', consecutiveFailures };
}

/** Why a task is to be replaced; null: it is not. */
export function unhealthySentence(context: Context, app: AppRecord, task: TaskRecord): string | null {
  if (task.state !== 'TASK_RUNNING') return null;
  const health = healthOf(context, app, task);
  const checks = checksOf(app, task);
  const index = checks.findIndex((check, place) => isExhausted(check, health[place] ?? unknownHealth));
  const [check, found] = [checks[index], health[index]];
  if (!check || !found) return null;
  return `its ${check.protocol} health check has failed ${found.consecutiveFailures} times in a row: ${found.lastFailureCause}`;
}

/** Stops the tasks of plain apps that fail too often. Members of groups are taken out by `retireUnhealthy`. */
export function stopUnhealthy(context: Context, apps: AppRecord[]): void {
  for (const app of apps) {
    if (app.spec.replication !== null || !hasChecks(app)) continue;
    for (const task of context.state.tasksOf(app.id)) {
      const reason = task.stopping ? null : unhealthySentence(context, app, task);
      if (reason !== null) replaceUnhealthy(context, task, reason);
    }
  }
}

function replaceUnhealthy(context: Context, task: TaskRecord, reason: string): void {
  noteUnhealthy(context, task, reason);
  stop(context, task, reason);
}

/** That it is unhealthy is the task's own failure: its app backs off, and its agent is avoided for a while. */
export function noteUnhealthy(context: Context, task: TaskRecord, reason: string): void {
  const app = context.state.apps.get(task.appId) as AppRecord;
  publishUnhealthyKill(context, task, reason);
  const failure = { state: 'TASK_KILLED' as const, message: `it was killed because ${reason}` };
  backOff(context, noteFailure(context, app, task, failure));
}
