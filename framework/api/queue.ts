import _ from 'lodash';
import type { FrameworkService, FrameworkView, OfferView, QueueView } from '../service.js';
import { appSummary } from './answers.js';
import { segmentsAfter } from './app-path.js';
import { type Context, requireApp } from './context.js';
import { ApiError, uriNotFound } from './errors.js';
import { texts } from './query.js';
import type { Resource } from './resource.js';

/** `/v2/queue`: what waits to be launched and why. `sentence` and `refusals` are extensions, with numbers per agent. */
export function queueResource({ service }: Context): Resource {
  return {
    GET: (request) => {
      const view = service.view();
      const embeds = texts(request, 'embed').includes('lastUnusedOffers');
      const unused = (item: QueueView) => (embeds ? { lastUnusedOffers: lastUnused(service, item) } : {});
      return { queue: view.queue.map((item) => ({ ...queueItem(item, view), ...unused(item) })) };
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
      rejectSummaryLastOffers: funnel(_.countBy(ofAgents(item), 'rule')),
      rejectSummaryLaunchAttempt: funnel(item.declinedFor),
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
  closed: 'AgentMaintenance',
  kept: 'NoCorrespondingReservationFound',
  cpus: 'InsufficientCpus',
  mem: 'InsufficientMemory',
  disk: 'InsufficientDisk',
  gpus: 'InsufficientGpus',
  ports: 'InsufficientPorts',
};

const reasonOf = (rule: string) => REASON_OF_RULE[rule] ?? 'UnfulfilledConstraint';

/** One refusal of each agent's latest offer. */
const ofAgents = ({ refusals }: QueueView) =>
  _.uniqBy(
    refusals.filter(({ rule }) => rule !== 'notOffered'),
    'agentId',
  );

/** From how many offers each rule declined; what one stage declined, later stages have not processed. */
function funnel(byRule: Record<string, number>) {
  const declinedBy: Record<string, number> = {};
  for (const [rule, count] of Object.entries(byRule))
    declinedBy[reasonOf(rule)] = (declinedBy[reasonOf(rule)] ?? 0) + count;
  let processed = _.sum(Object.values(byRule));
  return FUNNEL.map((reason) => {
    const stage = { reason, declined: declinedBy[reason] ?? 0, processed };
    processed -= stage.declined;
    return stage;
  });
}

/** With the reasons why they were of no use. */
function lastUnused(service: FrameworkService, item: QueueView) {
  const rules = new Map(ofAgents(item).map(({ agentId, rule }) => [agentId, rule]));
  return service.lastOffers(rules.keys()).map(({ at, attributes, resources, ...offer }) => ({
    offer: {
      ...offer,
      resources,
      attributes: Object.entries(attributes).map(([name, attribute]) => ({ name, ...attributeJson(attribute) })),
    },
    reason: [reasonOf(rules.get(offer.agentId) ?? '')],
    timestamp: at,
  }));
}

function attributeJson(attribute: OfferView['attributes'][string]) {
  switch (attribute.type) {
    case 'ranges':
      return { ranges: attribute.value };
    case 'set':
      return { set: attribute.value };
    default:
      return { [attribute.type]: attribute.value };
  }
}
