/** What an app asks of placement. */
import lodash from 'lodash';
import type { GroupRequest, LivingReplica } from '../../placement/types.js';
import type { AppSpec } from '../app.js';
import { maintenanceAt } from './maintenance.js';
import type { AppRecord, AwayMember, TaskRecord } from './records.js';

/** Slots of one app that wait for agents. */
export interface Demand {
  app: AppRecord;
  request: GroupRequest;
  /** Not now: the app backs off after a failure. */
  delayed: boolean;
  /** A member that comes back, rather than a new one. */
  returning?: AwayMember;
}

/** `living`: tasks of the app that run or may still run, in the order of their slots. */
export function demandOf(app: AppRecord, slots: number[], living: TaskRecord[], now: number): Demand {
  const avoid = lodash.mapValues(currentlyAvoided(app, now), ({ reason }) => reason);
  const request = {
    ...requestOf(app.active),
    slots,
    living: living.map(livingReplica),
    avoid,
    maintenance: maintenanceAt(now),
  };
  return { app, request, delayed: (app.backoff?.untilMs ?? 0) > now };
}

/** The request of a whole new app. */
export function requestOf(spec: AppSpec): GroupRequest {
  const ports = spec.portDefinitions.map(({ port }) => (spec.requirePorts ? port : 0));
  const replicated = spec.replication !== null;
  return {
    id: spec.id,
    slots: Array.from({ length: spec.instances }, (_, slot) => slot),
    // One port more for the group's own connections.
    demand: {
      cpus: spec.cpus,
      mem: spec.mem,
      disk: spec.disk,
      gpus: spec.gpus,
      ports: replicated ? [...ports, 0] : ports,
    },
    constraints: spec.constraints,
    distinctAgents: replicated,
    spread: spec.replication?.spread ?? [],
    living: [],
    avoid: {},
    whole: replicated,
  };
}

function livingReplica(task: TaskRecord, index: number): LivingReplica {
  const { id, hostname, region, zone, attributes } = task.agent;
  return { slot: task.replica?.self.slot ?? index, agentId: id, hostname, region, zone, attributes };
}

/** By agent id; what is past is left out. */
export function currentlyAvoided(app: AppRecord, now: number): AppRecord['avoid'] {
  return lodash.pickBy(app.avoid, ({ untilMs }) => untilMs > now);
}
