import { toRefinedFormat } from '../../mesos-http-client/resources.js';
import { isTerminal } from '../../mesos-http-client/task-status.js';
import type { ToMaster, UnknownTask } from '../protocol.js';
import { drainOf } from './drain.js';
import { hasCapability } from './framework-validation.js';
import { newFramework } from './frameworks.js';
import { forgetAnswers, rescindInverseOffers } from './inverse-offers.js';
import { machineOf } from './maintenance.js';
import { allocateNow, rescindOffersOfAgent } from './offers.js';
import { forgetOperations } from './operation-statuses.js';
import { agentAdded, agentRemoved, frameworkAdded, taskAdded, taskUpdated } from './operator-stream.js';
import {
  type Agent,
  executorKey,
  type Framework,
  type Step,
  saveRegistry,
  sendEvent,
  sendToAgent,
  type TaskRecord,
  tasksOnAgent,
} from './state.js';
import { completeTaskRecord, type MasterStatus, newTaskRecord, sendMasterStatus } from './tasks.js';

/** Agents come, break off, stay away too long, return, and go for ever (mesos-api 4.5; observed 31-34). */

export type Registration = Extract<ToMaster, { type: 'register' }>;

export function register(step: Step, connection: number, registration: Registration): void {
  const { state } = step;
  const id = registration.agentId ?? `${state.settings.masterId}-S${state.nextAgentNumber++}`;
  if (state.goneAgents.has(id)) {
    const message = 'Agent has been marked gone';
    step.actions.push({ type: 'toAgent', connection, message: { type: 'shutdown', message } });
    return;
  }
  if (machineOf(state, registration)?.mode === 'DOWN') {
    step.actions.push({ type: 'toAgent', connection, message: { type: 'shutdown', message: 'Machine is `DOWN`' } });
    return;
  }
  const wasUnreachable = state.unreachableAgents.delete(id);
  state.recoveredAgents.delete(id);
  const isNew = !state.agents.has(id);
  const agent = connectAgent(step, connection, id, registration);
  if (isNew) agentAdded(step, agent);
  const unknownTasks = adoptTasks(step, agent, registration);
  sendToAgent(step, agent, { type: 'registered', agentId: id, unknownTasks, drain: drainOf(state, id) });
  for (const framework of state.frameworks.values()) announceReturn(step, framework, agent, wasUnreachable);
  dismissRemovedFrameworks(step, agent, registration);
  saveRegistry(step);
  allocateNow(step);
}

function connectAgent(step: Step, connection: number, id: string, { ip, info }: Registration): Agent {
  const { state, nowMs } = step;
  const known = state.agents.get(id);
  if (known && known.connection !== null) step.actions.push({ type: 'dropAgent', connection: known.connection });
  const agent: Agent = {
    id,
    ip,
    info: { ...info, id: { value: id }, resources: (info.resources ?? []).map(toRefinedFormat) },
    connection,
    registeredAtMs: known?.registeredAtMs ?? nowMs,
    reregisteredAtMs: known ? nowMs : null,
    nextPingAtMs: nowMs + state.settings.agentPingIntervalMs,
    pingsMissed: 0,
    executors: new Map(),
  };
  state.agents.set(id, agent);
  return agent;
}

/**
 * Makes the master's picture of the agent's tasks the agent's own.
 * @returns tasks the master has there that the agent did not report; the agent answers for them
 */
function adoptTasks(step: Step, agent: Agent, registration: Registration): UnknownTask[] {
  const { state } = step;
  const isCompleted = (id: string) => state.completedFrameworks.some((framework) => framework.id === id);
  for (const info of registration.frameworks) {
    const id = info.id?.value ?? '';
    if (!state.frameworks.has(id) && !isCompleted(id)) {
      const framework = newFramework(id, info, step.nowMs, true);
      state.frameworks.set(id, framework);
      frameworkAdded(step, framework);
    }
  }
  for (const { frameworkId, info } of registration.executors) {
    if (!state.frameworks.has(frameworkId)) continue;
    agent.executors.set(executorKey(frameworkId, info.executor_id.value), { frameworkId, info });
  }
  for (const { frameworkId, info, latestState } of registration.tasks) {
    const framework = state.frameworks.get(frameworkId);
    const taskId = info.task_id.value;
    if (!framework || framework.tasks.has(taskId)) continue;
    const lost = framework.unreachableTasks.get(taskId);
    if (lost) restoreTask(framework, lost, latestState);
    else addTask(step, framework, newTaskRecord(frameworkId, info, latestState));
  }
  const reported = new Set(registration.tasks.map((task) => `${task.frameworkId}\n${task.info.task_id.value}`));
  return tasksOnAgent(state, agent.id)
    .filter((task) => !isTerminal(task.latestState) && !reported.has(`${task.frameworkId}\n${task.id}`))
    .map(({ frameworkId, id, executorId }) => ({ frameworkId, taskId: id, executorId: executorId ?? id }));
}

function addTask(step: Step, framework: Framework, task: TaskRecord): void {
  framework.tasks.set(task.id, task);
  taskAdded(step, task);
}

function restoreTask(framework: Framework, task: TaskRecord, latestState: TaskRecord['latestState']): void {
  framework.unreachableTasks.delete(task.id);
  framework.tasks.set(task.id, { ...task, latestState });
}

/** A return from unreachable tells PARTITION_AWARE frameworks; the tasks of others are killed. */
function announceReturn(step: Step, framework: Framework, agent: Agent, wasUnreachable: boolean): void {
  if (!wasUnreachable) return;
  for (const task of tasksOnAgent(step.state, agent.id)) {
    if (task.frameworkId !== framework.id || isTerminal(task.latestState)) continue;
    if (hasCapability(framework.info, 'PARTITION_AWARE')) {
      tellAgentStatus(step, framework, task, {
        state: task.latestState,
        message: 'Unreachable agent re-reregistered',
        reason: 'REASON_AGENT_REREGISTERED',
        containerStatus: task.statuses.at(-1)?.container_status,
      });
      continue;
    }
    const kill = { type: 'killTask' as const, frameworkId: framework.id, taskId: task.id, killPolicy: null };
    sendToAgent(step, agent, kill);
  }
}

function dismissRemovedFrameworks(step: Step, agent: Agent, registration: Registration): void {
  const ids = new Set([...registration.executors, ...registration.tasks].map(({ frameworkId }) => frameworkId));
  for (const frameworkId of ids) {
    if (!step.state.frameworks.has(frameworkId)) sendToAgent(step, agent, { type: 'shutdownFramework', frameworkId });
  }
}

function tellAgentStatus(
  step: Step,
  framework: Framework,
  task: TaskRecord,
  status: Omit<MasterStatus, 'taskId' | 'agentId' | 'executorId'>,
): void {
  const ids = { taskId: task.id, agentId: task.agentId, executorId: task.executorId };
  taskUpdated(step, task, sendMasterStatus(step, framework, { ...ids, ...status }));
}

/** The connection broke. Tasks live on and are waited for, except those of frameworks that do not checkpoint. */
export function agentClosed(step: Step, connection: number): void {
  const agent = [...step.state.agents.values()].find((candidate) => candidate.connection === connection);
  if (!agent) return;
  agent.connection = null;
  rescindOffersOfAgent(step, agent.id);
  rescindInverseOffers(step, agent.id);
  for (const framework of step.state.frameworks.values()) {
    if (!framework.info.checkpoint) loseTasks(step, framework, agent);
  }
}

function loseTasks(step: Step, framework: Framework, agent: Agent): void {
  for (const task of ownTasks(step, framework, agent)) {
    endTask(step, framework, task, {
      state: 'TASK_LOST',
      message: `Agent ${agent.info.hostname} disconnected`,
      reason: 'REASON_AGENT_DISCONNECTED',
    });
  }
  for (const [key, executor] of agent.executors) {
    if (executor.frameworkId === framework.id) agent.executors.delete(key);
  }
}

function ownTasks(step: Step, framework: Framework, agent: Agent): TaskRecord[] {
  return tasksOnAgent(step.state, agent.id).filter((task) => task.frameworkId === framework.id);
}

type Ending = Omit<MasterStatus, 'taskId' | 'agentId' | 'executorId'>;

/** Ends a task in the master's books and says so, unless the framework is told its end by the agent already. */
function endTask(step: Step, framework: Framework, task: TaskRecord, ending: Ending): void {
  if (!isTerminal(task.latestState)) {
    task.latestState = ending.state;
    tellAgentStatus(step, framework, task, ending);
  }
  completeTaskRecord(framework, task);
}

/** Pings that are due, and agents that have missed too many. */
export function tickAgents(step: Step): void {
  const { state, nowMs } = step;
  const { agentPingIntervalMs, agentPingsMissedMax } = state.settings;
  for (const agent of [...state.agents.values()]) {
    if (agent.nextPingAtMs > nowMs) continue;
    if (agent.pingsMissed >= agentPingsMissedMax) {
      removeUnreachable(step, agent);
      continue;
    }
    agent.pingsMissed++;
    agent.nextPingAtMs = nowMs + agentPingIntervalMs;
    sendToAgent(step, agent, { type: 'ping' });
  }
  expireRecovered(step);
}

export function pong(step: Step, connection: number): void {
  const agent = [...step.state.agents.values()].find((candidate) => candidate.connection === connection);
  if (agent) agent.pingsMissed = 0;
}

function removeUnreachable(step: Step, agent: Agent): void {
  const { state, nowMs } = step;
  state.unreachableAgents.set(agent.id, { sinceMs: nowMs, info: agent.info });
  for (const framework of state.frameworks.values()) {
    for (const task of ownTasks(step, framework, agent)) {
      if (isTerminal(task.latestState)) {
        completeTaskRecord(framework, task);
        continue;
      }
      framework.tasks.delete(task.id);
      framework.unreachableTasks.set(task.id, task);
      tellAgentStatus(step, framework, task, {
        state: 'TASK_UNREACHABLE',
        message: 'health check timed out',
        reason: 'REASON_AGENT_REMOVED',
        unreachableSinceMs: nowMs,
      });
    }
  }
  removeAgent(step, agent);
}

/** Rescinds, forgets and reports. */
function removeAgent(step: Step, agent: Agent): void {
  if (agent.connection !== null) step.actions.push({ type: 'dropAgent', connection: agent.connection });
  rescindOffersOfAgent(step, agent.id);
  rescindInverseOffers(step, agent.id);
  forgetAnswers(step.state, agent.id);
  step.state.agents.delete(agent.id);
  agentRemoved(step, agent);
  forgetOperations(step.state, ({ agentId }) => agentId === agent.id);
  step.state.filters = step.state.filters.filter((filter) => filter.agentId !== agent.id);
  for (const framework of step.state.frameworks.values()) {
    sendEvent(step, framework, { type: 'FAILURE', failure: { agent_id: { value: agent.id } } });
  }
  saveRegistry(step);
}

/** The agent is being shut down in good order (SIGUSR1; observed 34). */
export function unregister(step: Step, connection: number): void {
  const agent = [...step.state.agents.values()].find((candidate) => candidate.connection === connection);
  if (!agent) return;
  loseAgent(step, agent, 'the agent unregistered');
}

/** Its machine goes down for maintenance. */
export function removeDown(step: Step, agent: Agent): void {
  const message = "Operator initiated 'Machine DOWN'";
  sendToAgent(step, agent, { type: 'shutdown', message });
  loseAgent(step, agent, message);
}

function loseAgent(step: Step, agent: Agent, why: string): void {
  endAllTasks(step, agent, {
    state: 'TASK_LOST',
    message: `Agent ${agent.info.hostname} removed: ${why}`,
    reason: 'REASON_AGENT_REMOVED',
  });
  removeAgent(step, agent);
}

function endAllTasks(step: Step, agent: Agent, ending: Ending): void {
  for (const framework of step.state.frameworks.values()) {
    for (const task of ownTasks(step, framework, agent)) endTask(step, framework, task, ending);
  }
}

/** MARK_AGENT_GONE. @returns false if no agent of that id is known */
export function markGone(step: Step, agentId: string): boolean {
  const { state } = step;
  const agent = state.agents.get(agentId);
  const known = agent || state.unreachableAgents.has(agentId) || state.recoveredAgents.has(agentId);
  if (!known) return state.goneAgents.has(agentId);
  state.goneAgents.add(agentId);
  state.unreachableAgents.delete(agentId);
  state.recoveredAgents.delete(agentId);
  state.deactivatedAgents.delete(agentId);
  state.drains.delete(agentId);
  const ending: Ending = {
    state: 'TASK_GONE_BY_OPERATOR',
    message: 'Agent has been marked gone',
    reason: 'REASON_AGENT_REMOVED_BY_OPERATOR',
  };
  endUnreachableTasks(step, agentId, ending);
  if (!agent) {
    saveRegistry(step);
    return true;
  }
  sendToAgent(step, agent, { type: 'shutdown', message: ending.message });
  endAllTasks(step, agent, ending);
  removeAgent(step, agent);
  return true;
}

function endUnreachableTasks(step: Step, agentId: string, ending: Ending): void {
  for (const framework of step.state.frameworks.values()) {
    for (const task of [...framework.unreachableTasks.values()]) {
      if (task.agentId === agentId) endTask(step, framework, task, ending);
    }
  }
}

/** Agents of an earlier master's registry that have not re-registered in time are unreachable. */
function expireRecovered(step: Step): void {
  const { state, nowMs } = step;
  const late = [...state.recoveredAgents].filter(([, agent]) => agent.deadlineMs <= nowMs);
  for (const [id, { info }] of late) {
    state.recoveredAgents.delete(id);
    state.unreachableAgents.set(id, { sinceMs: nowMs, info });
  }
  if (late.length > 0) saveRegistry(step);
}
