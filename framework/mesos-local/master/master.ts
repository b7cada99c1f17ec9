import type { SchedulerCall, Subscribe } from '../../mesos-http-client/calls.js';
import type { Filters } from '../../mesos-http-client/types.js';
import { Refusal } from '../http-call.js';
import { count } from '../metrics.js';
import type { DrainOrder, ToMaster } from '../protocol.js';
import { accept } from './accept.js';
import * as agents from './agents.js';
import * as drains from './drain.js';
import { subscribeError, updateFrameworkError } from './framework-validation.js';
import * as frameworks from './frameworks.js';
import { answerInverseOffers } from './inverse-offers.js';
import { machineKey, startMaintenance, stopMaintenance, updateSchedule } from './maintenance.js';
import { allocateNow, decline, revive, suppress } from './offers.js';
import { acknowledgeOperation, reconcileOperations, tickOperations } from './operation-statuses.js';
import { subscribeOperator, tickOperators } from './operator-stream.js';
import { reconcileImplicitly, reconcileTask } from './reconciliation.js';
import { type QuotaConfig, updateQuotas, updateWeights, type WeightInfo } from './roles.js';
import type { IgnoredCall } from './scheduler-call.js';
import {
  type Framework,
  type MachineId,
  type MasterAction,
  type MasterSettings,
  type MasterState,
  type Registry,
  type Schedule,
  type Step,
  sendToAgent,
} from './state.js';
import { acknowledge, executorExited, forwardStatus, killKnownTask } from './tasks.js';

export type MasterEvent =
  | { type: 'subscribe'; stream: frameworks.NewStream; subscribe: Subscribe }
  /** To the operator API. */
  | { type: 'operatorSubscribe'; connection: number }
  | { type: 'streamClosed'; connection: number }
  /** Checked with `callRefusal` before. */
  | { type: 'call'; call: SchedulerCall | IgnoredCall }
  | { type: 'fromAgent'; connection: number; message: ToMaster }
  | { type: 'agentClosed'; connection: number }
  | { type: 'markAgentGone'; agentId: string }
  /** These three checked before. */
  | { type: 'drainAgent'; agentId: string; order: DrainOrder }
  | { type: 'deactivateAgent'; agentId: string }
  | { type: 'reactivateAgent'; agentId: string }
  /** These five checked before. */
  | { type: 'updateQuotas'; configs: QuotaConfig[] }
  | { type: 'updateWeights'; infos: WeightInfo[] }
  | { type: 'updateSchedule'; schedule: Schedule }
  | { type: 'startMaintenance'; machines: MachineId[] }
  | { type: 'stopMaintenance'; machines: MachineId[] }
  /** Time has passed. Everything that is due happens now. */
  | { type: 'tick' };

/** The master decides here: no clock, no socket, no randomness. The loop carries out the actions in order. */
export class Master {
  readonly state: MasterState;

  /** @param registry what an earlier master in this work directory saved, or null */
  constructor(settings: MasterSettings, registry: Registry | null, nowMs: number) {
    const deadlineMs = nowMs + settings.agentReregisterTimeoutMs;
    this.state = {
      settings,
      startedAtMs: nowMs,
      counters: new Map(),
      operators: new Map(),
      frameworks: new Map(),
      agents: new Map(),
      recoveredAgents: new Map(registry?.agents.map((info) => [info.id?.value ?? '', { info, deadlineMs }])),
      unreachableAgents: new Map(
        registry?.unreachable.map(({ agentId, sinceMs, info }) => [agentId, { sinceMs, info }]),
      ),
      goneAgents: new Set(registry?.gone),
      deactivatedAgents: new Set(registry?.deactivated),
      drains: new Map(registry?.drains),
      completedFrameworks: (registry?.completedFrameworks ?? []).map((id) => ({
        id,
        framework: null,
        unregisteredAtMs: 0,
      })),
      offers: new Map(),
      filters: [],
      schedule: registry?.maintenance?.schedule ?? { windows: [] },
      machines: new Map(registry?.maintenance?.machines.map((machine) => [machineKey(machine.id), machine])),
      quotas: new Map(registry?.quotas),
      weights: new Map(registry?.weights),
      operations: new Map(),
      inverseOffers: new Map(),
      inverseFilters: [],
      inverseAnswers: new Map(),
      nextFrameworkNumber: 0,
      nextAgentNumber: 0,
      nextOfferNumber: 0,
      nextOperationNumber: 0,
      nextAllocationAtMs: nowMs,
      randomState: settings.seed,
    };
  }

  step(event: MasterEvent, nowMs: number): MasterAction[] {
    const step: Step = { state: this.state, nowMs, actions: [] };
    switch (event.type) {
      case 'subscribe':
        frameworks.subscribe(step, event.stream, event.subscribe);
        break;
      case 'operatorSubscribe':
        subscribeOperator(step, event.connection);
        break;
      case 'streamClosed':
        if (!this.state.operators.delete(event.connection)) frameworks.disconnect(step, event.connection);
        break;
      case 'call':
        handleCall(step, event.call);
        break;
      case 'fromAgent':
        handleAgent(step, event.connection, event.message);
        break;
      case 'agentClosed':
        agents.agentClosed(step, event.connection);
        break;
      case 'markAgentGone':
        agents.markGone(step, event.agentId);
        break;
      case 'drainAgent':
        drains.drain(step, event.agentId, event.order);
        break;
      case 'deactivateAgent':
        drains.deactivate(step, event.agentId);
        break;
      case 'reactivateAgent':
        drains.reactivate(step, event.agentId);
        break;
      case 'updateQuotas':
        updateQuotas(step, event.configs);
        break;
      case 'updateWeights':
        updateWeights(step, event.infos);
        break;
      case 'updateSchedule':
        updateSchedule(step, event.schedule);
        break;
      case 'startMaintenance':
        startMaintenance(step, event.machines);
        break;
      case 'stopMaintenance':
        stopMaintenance(step, event.machines);
        break;
      case 'tick':
        tick(step);
        break;
    }
    return step.actions;
  }

  /**
   * What the answer to a call other than SUBSCRIBE is before it is carried out (src/master/http.cpp, in its order).
   * @param streamId the Mesos-Stream-Id header
   * @returns null if the call is to be accepted
   */
  callRefusal(call: SchedulerCall | IgnoredCall, streamId: string | undefined): Refusal | null {
    const framework = this.state.frameworks.get(call.framework_id?.value ?? '');
    if (!framework) return new Refusal(400, 'Framework cannot be found');
    if (!framework.stream) return new Refusal(403, 'Framework is not subscribed');
    if (streamId === undefined) {
      return new Refusal(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header");
    }
    if (streamId !== framework.stream.streamId) {
      const ids = `currently associated with framework ID ${framework.id}`;
      return new Refusal(400, `The stream ID '${streamId}' included in this request didn't match the stream ID ${ids}`);
    }
    return call.type === 'UPDATE_FRAMEWORK' ? updateRefusal(framework, call.update_framework) : null;
  }
}

function updateRefusal(framework: Framework, update: Subscribe): Refusal | null {
  const invalid = subscribeError(update);
  if (invalid) return new Refusal(400, `Supplied FrameworkInfo is not valid: ${invalid}`);
  const frozen = updateFrameworkError(framework.info, update.framework_info);
  return frozen ? new Refusal(400, frozen) : null;
}

function tick(step: Step): void {
  frameworks.tickFrameworks(step);
  agents.tickAgents(step);
  drains.tickDrains(step);
  tickOperations(step);
  tickOperators(step);
  const { state } = step;
  if (state.nextAllocationAtMs > step.nowMs) return;
  state.nextAllocationAtMs = step.nowMs + state.settings.allocationIntervalMs;
  allocateNow(step);
}

function handleCall(step: Step, call: SchedulerCall | IgnoredCall): void {
  const framework = step.state.frameworks.get(call.framework_id?.value ?? '');
  if (!framework) return;
  count(framework.counters, 'calls', `calls/${call.type.toLowerCase()}`);
  switch (call.type) {
    case 'TEARDOWN':
      frameworks.removeFramework(step, framework);
      return;
    case 'ACCEPT':
      accept(step, framework, call.accept);
      return;
    case 'DECLINE':
      decline(step, framework, values(call.decline.offer_ids), call.decline.filters?.refuse_seconds);
      return;
    case 'ACCEPT_INVERSE_OFFERS':
      answerInverse(step, framework, 'ACCEPT', call.accept_inverse_offers);
      return;
    case 'DECLINE_INVERSE_OFFERS':
      answerInverse(step, framework, 'DECLINE', call.decline_inverse_offers);
      return;
    case 'REVIVE':
      revive(step, framework, call.revive?.roles);
      return;
    case 'SUPPRESS':
      suppress(framework, call.suppress?.roles);
      return;
    case 'RECONCILE':
      reconcile(step, framework, call.reconcile.tasks);
      return;
    case 'RECONCILE_OPERATIONS':
      reconcileOperations(step, framework, call.reconcile_operations.operations);
      return;
    case 'ACKNOWLEDGE_OPERATION_STATUS': {
      const { operation_id, uuid } = call.acknowledge_operation_status;
      acknowledgeOperation(step, framework, operation_id.value, uuid);
      return;
    }
    case 'UPDATE_FRAMEWORK':
      frameworks.updateFramework(step, framework, call.update_framework);
      return;
    default:
      handleTaskCall(step, framework, call);
      return;
  }
}

function answerInverse(
  step: Step,
  framework: Framework,
  status: 'ACCEPT' | 'DECLINE',
  { inverse_offer_ids, filters }: { inverse_offer_ids: { value: string }[]; filters?: Filters },
): void {
  answerInverseOffers(step, framework, status, {
    ids: values(inverse_offer_ids),
    refuseSeconds: filters?.refuse_seconds,
  });
}

function handleTaskCall(step: Step, framework: Framework, call: SchedulerCall | IgnoredCall): void {
  const frameworkId = framework.id;
  switch (call.type) {
    case 'KILL': {
      const { task_id, agent_id, kill_policy } = call.kill;
      const request = { taskId: task_id.value, agentId: agent_id?.value, killPolicy: kill_policy };
      if (!killKnownTask(step, framework, request)) reconcileTask(step, framework, request);
      return;
    }
    case 'ACKNOWLEDGE': {
      const { agent_id, task_id, uuid } = call.acknowledge;
      acknowledge(step, framework, { agentId: agent_id.value, taskId: task_id.value, uuid });
      return;
    }
    case 'SHUTDOWN': {
      const { agent_id, executor_id } = call.shutdown;
      const message = { type: 'shutdownExecutor' as const, frameworkId, executorId: executor_id.value };
      sendToAgent(step, step.state.agents.get(agent_id.value), message);
      return;
    }
    case 'MESSAGE': {
      const { agent_id, executor_id, data } = call.message;
      const message = { type: 'message' as const, frameworkId, executorId: executor_id.value, data };
      sendToAgent(step, step.state.agents.get(agent_id.value), message);
      return;
    }
  }
}

function values(ids: { value: string }[]): string[] {
  return ids.map((id) => id.value);
}

function reconcile(
  step: Step,
  framework: Framework,
  tasks: { task_id: { value: string }; agent_id?: { value: string } }[],
): void {
  if (tasks.length === 0) {
    reconcileImplicitly(step, framework);
    return;
  }
  for (const { task_id, agent_id } of tasks) {
    reconcileTask(step, framework, { taskId: task_id.value, agentId: agent_id?.value });
  }
}

function handleAgent(step: Step, connection: number, message: ToMaster): void {
  if (message.type === 'register') {
    agents.register(step, connection, message);
    return;
  }
  if (message.type === 'pong') {
    agents.pong(step, connection);
    return;
  }
  if (message.type === 'unregister') {
    agents.unregister(step, connection);
    return;
  }
  const agent = [...step.state.agents.values()].find((candidate) => candidate.connection === connection);
  if (!agent) return;
  if (message.type === 'status') {
    forwardStatus(step, agent, message);
    return;
  }
  if (message.type === 'executorExited') {
    executorExited(step, agent, message);
    return;
  }
  const framework = step.state.frameworks.get(message.frameworkId);
  if (!framework?.stream) return;
  const { executorId, data } = message;
  const ids = { agent_id: { value: agent.id }, executor_id: { value: executorId } };
  const event = { type: 'MESSAGE' as const, message: { ...ids, data } };
  step.actions.push({ type: 'event', connection: framework.stream.connection, event });
}
