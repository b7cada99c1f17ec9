/** Changes of single tasks that several parts decide about. */
import type { AppSpec } from '../app.js';
import type { TaskFailure } from '../service.js';
import { type Context, isoTime } from './context.js';
import { currentlyAvoided } from './demand.js';
import { publishInstance } from './publish.js';
import type { AppRecord, TaskRecord } from './records.js';
import { describeAgent, firstSentence, log, tell } from './story.js';

/** How long an agent is avoided after a task has failed there. */
const avoidMs = 300_000;
/** Tasks that run this long forgive earlier failures, as in Marathon. */
const healthyRunMs = 60_000;

/** Not on its way out. */
export const isStaying = ({ stopping, inactive, replica }: TaskRecord) => !stopping && !inactive && !replica?.retiring;

/**
 * Orders a task to stop; the kill is repeated until it has terminated. `reason` says who wants it and why.
 * `guarded`: not while that would take the majority of its group. A stop without guard overrides one with it.
 */
export function stop(context: Context, task: TaskRecord, reason: string, guarded = false): void {
  const known = context.state.tasks.get(task.id);
  if (!known || (known.stopping && (guarded || !known.guarded))) return;
  context.state.tasks.put(task.id, { ...known, stopping: reason, guarded });
  log(context, task.appId, `${nameOf(task)} is to stop: ${reason}`, { task });
}

/** Delays the app's next launch: `backoffSeconds` at the first failure, growing by `backoffFactor` up to the cap. */
export function backOff(context: Context, app: AppRecord): AppRecord {
  const { backoffSeconds, backoffFactor, maxLaunchDelaySeconds } = app.active;
  const grown = app.backoff ? Math.max(app.backoff.delaySeconds * backoffFactor, backoffSeconds) : backoffSeconds;
  const delaySeconds = Math.min(grown, maxLaunchDelaySeconds);
  return context.state.apps.put(app.id, {
    ...app,
    backoff: { delaySeconds, untilMs: context.now + delaySeconds * 1000 },
  });
}

/** Forgets the delay once every task of the app has run for a while. */
export function forgiveBackoff(context: Context, app: AppRecord, tasks: readonly TaskRecord[]): AppRecord {
  if (!app.backoff || app.backoff.untilMs > context.now || tasks.length === 0) return app;
  const settled = tasks.every(
    (task) => task.startedAt !== null && context.now - Date.parse(task.startedAt) > healthyRunMs,
  );
  return settled ? context.state.apps.put(app.id, { ...app, backoff: null }) : app;
}

/** A failure of the task's own: people are shown it, and its agent is avoided. */
export function noteFailure(
  context: Context,
  app: AppRecord,
  task: TaskRecord,
  { state, message }: Pick<TaskFailure, 'state' | 'message'>,
): AppRecord {
  context.memory.counts.tasksFailed += 1;
  const { id: taskId, appId, agent, version } = task;
  const timestamp = isoTime(context.now);
  const lastTaskFailure = {
    appId,
    taskId,
    host: agent.hostname,
    agentId: agent.id,
    state,
    message,
    timestamp,
    version,
  };
  const failed = context.state.apps.put(app.id, { ...app, lastTaskFailure });
  return avoidAgent(context, failed, task, `${nameOf(task)} has just ended there: ${firstSentence(message)}`);
}

export function avoidAgent(context: Context, app: AppRecord, task: TaskRecord, reason: string): AppRecord {
  const { id, hostname } = task.agent;
  const avoided = { hostname, reason, untilMs: context.now + avoidMs };
  const avoid = { ...currentlyAvoided(app, context.now), [id]: avoided };
  return context.state.apps.put(app.id, { ...app, avoid });
}

/** When a task that cannot be reached is replaced, and when it is forgotten; of apps with volumes `residency` says it. */
export function patienceOf({ unreachableStrategy, residency }: AppSpec): AppSpec['unreachableStrategy'] {
  if (residency?.taskLostBehavior !== 'RELAUNCH_AFTER_TIMEOUT') return unreachableStrategy;
  const seconds = residency.relaunchEscalationTimeoutSeconds;
  return { inactiveAfterSeconds: seconds, expungeAfterSeconds: seconds };
}

/** Marks tasks that have been unreachable for too long, and forgets those whose time is up. */
export function ageUnreachable(context: Context, app: AppRecord, task: TaskRecord): void {
  const strategy = patienceOf(app.active);
  if (task.unreachableSinceMs === null || strategy === 'disabled') return;
  const seconds = (context.now - task.unreachableSinceMs) / 1000;
  if (!task.inactive && seconds >= strategy.inactiveAfterSeconds) {
    context.state.tasks.put(task.id, { ...task, inactive: true });
    publishInstance(context, task, 'UnreachableInactive');
    tell(
      context,
      app.id,
      `${nameOf(task)} on ${describeAgent(task.agent)} has been unreachable for ${Math.round(seconds)} s: it is replaced`,
      { task, kind: 'failure' },
    );
  } else if (task.inactive && seconds >= strategy.expungeAfterSeconds && mayForget(task)) {
    context.state.tasks.remove(task.id);
  }
}

/** A replica is forgotten only after it has been taken out of the configuration, which is when it is stopped. */
const mayForget = (task: TaskRecord) => task.replica === null || task.stopping !== null;

/** "replica 0 (member 4)" or "task x": how the story calls a task. */
export function nameOf(task: TaskRecord): string {
  return task.replica ? `replica ${task.replica.self.slot} (member ${task.replica.self.member})` : `task ${task.id}`;
}

/** A version later than every version the app has had, and than the last change of any. */
export function nextVersion(context: Context, app: AppRecord | undefined): string {
  const changes = [...context.state.treeChanges.values()].map(({ version }) => Date.parse(version));
  const latest = Math.max(app ? Date.parse(app.spec.version) : 0, ...changes);
  return isoTime(Math.max(context.now, latest + 1));
}
