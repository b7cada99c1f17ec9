/** `/v2/apps/{id}/guest` of a replicated guest: how its members and its rounds are, and what operators may ask for. */
import type { Distribution, GuestMetrics } from '../../executor/assignment.js';
import { quantile } from '../distribution.js';
import { bridgeOf, isReplicatedGuest, witnessSlot } from '../replicated-guest.js';
import type { AppView, GuestView, TaskView } from '../service.js';
import { type Context, requireApp } from './context.js';
import { ApiError } from './errors.js';
import type { Handler } from './resource.js';

/** What nobody has told yet is null, never guessed. */
export function guestJson({ spec, tasks, group }: AppView) {
  refuseOther(spec);
  const roles = group?.guest ?? { primary: null, backup: null, covered: false };
  const primary = tasks.find(({ replica }) => replica?.member === roles.primary);
  const report = primary?.replica?.report ?? null;
  const metrics = report?.metrics?.guest ?? null;
  return {
    appId: spec.id,
    ...roles,
    lost: group?.lost ?? null,
    bridge: bridgeOf(spec),
    epoch: report?.guest?.epoch ?? null,
    standing: report?.guest?.standing ?? null,
    synced: report?.guest?.synced ?? null,
    members: tasks.flatMap((task) => memberRow(task, roles)).sort((a, b) => a.slot - b.slot || a.member - b.member),
    rounds: metrics?.recent ? rounds(metrics) : null,
    frames: metrics?.frames ?? null,
    takeover: metrics?.takeover ?? null,
  };
}

function refuseOther(spec: AppView['spec']): void {
  if (isReplicatedGuest(spec)) return;
  if (spec.container?.type !== 'VM')
    throw new ApiError(404, `App '${spec.id}' is not a virtual machine`, `GET /v2/apps${spec.id} shows what it is.`);
  const remedy = 'Create it again with "replication": { "protocol": "vm" } to have a backup.';
  throw new ApiError(404, `The virtual machine '${spec.id}' is not replicated`, remedy);
}

function memberRow({ replica, state, host, id }: TaskView, roles: Pick<GuestView, 'primary' | 'backup'>) {
  if (replica === null) return [];
  const { slot, member, address, reportedAt, report } = replica;
  const ofLog = member === roles.primary ? 'primary' : member === roles.backup ? 'backup' : null;
  const role = ofLog ?? (slot === witnessSlot ? 'witness' : null);
  return [
    { slot, member, role, standing: report?.guest?.standing ?? null, state, host, address, reportedAt, taskId: id },
  ];
}

/** Of the primary, since its process started, and of its last rounds alone. */
function rounds({ rounds: sums, triggers, pauseUs, recent }: GuestMetrics) {
  const { pausesUs = [], spanMs = 0, last = null } = recent ?? {};
  return {
    ...{ count: pauseUs.count, triggers, ...sums, ...pauses(pauseUs) },
    recent: {
      count: pausesUs.length,
      perSecond: spanMs === 0 ? null : ((pausesUs.length - 1) * 1000) / spanMs,
      ...pauses(distributionOf(pausesUs)),
      last,
    },
  };
}

const pauses = (of: Distribution) => ({ pauseP50Us: quantile(of, 0.5), pauseP99Us: quantile(of, 0.99) });

/** A bucket for each. */
function distributionOf(values: number[]): Distribution {
  const buckets = [...values].sort((a, b) => a - b).map((value): [number, number] => [value, 1]);
  return { count: values.length, sum: values.reduce((a, b) => a + b, 0), buckets };
}

/** 202: the order is on its way; `synced` of `GET .../guest` has reached `request` when the round has ended. */
export function syncGuest({ changes }: Context, appId: string): Handler {
  return async (request, reply) => {
    const { judged } = await changes.submit(request, (view, version) => {
      requireApp(view, appId);
      // Versions are times that rise, so each request has a number of its own.
      const request = Date.parse(version);
      return { command: { type: 'syncGuest', appId, request }, result: { appId, request } };
    });
    return reply.code(202).send(judged);
  };
}

/** 202: the order is on its way; `GET .../guest` shows who is primary. */
export function failOverGuest({ changes }: Context, appId: string): Handler {
  return async (request, reply) => {
    await changes.submit(request, (view) => {
      requireApp(view, appId);
      return { command: { type: 'failOverGuest', appId }, result: null };
    });
    return reply.code(202).send({ appId });
  };
}
