import { OPERATOR_CALL, type OPERATOR_CALL_TYPES } from '../call-schema.js';
import { parseCall, Refusal } from '../http-call.js';
import { checkAgent, checkReactivation } from './drain.js';
import { checkMachines, checkSchedule, maintenanceStatus } from './maintenance.js';
import type { MasterEvent } from './master.js';
import {
  checkQuotas,
  checkWeights,
  type QuotaConfig,
  quotaStatus,
  rolesMessage,
  type WeightInfo,
  weightInfos,
} from './roles.js';
import type { MachineId, MasterState, Schedule } from './state.js';
import { ANSWERS } from './v1-views.js';

/** What an operator's request comes to: an answer, something that happens and an empty answer, or a stream of events. */
export type Operation = { answer: object } | { event: MasterEvent } | { subscribe: true } | Nothing;

type Nothing = Record<string, never>;

interface DrainAgent {
  agent_id: { value: string };
  max_grace_period?: { seconds?: number; nanos?: number };
  mark_gone?: boolean;
}

interface OperatorRequest {
  type?: (typeof OPERATOR_CALL_TYPES)[number];
  mark_agent_gone?: { agent_id: { value: string } };
  drain_agent?: DrainAgent;
  deactivate_agent?: { agent_id: { value: string } };
  reactivate_agent?: { agent_id: { value: string } };
  update_maintenance_schedule?: { schedule: Schedule };
  start_maintenance?: { machines: MachineId[] };
  stop_maintenance?: { machines: MachineId[] };
  update_quota?: { force?: boolean; quota_configs: QuotaConfig[] };
  update_weights?: { weight_infos: WeightInfo[] };
}

/** A call of the v1 operator API. @throws Refusal */
export function operatorCall(state: MasterState, body: string): Operation {
  const call = parseCall(body, OPERATOR_CALL) as OperatorRequest;
  switch (call.type) {
    case undefined:
      throw absent('type');
    case 'MARK_AGENT_GONE':
      if (!call.mark_agent_gone) throw absent('mark_agent_gone');
      return markGone(state, call.mark_agent_gone.agent_id.value);
    case 'DRAIN_AGENT':
      if (!call.drain_agent) throw absent('drain_agent');
      return drain(state, call.drain_agent);
    case 'DEACTIVATE_AGENT':
      if (!call.deactivate_agent) throw absent('deactivate_agent');
      return deactivation(state, call.deactivate_agent.agent_id.value);
    case 'REACTIVATE_AGENT':
      if (!call.reactivate_agent) throw absent('reactivate_agent');
      return reactivation(state, call.reactivate_agent.agent_id.value);
    case 'UPDATE_MAINTENANCE_SCHEDULE':
      if (!call.update_maintenance_schedule) throw absent('update_maintenance_schedule');
      return schedule(state, call.update_maintenance_schedule.schedule);
    case 'START_MAINTENANCE':
      if (!call.start_maintenance) throw absent('start_maintenance');
      return machinesDown(state, call.start_maintenance.machines);
    case 'STOP_MAINTENANCE':
      if (!call.stop_maintenance) throw absent('stop_maintenance');
      return machinesUp(state, call.stop_maintenance.machines);
    case 'UPDATE_QUOTA':
      if (!call.update_quota) throw absent('update_quota');
      return quotas(state, call.update_quota);
    case 'UPDATE_WEIGHTS':
      if (!call.update_weights) throw absent('update_weights');
      return weights(call.update_weights.weight_infos);
    case 'SUBSCRIBE':
      return { subscribe: true };
    default:
      return { answer: { type: call.type, ...QUESTIONS[call.type](state) } };
  }
}

function absent(field: string): Refusal {
  return new Refusal(400, `Failed to validate master::Call: Expecting '${field}' to be present`);
}

/** What is asked, and changes nothing. */
const QUESTIONS = {
  ...ANSWERS,
  GET_MAINTENANCE_SCHEDULE: (state) => ({ get_maintenance_schedule: { schedule: scheduleJson(state) } }),
  GET_MAINTENANCE_STATUS: (state) => ({ get_maintenance_status: { status: maintenanceStatus(state) } }),
  GET_QUOTA: (state) => ({ get_quota: { status: quotaStatus(state) } }),
  GET_WEIGHTS: (state) => ({ get_weights: { weight_infos: weightInfos(state) } }),
  GET_ROLES: (state) => ({ get_roles: rolesMessage(state) }),
} satisfies Record<string, (state: MasterState) => object>;

/** @throws Refusal */
function quotas(state: MasterState, given: NonNullable<OperatorRequest['update_quota']>): Operation {
  checkQuotas(state, given.quota_configs, given.force === true);
  return { event: { type: 'updateQuotas', configs: given.quota_configs } };
}

/** @throws Refusal */
export function weights(infos: WeightInfo[]): Operation {
  checkWeights(infos);
  return { event: { type: 'updateWeights', infos } };
}

/** Without the field when there are no windows, as JSON of protobuf is. */
export function scheduleJson({ schedule: { windows } }: MasterState): object {
  return windows.length > 0 ? { windows } : {};
}

/** @throws Refusal */
export function schedule(state: MasterState, given: Schedule): Operation {
  checkSchedule(state, given);
  return { event: { type: 'updateSchedule', schedule: given } };
}

/** @throws Refusal */
export function machinesDown(state: MasterState, machines: MachineId[]): Operation {
  checkMachines(state, machines, 'DRAINING');
  return { event: { type: 'startMaintenance', machines } };
}

/** @throws Refusal */
export function machinesUp(state: MasterState, machines: MachineId[]): Operation {
  checkMachines(state, machines, 'DOWN');
  return { event: { type: 'stopMaintenance', machines } };
}

/** @throws Refusal */
function drain(state: MasterState, { agent_id, max_grace_period: grace, mark_gone }: DrainAgent): Operation {
  checkAgent(state, agent_id.value);
  const maxGraceMs = grace ? (grace.seconds ?? 0) * 1000 + (grace.nanos ?? 0) / 1e6 : null;
  if (maxGraceMs !== null && maxGraceMs < 0) throw new Refusal(400, "'max_grace_period' must be non-negative");
  const order = { maxGraceMs, markGone: mark_gone === true };
  return { event: { type: 'drainAgent', agentId: agent_id.value, order } };
}

/** @throws Refusal */
function deactivation(state: MasterState, agentId: string): Operation {
  checkAgent(state, agentId);
  return { event: { type: 'deactivateAgent', agentId } };
}

/** @throws Refusal */
function reactivation(state: MasterState, agentId: string): Operation {
  checkReactivation(state, agentId);
  return { event: { type: 'reactivateAgent', agentId } };
}

function markGone(state: MasterState, agentId: string): Operation {
  if (!state.goneAgents.has(agentId)) checkAgent(state, agentId);
  return { event: { type: 'markAgentGone', agentId } };
}
