import type { OperatorResponse } from '../../mesos-http-client/calls.js';
import { OPERATOR_CALL, type OPERATOR_CALL_TYPES } from '../call-schema.js';
import { parseCall, Refusal } from '../http-call.js';
import { checkMachines, checkSchedule, maintenanceStatus } from './maintenance.js';
import type { MasterEvent } from './master.js';
import type { MachineId, MasterState, Schedule } from './state.js';
import { operatorResponse } from './views.js';

/** What an operator's request comes to: an answer, or something that happens and an empty answer. */
export type Operation = { answer: object } | { event: MasterEvent } | Nothing;

type Nothing = Record<string, never>;

interface OperatorRequest {
  type?: (typeof OPERATOR_CALL_TYPES)[number];
  mark_agent_gone?: { agent_id: { value: string } };
  update_maintenance_schedule?: { schedule: Schedule };
  start_maintenance?: { machines: MachineId[] };
  stop_maintenance?: { machines: MachineId[] };
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
    case 'UPDATE_MAINTENANCE_SCHEDULE':
      if (!call.update_maintenance_schedule) throw absent('update_maintenance_schedule');
      return schedule(state, call.update_maintenance_schedule.schedule);
    case 'START_MAINTENANCE':
      if (!call.start_maintenance) throw absent('start_maintenance');
      return machinesDown(state, call.start_maintenance.machines);
    case 'STOP_MAINTENANCE':
      if (!call.stop_maintenance) throw absent('stop_maintenance');
      return machinesUp(state, call.stop_maintenance.machines);
    default:
      return { answer: answerTo(state, call.type) };
  }
}

function absent(field: string): Refusal {
  return new Refusal(400, `Failed to validate master::Call: Expecting '${field}' to be present`);
}

type Question = Exclude<
  (typeof OPERATOR_CALL_TYPES)[number],
  'MARK_AGENT_GONE' | 'UPDATE_MAINTENANCE_SCHEDULE' | 'START_MAINTENANCE' | 'STOP_MAINTENANCE'
>;

function answerTo(state: MasterState, type: Question): OperatorResponse | object {
  if (type === 'GET_MAINTENANCE_SCHEDULE') return { type, get_maintenance_schedule: { schedule: scheduleJson(state) } };
  if (type === 'GET_MAINTENANCE_STATUS') return { type, get_maintenance_status: { status: maintenanceStatus(state) } };
  return operatorResponse(state, type);
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

function markGone(state: MasterState, agentId: string): Operation {
  const { agents, unreachableAgents, recoveredAgents, goneAgents } = state;
  if (![agents, unreachableAgents, recoveredAgents, goneAgents].some((known) => known.has(agentId)))
    throw new Refusal(404, 'Agent not found');
  return { event: { type: 'markAgentGone', agentId } };
}
