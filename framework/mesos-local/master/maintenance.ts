import { isIPv4 } from 'node:net';
import type { Unavailability } from '../../mesos-http-client/types.js';
import { Refusal } from '../http-call.js';
import { removeDown } from './agents.js';
import { forgetAnswers, rescindInverseOffers } from './inverse-offers.js';
import { allocateNow, rescindOffersOfAgent } from './offers.js';
import {
  type Agent,
  type Machine,
  type MachineId,
  type MasterState,
  type Schedule,
  type Step,
  saveRegistry,
} from './state.js';

/** The maintenance schedule, and machines that it drains or that are down (src/master/maintenance.cpp, http.cpp, in their words). */

/** Machines are the same when both fields are; hostnames in any case. */
export const machineKey = ({ hostname = '', ip = '' }: MachineId): string => `${hostname.toLowerCase()} ${ip}`;

const machineIdOf = ({ info, ip }: Pick<Agent, 'info' | 'ip'>): MachineId => ({ hostname: info.hostname, ip });

export function machineOf(state: MasterState, agent: Pick<Agent, 'info' | 'ip'>): Machine | null {
  return state.machines.get(machineKey(machineIdOf(agent))) ?? null;
}

/** Told with offers of the agent; null: no window is scheduled for it. */
export function unavailabilityOf(state: MasterState, agent: Agent): Unavailability | null {
  return machineOf(state, agent)?.unavailability ?? null;
}

/** @throws Refusal */
export function checkSchedule(state: MasterState, { windows }: Schedule): void {
  for (const { machine_ids, unavailability } of windows) {
    if (machine_ids.length === 0) throw new Refusal(400, 'List of machines in the maintenance window is empty');
    if ((unavailability.duration?.nanoseconds ?? 0) < 0)
      throw new Refusal(400, "Unavailability 'duration' is negative");
  }
  checkIds(windows.flatMap(({ machine_ids }) => machine_ids));
  const kept = new Set(windows.flatMap(({ machine_ids }) => machine_ids.map(machineKey)));
  for (const [key, { id, mode }] of state.machines)
    if (mode === 'DOWN' && !kept.has(key)) throw refusal(id, 'is deactivated and cannot be removed from the schedule');
}

function checkIds(ids: MachineId[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (!id.hostname && !id.ip) throw new Refusal(400, "Both 'hostname' and 'ip' for a machine are empty");
    if (id.ip && !isIPv4(id.ip)) throw new Refusal(400, `Failed to parse IPv4: ${id.ip}`);
    if (seen.has(machineKey(id))) throw refusal(id, 'appears more than once in the schedule');
    seen.add(machineKey(id));
  }
}

function refusal({ hostname, ip }: MachineId, text: string): Refusal {
  const id = { ...(hostname !== undefined && { hostname }), ...(ip !== undefined && { ip }) };
  return new Refusal(400, `Machine '${JSON.stringify(id)}' ${text}`);
}

/** Of machines that go down or come up. @throws Refusal */
export function checkMachines(state: MasterState, ids: MachineId[], mode: Machine['mode']): void {
  if (ids.length === 0) throw new Refusal(400, 'List of machines is empty');
  checkIds(ids);
  const [now, then] = mode === 'DRAINING' ? ['DRAINING', 'down'] : ['DOWN', 'up'];
  for (const id of ids) {
    const machine = state.machines.get(machineKey(id));
    if (!machine) throw refusal(id, 'is not part of a maintenance schedule');
    if (machine.mode !== mode) throw refusal(id, `is not in ${now} mode and cannot be brought ${then}`);
  }
}

/** Frameworks hear of every machine of the old schedule and the new one, whether its window has changed or not. */
export function updateSchedule(step: Step, schedule: Schedule): void {
  const { state } = step;
  const before = state.machines;
  const windows = schedule.windows.flatMap(({ machine_ids, unavailability }) =>
    machine_ids.map((id): [string, Machine] => {
      const mode = before.get(machineKey(id))?.mode ?? 'DRAINING';
      return [machineKey(id), { id, mode, unavailability }];
    }),
  );
  state.schedule = schedule;
  state.machines = new Map(windows);
  const touched = new Set([...before.keys(), ...state.machines.keys()]);
  for (const agent of state.agents.values()) if (touched.has(machineKey(machineIdOf(agent)))) announce(step, agent);
  saveRegistry(step);
  allocateNow(step);
}

function announce(step: Step, agent: Agent): void {
  rescindOffersOfAgent(step, agent.id);
  rescindInverseOffers(step, agent.id);
  forgetAnswers(step.state, agent.id);
}

/** The machines' agents are shut down and removed, and none is let in there until the machine is up. */
export function startMaintenance(step: Step, ids: MachineId[]): void {
  for (const key of ids.map(machineKey)) {
    const machine = step.state.machines.get(key);
    if (machine) step.state.machines.set(key, { ...machine, mode: 'DOWN' });
  }
  for (const agent of [...step.state.agents.values()])
    if (machineOf(step.state, agent)?.mode === 'DOWN') removeDown(step, agent);
  saveRegistry(step);
}

/** Maintenance of these machines is done: they leave the schedule. */
export function stopMaintenance(step: Step, ids: MachineId[]): void {
  const done = new Set(ids.map(machineKey));
  for (const key of done) step.state.machines.delete(key);
  const windows = step.state.schedule.windows.map((window) => ({
    ...window,
    machine_ids: window.machine_ids.filter((id) => !done.has(machineKey(id))),
  }));
  step.state.schedule = { windows: windows.filter(({ machine_ids }) => machine_ids.length > 0) };
  saveRegistry(step);
}

/** GET_MAINTENANCE_STATUS: what frameworks have answered, and which machines are down. */
export function maintenanceStatus(state: MasterState): object {
  const machines = [...state.machines.values()];
  const draining = machines.filter(({ mode }) => mode === 'DRAINING');
  const down = machines.filter(({ mode }) => mode === 'DOWN');
  return {
    ...(draining.length > 0 && { draining_machines: draining.map((machine) => drainingMachine(state, machine)) }),
    ...(down.length > 0 && { down_machines: down.map(({ id }) => id) }),
  };
}

function drainingMachine(state: MasterState, { id }: Machine): object {
  const agents = [...state.agents.values()].filter((agent) => machineOf(state, agent)?.id === id);
  const answers = agents.flatMap((agent) => [...(state.inverseAnswers.get(agent.id) ?? [])]);
  const statuses = answers.map(([frameworkId, { status, atMs }]) => ({
    status,
    framework_id: { value: frameworkId },
    timestamp: { nanoseconds: atMs * 1e6 },
  }));
  return { id, ...(statuses.length > 0 && { statuses }) };
}
