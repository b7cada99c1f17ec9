import _ from 'lodash';
import type { FrameworkView, QueueView } from '../service.js';
import { appSummary } from './answers.js';
import { segmentsAfter } from './app-path.js';
import { type Context, requireApp } from './context.js';
import { ApiError, uriNotFound } from './errors.js';
import type { Resource } from './resource.js';

/** `/v2/queue`: what waits to be launched and why. `sentence` and `refusals` are extensions, with numbers per agent. */
export function queueResource({ service }: Context): Resource {
  return {
    GET: () => {
      const view = service.view();
      return { queue: view.queue.map((item) => queueItem(item, view)) };
    },
  };
}

/** `/v2/queue/{id}/delay`: DELETE forgets the back-off. */
export function delayResource({ changes }: Context): Resource {
  return {
    DELETE: async (request, reply) => {
      const segments = segmentsAfter('/v2/queue', request.url);
      if (segments.at(-1) !== 'delay') throw uriNotFound(request.url);
      const appId = `/${segments.slice(0, -1).join('/')}`;
      await changes.submit(request, (view) => {
        requireApp(view, appId);
        if (!view.queue.some((item) => item.appId === appId)) throw notQueued(appId);
        return { command: { type: 'resetDelay', appId }, result: null };
      });
      return reply.code(204).send();
    },
  };
}

function notQueued(appId: string): ApiError {
  return new ApiError(404, `Application ${appId} not found in tasks queue.`, 'Nothing of it waits to be launched.');
}

function queueItem(item: QueueView, view: FrameworkView) {
  const app = view.apps.find((one) => one.spec.id === item.appId);
  return {
    app: app === undefined ? { id: item.appId } : appSummary({ ...app, spec: item.spec }),
    count: item.count,
    role: view.role,
    delay: { timeLeftSeconds: item.delaySecondsLeft, overdue: item.delaySecondsLeft <= 0 },
    since: item.since,
    processedOffersSummary: {
      processedOffersCount: item.processedOffersCount,
      unusedOffersCount: item.unusedOffersCount,
      rejectSummaryLastOffers: funnel(item),
    },
    sentence: item.sentence,
    waitsFor: item.waitsFor,
    refusals: item.refusals,
    earmark: item.earmark,
  };
}

/** Marathon's reasons in the order in which it checks them. */
const FUNNEL = [
  ...['UnfulfilledRole', 'UnfulfilledConstraint', 'NoCorrespondingReservationFound', 'AgentMaintenance'],
  ...['InsufficientCpus', 'InsufficientMemory', 'InsufficientDisk', 'InsufficientGpus', 'InsufficientPorts'],
];

const REASON_OF_RULE: Record<string, string> = {
  cpus: 'InsufficientCpus',
  mem: 'InsufficientMemory',
  disk: 'InsufficientDisk',
  gpus: 'InsufficientGpus',
  ports: 'InsufficientPorts',
};

/** Counted over the latest offer of each agent; what one stage declined, later stages have not processed. */
function funnel({ refusals }: QueueView) {
  const ofAgents = _.uniqBy(refusals, (refusal) => refusal.agentId);
  const declinedBy = _.countBy(ofAgents, (refusal) => REASON_OF_RULE[refusal.rule] ?? 'UnfulfilledConstraint');
  let processed = ofAgents.length;
  return FUNNEL.map((reason) => {
    const stage = { reason, declined: declinedBy[reason] ?? 0, processed };
    processed -= stage.declined;
    return stage;
  });
}
