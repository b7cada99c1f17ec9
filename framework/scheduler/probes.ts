/** When which task is probed, and what comes of it. Probes are made by `../prober.ts`; an answer comes for each. */
import type { HealthCheck } from '../app.js';
import type { ProbeAnswer } from '../prober.js';
import type { ProbeOrder } from '../probes/types.js';
import { isHttp, isOnAgent } from '../spec/health-checks.js';
import { verdictOf } from './check-health.js';
import type { Context } from './context.js';
import { checksOf, noteVerdict } from './health.js';
import type { AppRecord, TaskRecord } from './records.js';

/** Each is a socket. A task that does not answer has one for as long as its check's time-out. */
export const probesAtOnceMax = 500;
/** A check that wants more than that gets it: 0 is a legal interval, and a legal time-out. */
const secondsMin = 1;

interface DueProbe {
  id: string;
  dueMs: number;
  everyMs: number;
  order: ProbeOrder;
}

/** Orders the probes that are due, those that have waited longest first. */
export function orderProbes(context: Context): void {
  forgetProbes(context);
  const due = [...context.state.apps.values()].flatMap((app) => dueProbes(context, app));
  due.sort((a, b) => a.dueMs - b.dueMs);
  const { probes } = context.memory;
  for (const { id, everyMs, order } of due.slice(0, Math.max(0, probesAtOnceMax - probes.out.size))) {
    probes.out.add(id);
    probes.nextMs.set(id, context.now + everyMs);
    context.actions.push({ type: 'probe', id, order });
  }
}

function dueProbes(context: Context, app: AppRecord): DueProbe[] {
  return context.state.tasksOf(app.id).flatMap((task) => {
    if (task.state !== 'TASK_RUNNING' || task.stopping) return [];
    return checksOf(app, task).flatMap((check, index) =>
      isOnAgent(check.protocol) ? [] : dueProbe(context, `${task.id} ${index}`, task, check),
    );
  });
}

function dueProbe({ memory: { probes }, now }: Context, id: string, task: TaskRecord, check: HealthCheck): DueProbe[] {
  const dueMs = probes.nextMs.get(id) ?? 0;
  const port = check.port ?? task.ports[check.portIndex ?? 0];
  if (dueMs > now || probes.out.has(id) || port === undefined) return [];
  const target = isHttp(check.protocol)
    ? {
        type: 'http' as const,
        secure: check.protocol === 'HTTPS',
        path: check.path ?? '/',
        host: task.agent.host,
        port,
      }
    : { type: 'tcp' as const, host: task.agent.host, port };
  const order = { target, timeoutMs: atLeast(check.timeoutSeconds) * 1000, bodyBytesMax: 0 };
  return [{ id, dueMs, everyMs: atLeast(check.intervalSeconds) * 1000, order }];
}

const atLeast = (seconds: number) => Math.max(secondsMin, seconds);

export function receiveProbes(context: Context, answers: ProbeAnswer[]): void {
  const { memory, state } = context;
  for (const { id, outcome } of answers) {
    memory.probes.out.delete(id);
    const [taskId = '', index = ''] = id.split(' ');
    const task = state.tasks.get(taskId);
    const app = task && state.apps.get(task.appId);
    // What a probe found of a task that has left, or is away, is no fault of it.
    if (!task || !app || task.state !== 'TASK_RUNNING' || task.stopping) continue;
    const check = checksOf(app, task)[Number(index)];
    if (check) noteVerdict(context, app, task, Number(index), verdictOf(check, outcome));
  }
}

/** Of tasks that have ended. */
function forgetProbes({ memory: { health, probes }, state }: Context): void {
  for (const taskId of health.keys()) if (!state.tasks.get(taskId)) health.delete(taskId);
  for (const id of probes.nextMs.keys()) if (!state.tasks.get(id.split(' ')[0] as string)) probes.nextMs.delete(id);
}
