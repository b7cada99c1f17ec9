import type { Subscribe } from '../../mesos-http-client/calls.js';
import { isTerminal } from '../../mesos-http-client/task-status.js';
import type { FrameworkInfo } from '../../mesos-http-client/types.js';
import { count } from '../metrics.js';
import { resubscribeError, subscribeError } from './framework-validation.js';
import { dropInverseOffersOf } from './inverse-offers.js';
import { masterInfo } from './master-info.js';
import { allocateNow, dropOffersOfFramework, rescindForeignRoles } from './offers.js';
import { forgetOperations } from './operation-statuses.js';
import { frameworkAdded, frameworkRemoved, frameworkUpdated } from './operator-stream.js';
import {
  type Agent,
  COMPLETED_FRAMEWORKS_MAX,
  type Framework,
  type Step,
  saveRegistry,
  sendEvent,
  sendToAgent,
} from './state.js';
import { completeTaskRecord } from './tasks.js';

/** The life of a subscription (mesos-api 2.2). */

const FAILOVER_TIMEOUT_SECONDS_MAX = 10 * 365 * 24 * 3600;

export interface NewStream {
  connection: number;
  streamId: string;
}

/** A refused SUBSCRIBE is an ERROR event on the new stream, which then ends. */
export function subscribe(step: Step, stream: NewStream, call: Subscribe): void {
  const error = refusal(step, call);
  if (error) {
    step.actions.push({
      type: 'event',
      connection: stream.connection,
      event: { type: 'ERROR', error: { message: error } },
    });
    step.actions.push({ type: 'endStream', connection: stream.connection });
    return;
  }
  const isNew = !step.state.frameworks.has(call.framework_info.id?.value ?? '');
  const framework = findOrCreate(step, call.framework_info);
  if (framework.stream) failOver(step, framework);
  framework.info = { ...call.framework_info, id: { value: framework.id } };
  framework.suppressedRoles = new Set(call.suppressed_roles ?? []);
  connect(step, framework, stream);
  count(framework.counters, 'calls', 'calls/subscribe');
  tellAgents(step, framework);
  if (isNew) frameworkAdded(step, framework);
  else frameworkUpdated(step, framework);
  allocateNow(step);
}

function refusal({ state }: Step, call: Subscribe): string | null {
  const error = subscribeError(call);
  const id = call.framework_info.id?.value;
  if (error || id === undefined) return error;
  if (state.completedFrameworks.some((completed) => completed.id === id)) return 'Framework has been removed';
  const known = state.frameworks.get(id);
  return known && !known.recovered ? resubscribeError(known.info, call.framework_info) : null;
}

function findOrCreate(step: Step, info: FrameworkInfo): Framework {
  const { state } = step;
  const id = info.id?.value ?? `${state.settings.masterId}-${String(state.nextFrameworkNumber++).padStart(4, '0')}`;
  const known = state.frameworks.get(id);
  if (known) {
    known.info = info;
    if (!known.recovered) known.reregisteredAtMs = step.nowMs;
    rescindForeignRoles(step, known);
    return known;
  }
  const framework = newFramework(id, info, step.nowMs, false);
  state.frameworks.set(id, framework);
  return framework;
}

export function newFramework(id: string, info: FrameworkInfo, nowMs: number, recovered: boolean): Framework {
  return {
    id,
    info: { ...info, id: { value: id } },
    stream: null,
    suppressedRoles: new Set(),
    timesChosen: new Map(),
    counters: new Map(),
    registeredAtMs: nowMs,
    reregisteredAtMs: null,
    failoverDeadlineMs: null,
    recovered,
    tasks: new Map(),
    unreachableTasks: new Map(),
    completedTasks: [],
  };
}

/** The old scheduler is told, its offers vanish without RESCIND (observed 37). */
function failOver(step: Step, framework: Framework): void {
  sendEvent(step, framework, { type: 'ERROR', error: { message: 'Framework failed over' } });
  endStream(step, framework);
}

function endStream(step: Step, framework: Framework): void {
  if (framework.stream) step.actions.push({ type: 'endStream', connection: framework.stream.connection });
  framework.stream = null;
  dropOffersOfFramework(step.state, framework.id);
  dropInverseOffersOf(step.state, framework.id);
  step.state.filters = step.state.filters.filter((filter) => filter.frameworkId !== framework.id);
}

function connect(step: Step, framework: Framework, stream: NewStream): void {
  const { heartbeatIntervalMs } = step.state.settings;
  framework.recovered = false;
  framework.failoverDeadlineMs = null;
  framework.stream = { ...stream, nextHeartbeatAtMs: step.nowMs + heartbeatIntervalMs };
  sendEvent(step, framework, {
    type: 'SUBSCRIBED',
    subscribed: {
      framework_id: { value: framework.id },
      heartbeat_interval_seconds: heartbeatIntervalMs / 1000,
      master_info: masterInfo(step.state.settings),
    },
  });
  sendEvent(step, framework, { type: 'HEARTBEAT' });
}

/** The scheduler's connection broke: it has `failover_timeout` to come back. */
export function disconnect(step: Step, connection: number): void {
  const framework = [...step.state.frameworks.values()].find((f) => f.stream?.connection === connection);
  if (!framework) return;
  framework.stream = null;
  endStream(step, framework);
  const seconds = Math.max(0, framework.info.failover_timeout ?? 0);
  if (seconds === 0) removeFramework(step, framework);
  else framework.failoverDeadlineMs = step.nowMs + Math.min(seconds, FAILOVER_TIMEOUT_SECONDS_MAX) * 1000;
}

/** TEARDOWN, or the fail-over time-out: the id is never accepted again, its executors are ended. */
export function removeFramework(step: Step, framework: Framework): void {
  const { state } = step;
  endStream(step, framework);
  for (const agent of state.agents.values()) shutdownOnAgent(step, framework, agent);
  for (const task of [...framework.tasks.values(), ...framework.unreachableTasks.values()]) {
    if (!isTerminal(task.latestState)) task.latestState = 'TASK_KILLED';
    completeTaskRecord(framework, task);
  }
  state.frameworks.delete(framework.id);
  forgetOperations(state, ({ frameworkId }) => frameworkId === framework.id);
  frameworkRemoved(step, framework);
  const completed = { id: framework.id, framework, unregisteredAtMs: step.nowMs };
  state.completedFrameworks = [...state.completedFrameworks, completed].slice(-COMPLETED_FRAMEWORKS_MAX);
  saveRegistry(step);
}

function shutdownOnAgent(step: Step, framework: Framework, agent: Agent): void {
  for (const [key, executor] of agent.executors) {
    if (executor.frameworkId === framework.id) agent.executors.delete(key);
  }
  sendToAgent(step, agent, { type: 'shutdownFramework', frameworkId: framework.id });
}

/** A call that changes FrameworkInfo without a new subscription. Its errors were answered before. */
export function updateFramework(step: Step, framework: Framework, call: Subscribe): void {
  framework.info = { ...call.framework_info, id: { value: framework.id } };
  framework.suppressedRoles = new Set(call.suppressed_roles ?? []);
  rescindForeignRoles(step, framework);
  tellAgents(step, framework);
  frameworkUpdated(step, framework);
}

/** They send again what is not acknowledged, without waiting for the next repetition. */
function tellAgents(step: Step, { info }: Framework): void {
  for (const agent of step.state.agents.values())
    sendToAgent(step, agent, { type: 'updateFramework', framework: info });
}

/** Heartbeats and fail-over time-outs that are due. */
export function tickFrameworks(step: Step): void {
  for (const framework of [...step.state.frameworks.values()]) {
    const { stream, failoverDeadlineMs } = framework;
    if (stream && stream.nextHeartbeatAtMs <= step.nowMs) {
      stream.nextHeartbeatAtMs = step.nowMs + step.state.settings.heartbeatIntervalMs;
      sendEvent(step, framework, { type: 'HEARTBEAT' });
    }
    if (failoverDeadlineMs !== null && failoverDeadlineMs <= step.nowMs) removeFramework(step, framework);
  }
}
