import type { Area } from '../authentication.js';
import { MACHINE_IDS, SCHEDULE, WEIGHTS } from '../call-schema.js';
import { parseCall } from '../http-call.js';
import { maintenanceStatus } from './maintenance.js';
import { machinesDown, machinesUp, type Operation, schedule, scheduleJson, weights } from './operator-call.js';
import { quotaStatus, rolesPage, type WeightInfo, weightInfos } from './roles.js';
import type { MachineId, MasterState, Schedule } from './state.js';
import { agentsPage, statePage, VERSION } from './views.js';

export type Page = (state: MasterState, body: string) => Operation;

/** What operators could ask for before there was the v1 API, by path and method. */
export const PAGES: Readonly<Record<string, Partial<Record<'GET' | 'POST' | 'PUT', Page>>>> = {
  '/state': { GET: (state) => ({ answer: statePage(state) }) },
  '/slaves': { GET: (state) => ({ answer: agentsPage(state) }) },
  '/roles': { GET: (state) => ({ answer: rolesPage(state) }) },
  '/quota': { GET: (state) => ({ answer: quotaStatus(state) }) },
  '/weights': {
    GET: (state) => ({ answer: weightInfos(state) }),
    PUT: (_state, body) => weights(weightsOf(body)),
  },
  '/maintenance/schedule': {
    GET: (state) => ({ answer: scheduleJson(state) }),
    POST: (state, body) => schedule(state, parseCall(body, SCHEDULE) as unknown as Schedule),
  },
  '/maintenance/status': { GET: (state) => ({ answer: maintenanceStatus(state) }) },
  '/machine/down': { POST: (state, body) => machinesDown(state, machineIds(body)) },
  '/machine/up': { POST: (state, body) => machinesUp(state, machineIds(body)) },
};

/** What every master answers by itself, also one that does not lead, and to everybody. */
export const LOCAL_PAGES: Readonly<Record<string, Operation>> = { '/health': {}, '/version': { answer: VERSION } };

/** The realm in which a path lies; null if everybody may ask for it, also where authentication is asked for. */
export function areaOf(path: string): Area | null {
  if (path === '/api/v1/scheduler') return 'scheduler';
  if (path === '/api/v1') return 'readwrite';
  if (path === '/metrics/snapshot') return 'readonly';
  const page = PAGES[path];
  if (!page) return null;
  return page.POST || page.PUT ? 'readwrite' : 'readonly';
}

/** The body is a list. */
function weightsOf(body: string): WeightInfo[] {
  return (parseCall(`{"weight_infos":${body}}`, WEIGHTS) as { weight_infos: WeightInfo[] }).weight_infos;
}

/** The body is a list. */
function machineIds(body: string): MachineId[] {
  return (parseCall(`{"machines":${body}}`, MACHINE_IDS) as { machines: MachineId[] }).machines;
}
