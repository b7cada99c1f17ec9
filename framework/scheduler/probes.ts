/** When which task is probed, and what comes of it. Probes are made by `../prober.ts`; an answer comes for each. */
import type { HealthCheck, ReadinessCheck } from '../app.js';
import type { ProbeAnswer } from '../prober.js';
import type { ProbeOrder, ProbeTarget } from '../probes/types.js';
import { checkMs, isHttp, isOnAgent, portOf } from '../spec/health-checks.js';
import { verdictOf } from './check-health.js';
import type { Context } from './context.js';
import { checksOf, noteVerdict, specOf } from './health.js';
import { bodyBytesMax, isReady, noteReadiness, readinessOf } from './readiness.js';
import type { AppRecord, TaskRecord } from './records.js';

/** Each is a socket. A task that does not answer has one for as long as its check's time-out. */
export const probesAtOnceMax = 500;

/** In the ids of its probes, where those of health checks have a number. */
const readiness = 'readiness';

interface DueProbe {
  id: string;
  dueMs: number;
  everyMs: number;
  order: ProbeOrder;
}

/** Orders the probes that are due, those that have waited longest first. */
export function orderProbes(context: Context): void {
  forgetProbes(context);
  const due = context.state.apps.of('checked').flatMap((app) => dueProbes(context, app));
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
    const check = isReady(app, task) ? null : readinessOf(app, task);
    return [
      ...checksOf(app, task).flatMap((one, index) => dueHealth(context, task, one, index)),
      ...(check ? dueReadiness(context, app, task, check) : []),
    ];
  });
}

function dueHealth(context: Context, task: TaskRecord, check: HealthCheck, index: number): DueProbe[] {
  const { protocol, path = '/' } = check;
  const port = portOf(check, task.ports);
  if (isOnAgent(protocol) || port === undefined) return [];
  const { host } = task.agent;
  const target = isHttp(protocol)
    ? { type: 'http' as const, secure: protocol === 'HTTPS', path, host, port }
    : { type: 'tcp' as const, host, port };
  return dueProbe(context, `${task.id} ${index}`, check, target, 0);
}

function dueReadiness(context: Context, app: AppRecord, task: TaskRecord, check: ReadinessCheck): DueProbe[] {
  const port = task.ports[specOf(app, task).portDefinitions.findIndex(({ name }) => name === check.portName)];
  if (port === undefined) return [];
  const { protocol, path } = check;
  const target = { type: 'http' as const, secure: protocol === 'HTTPS', path, host: task.agent.host, port };
  return dueProbe(context, `${task.id} ${readiness}`, check, target, check.preserveLastResponse ? bodyBytesMax : 0);
}

/** Nothing before its time, or while it is under way. */
function dueProbe(
  { memory: { probes }, now }: Context,
  id: string,
  { intervalSeconds, timeoutSeconds }: Pick<HealthCheck, 'intervalSeconds' | 'timeoutSeconds'>,
  target: ProbeTarget,
  bodyBytes: number,
): DueProbe[] {
  const dueMs = probes.nextMs.get(id) ?? 0;
  if (dueMs > now || probes.out.has(id)) return [];
  const order = { target, timeoutMs: checkMs(timeoutSeconds), bodyBytesMax: bodyBytes };
  return [{ id, dueMs, everyMs: checkMs(intervalSeconds), order }];
}

export function receiveProbes(context: Context, answers: ProbeAnswer[]): void {
  const { memory, state } = context;
  for (const { id, outcome } of answers) {
    memory.probes.out.delete(id);
    const [taskId = '', index = ''] = id.split(' ');
    const task = state.tasks.get(taskId);
    const app = task && state.apps.get(task.appId);
    // What a probe found of a task that has left, or is away, is no fault of it.
    if (!task || !app || task.state !== 'TASK_RUNNING' || task.stopping) continue;
    if (index === readiness) {
      noteReadiness(context, app, task, outcome);
      continue;
    }
    const check = checksOf(app, task)[Number(index)];
    if (check) noteVerdict(context, app, task, Number(index), verdictOf(check, outcome));
  }
}

/** Of tasks that have ended. */
function forgetProbes({ memory: { health, readiness: found, probes }, state }: Context): void {
  for (const taskId of health.keys()) if (!state.tasks.get(taskId)) health.delete(taskId);
  for (const taskId of found.keys()) if (!state.tasks.get(taskId)) found.delete(taskId);
  for (const id of probes.nextMs.keys()) if (!state.tasks.get(id.split(' ')[0] as string)) probes.nextMs.delete(id);
}
