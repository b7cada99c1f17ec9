/** Status updates: what a task has become, what that means for its app, and the acknowledgement. */
import type { TaskState } from '../mesos-http-client/index.js';
import { isTerminal, type TaskStatus } from '../mesos-http-client/index.js';
import { type Context, call, isoTime } from './context.js';
import { noteLeft } from './drains.js';
import { putGroup } from './groups.js';
import { receiveCheck, receiveHealth } from './health.js';
import { returnResources } from './offers.js';
import { publishUnknownEnd, publishUpdate } from './publish.js';
import type { AppRecord, TaskRecord } from './records.js';
import { receiveReport, reportIn } from './reports.js';
import { noteEnded, noteReached, noteStray } from './reservations.js';
import { noteAway } from './returning.js';
import { describeAgent, firstSentence, tell } from './story.js';
import { backOff, nameOf, noteFailure } from './tasks.js';

/** Order of a task's life; a late or repeated update never goes back. */
const rank: Partial<Record<TaskState, number>> = {
  TASK_STAGING: 0,
  TASK_STARTING: 1,
  TASK_RUNNING: 2,
  TASK_KILLING: 3,
};

export function receiveUpdate(context: Context, status: TaskStatus): void {
  const task = context.state.tasks.get(status.task_id.value);
  context.memory.reconcile.pending.delete(status.task_id.value);
  if (task) applyUpdate(context, task, status);
  else receiveStray(context, status);
  // Pushed after the changes, which are durable before it is carried out (Mesos: acknowledge what is safely recorded).
  if (status.uuid !== undefined && status.agent_id !== undefined) {
    call(context, {
      type: 'ACKNOWLEDGE',
      acknowledge: { agent_id: status.agent_id, task_id: status.task_id, uuid: status.uuid },
    });
  }
}

/** A task of ours that the store does not know (any more) has no place: it is killed until it is gone. */
function receiveStray(context: Context, status: TaskStatus): void {
  const id = status.task_id.value;
  noteStray(context, status);
  if (isTerminal(status.state) && status.uuid !== undefined) publishUnknownEnd(context, id, status.state);
  if (isTerminal(status.state) || status.state === 'TASK_UNKNOWN' || status.state === 'TASK_UNREACHABLE') {
    context.memory.strays.delete(id);
  } else if (!context.memory.strays.has(id)) {
    context.memory.strays.set(id, { agentId: status.agent_id?.value ?? null, nextMs: context.now, attempt: 0 });
  }
}

function applyUpdate(context: Context, task: TaskRecord, status: TaskStatus): void {
  if (isEnd(task, status.state)) {
    terminate(context, task, status);
    return;
  }
  if (status.state === 'TASK_UNREACHABLE' || status.state === 'TASK_UNKNOWN') {
    loseSight(context, task, status);
    return;
  }
  advance(context, task, status);
  receiveHealth(context, context.state.tasks.get(task.id) as TaskRecord, status);
  receiveCheck(context, context.state.tasks.get(task.id) as TaskRecord, status);
  const report = reportIn(status.data);
  if (report) receiveReport(context, task.id, report);
}

/** TASK_UNKNOWN ends only a task that Mesos never knew, or one nobody wants; others may come back. */
function isEnd(task: TaskRecord, state: TaskState): boolean {
  return isTerminal(state) || (state === 'TASK_UNKNOWN' && (!task.seen || task.stopping !== null));
}

function loseSight(context: Context, task: TaskRecord, status: TaskStatus): void {
  if (task.unreachableSinceMs !== null) return;
  const since = status.unreachable_time ? status.unreachable_time.nanoseconds / 1e6 : context.now;
  context.state.tasks.put(task.id, {
    ...task,
    seen: true,
    state: 'TASK_UNREACHABLE',
    message: status.message ?? null,
    unreachableSinceMs: Math.min(since, context.now),
  });
  publishUpdate(context, task, status);
  tell(
    context,
    task.appId,
    `${nameOf(task)} on ${describeAgent(task.agent)} cannot be reached: ${firstSentence(causeOf(status))}`,
    { task, kind: 'failure' },
  );
}

function advance(context: Context, task: TaskRecord, status: TaskStatus): void {
  if ((rank[status.state] ?? 0) > 0) noteReached(context, task);
  const back = task.state === 'TASK_UNREACHABLE';
  if (!back && (rank[status.state] ?? 0) <= (rank[task.state] ?? 0) && task.seen) return;
  if (back)
    tell(context, task.appId, `${nameOf(task)} on ${describeAgent(task.agent)} is back`, { task, kind: 'member' });
  const running = status.state === 'TASK_RUNNING';
  if (running && task.startedAt === null)
    tell(context, task.appId, `${nameOf(task)} runs on ${describeAgent(task.agent)}`, { task, kind: 'member' });
  context.state.tasks.put(task.id, {
    ...task,
    seen: true,
    state: status.state,
    message: status.message ?? task.message,
    startedAt: running && task.startedAt === null ? isoTime(context.now) : task.startedAt,
    unreachableSinceMs: null,
    inactive: false,
  });
  publishUpdate(context, task, status);
  context.memory.kills.delete(task.id);
}

function terminate(context: Context, task: TaskRecord, status: TaskStatus): void {
  context.state.tasks.remove(task.id);
  publishUpdate(context, task, status);
  context.memory.kills.delete(task.id);
  context.memory.joiners.delete(task.id);
  context.memory.orders.delete(task.id);
  returnResources(context, task);
  noteLeft(context, task);
  noteEnded(context, task, status);
  const app = context.state.apps.get(task.appId);
  if (!app) return;
  const leads = task.replica !== null && app.group?.leader?.member === task.replica.self.member;
  // A report about its successor may have come first.
  const role = leads || task.replica?.report?.role === 'leader' ? 'leader, ' : '';
  const how = howItEnded(task, status);
  tell(context, app.id, `${role}${nameOf(task)} on ${describeAgent(task.agent)} ${how}`, {
    task,
    kind: task.stopping ? 'member' : 'failure',
  });
  if (leads) putGroup(context, app, { leader: null });
  rememberGhost(context, app, task);
  noteAway(context, context.state.apps.get(app.id) as AppRecord, task, status);
  // So ends only the primary of a guest that its backup has taken over from.
  const handedOver = task.replica !== null && status.state === 'TASK_FINISHED';
  if (!task.stopping && !task.replica?.retiring && !handedOver)
    recordFailure(context, context.state.apps.get(app.id) as AppRecord, task, status);
}

/** By itself, or with its machine, also when it was to stop: then no executor was there that was told to remove anything. */
function howItEnded({ stopping }: TaskRecord, status: TaskStatus): string {
  const cause = firstSentence(causeOf(status));
  if (!stopping) return `has ended: ${cause}`;
  return status.state === 'TASK_FAILED'
    ? `ended before it was stopped (${stopping}): ${cause}`
    : `was stopped: ${stopping}`;
}

/** A joiner may have been let in just before it ended. */
function rememberGhost(context: Context, app: AppRecord, { replica, seen }: TaskRecord): void {
  const present = context.state.apps.get(app.id) ?? app;
  if (!present.group || !seen || !replica || replica.counted || replica.generation !== present.group.generation) return;
  const ghost = { member: replica.self.member, sinceMs: context.now };
  putGroup(context, present, { ghosts: [...present.group.ghosts, ghost] });
}

/** Only what a task did itself delays the next launch; losing an agent or an offer does not. */
function recordFailure(context: Context, app: AppRecord, task: TaskRecord, status: TaskStatus): void {
  const started = task.seen || status.state === 'TASK_ERROR' || status.state === 'TASK_FAILED';
  if (!started && status.state !== 'TASK_FINISHED') return;
  const message = causeOf(status);
  const failed = noteFailure(context, app, task, { state: status.state, message });
  if (['TASK_FAILED', 'TASK_ERROR', 'TASK_FINISHED'].includes(status.state)) backOff(context, failed);
}

function causeOf({ message, reason, state }: TaskStatus): string {
  return message || [state, reason].filter(Boolean).join(', ');
}
