import type { Area } from '../authentication.js';
import { MACHINE_IDS, SCHEDULE } from '../call-schema.js';
import { parseCall } from '../http-call.js';
import { maintenanceStatus } from './maintenance.js';
import { machinesDown, machinesUp, type Operation, schedule, scheduleJson } from './operator-call.js';
import type { MachineId, MasterState, Schedule } from './state.js';
import { agentsPage, statePage, VERSION } from './views.js';

export type Page = (state: MasterState, body: string, startedAtMs: number) => Operation;

/** What operators could ask for before there was the v1 API, by path and method. */
export const PAGES: Readonly<Record<string, Partial<Record<'GET' | 'POST', Page>>>> = {
  '/state': { GET: (state, _body, startedAtMs) => ({ answer: statePage(state, startedAtMs) }) },
  '/slaves': { GET: (state) => ({ answer: agentsPage(state) }) },
  '/health': { GET: () => ({}) },
  '/version': { GET: () => ({ answer: VERSION }) },
  '/maintenance/schedule': {
    GET: (state) => ({ answer: scheduleJson(state) }),
    POST: (state, body) => schedule(state, parseCall(body, SCHEDULE) as unknown as Schedule),
  },
  '/maintenance/status': { GET: (state) => ({ answer: maintenanceStatus(state) }) },
  '/machine/down': { POST: (state, body) => machinesDown(state, machineIds(body)) },
  '/machine/up': { POST: (state, body) => machinesUp(state, machineIds(body)) },
};

const OPEN_PAGES = ['/health', '/version'];

/** The realm in which a page lies; null if everybody may see it, also where authentication is asked for. */
export function areaOfPage(path: string): Area | null {
  if (OPEN_PAGES.includes(path)) return null;
  return PAGES[path]?.POST ? 'readwrite' : 'readonly';
}

/** The body is a list. */
function machineIds(body: string): MachineId[] {
  return (parseCall(`{"machines":${body}}`, MACHINE_IDS) as { machines: MachineId[] }).machines;
}
