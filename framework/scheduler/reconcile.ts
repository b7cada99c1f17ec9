/**
 * Reconciliation (Mesos: "Task Reconciliation"): after every subscription each task is asked for until there is an
 * answer, with a growing pause; now and then everything, so that strays show. Kills are repeated here too, because
 * neither kills nor answers are reliable.
 */
import { type Context, call, isDue } from './context.js';
import { awaitsAnswer, groupOf, mayKill } from './quorum.js';
import type { AppRecord, TaskRecord } from './records.js';

const tasksPerCallMax = 500;
const firstPauseMs = 2000;
const pauseMaxMs = 60_000;
/** Mesos itself is asked for all it knows. */
const fullAfterMs = 10_000;
const fullEveryMs = 900_000;
/** A task that Mesos has not mentioned for this long after its launch is asked for. */
const silenceMs = 30_000;
const killFirstMs = 5000;
const killMaxMs = 60_000;

/** Starts a run over all tasks; an earlier run is forgotten. */
export function startReconciliation(context: Context): void {
  const pending = new Set([...context.state.tasks.values()].map((task) => task.id));
  context.memory.reconcile = { pending, nextMs: context.now, attempt: 0, fullMs: context.now + fullAfterMs };
}

function* tasksOf({ state }: Context, apps: AppRecord[]): Generator<TaskRecord> {
  for (const { id } of apps) yield* state.tasksOf(id);
}

/** Asks for these in this step. */
export function askSoon(context: Context, taskIds: Iterable<string>): void {
  const run = context.memory.reconcile;
  for (const id of taskIds) run.pending.add(id);
  Object.assign(run, { attempt: 0, nextMs: context.now });
}

/** @param apps that the step looks at: their tasks only may be missing */
export function reconcile(context: Context, apps: AppRecord[]): void {
  const run = context.memory.reconcile;
  if (!context.memory.connected) return;
  if (run.fullMs <= context.now) askForAll(context);
  for (const task of tasksOf(context, apps)) {
    if (!task.seen && context.now - Date.parse(task.stagedAt) > silenceMs) run.pending.add(task.id);
  }
  if (run.pending.size === 0 || run.nextMs > context.now) return;
  run.nextMs = context.now + Math.min(pauseMaxMs, firstPauseMs * 2 ** run.attempt);
  run.attempt += 1;
  askFor(context, [...run.pending]);
}

function askForAll(context: Context): void {
  const run = context.memory.reconcile;
  run.fullMs = context.now + fullEveryMs;
  askSoon(
    context,
    [...context.state.tasks.values()].map(({ id }) => id),
  );
  call(context, { type: 'RECONCILE', reconcile: { tasks: [] } });
}

function askFor(context: Context, taskIds: string[]): void {
  const known = taskIds.flatMap((id) => context.state.tasks.get(id) ?? []);
  context.memory.reconcile.pending = new Set(known.map((task) => task.id));
  for (let start = 0; start < known.length; start += tasksPerCallMax) {
    const part = known.slice(start, start + tasksPerCallMax);
    const tasks = part.map((task) => ({ task_id: { value: task.id }, agent_id: { value: task.agent.id } }));
    call(context, { type: 'RECONCILE', reconcile: { tasks } });
  }
}

/** Kills what is to stop and what does not belong to us, again and again until it has ended. */
export function repeatKills(context: Context, apps: AppRecord[]): void {
  const { memory, now } = context;
  if (!memory.connected) return;
  for (const task of tasksOf(context, apps)) {
    if (!task.stopping || task.state === 'TASK_UNREACHABLE' || isNeeded(context, task)) continue;
    if (!isDue(memory.kills, task.id, now, killFirstMs, killMaxMs)) continue;
    const kill_policy = { grace_period: { nanoseconds: task.killGraceMs * 1e6 } };
    call(context, {
      type: 'KILL',
      kill: { task_id: { value: task.id }, agent_id: { value: task.agent.id }, kill_policy },
    });
  }
  for (const [id, { agentId }] of memory.strays) {
    if (!isDue(memory.strays, id, now, killFirstMs, killMaxMs)) continue;
    call(context, {
      type: 'KILL',
      kill: { task_id: { value: id }, ...(agentId ? { agent_id: { value: agentId } } : {}) },
    });
  }
}

/** Much may have happened since the kill was allowed: the guard stands before every repetition too. */
function isNeeded(context: Context, task: TaskRecord): boolean {
  const app = context.state.apps.get(task.appId);
  if (!task.guarded || !task.replica || !app || task.replica.generation !== app.group?.generation) return false;
  const group = groupOf(app, context.state.tasksOf(app.id));
  if (group === null) return false;
  return awaitsAnswer(context, group) || !mayKill(group, new Set([task.replica.self.member]));
}
