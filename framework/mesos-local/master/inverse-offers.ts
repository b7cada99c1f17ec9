import type { InverseOffer } from '../../mesos-http-client/types.js';
import { unavailabilityOf } from './maintenance.js';
import { offersOfAgent, refuseMs, usedOnAgent } from './offers.js';
import { type Agent, type Framework, type MasterState, type Step, sendEvent } from './state.js';

/**
 * Inverse offers: an agent with a maintenance window is asked back from every framework that has something there, or is
 * offered something (src/master/allocator/mesos/hierarchical.cpp, generateInverseOffers). None is repeated before it is answered, nor
 * while the answer's filter lasts.
 */
export function makeInverseOffers(step: Step): void {
  const { state, nowMs } = step;
  state.inverseFilters = state.inverseFilters.filter(({ untilMs }) => untilMs > nowMs);
  for (const framework of state.frameworks.values()) {
    if (!framework.stream) continue;
    const offers = [...state.agents.values()].flatMap((agent) => inverseOfferOf(state, framework, agent));
    if (offers.length > 0)
      sendEvent(step, framework, { type: 'INVERSE_OFFERS', inverse_offers: { inverse_offers: offers } });
  }
}

function inverseOfferOf(state: MasterState, framework: Framework, agent: Agent): InverseOffer[] {
  const unavailability = unavailabilityOf(state, agent);
  if (!unavailability || agent.connection === null || !hasThere(state, framework, agent)) return [];
  const isOwn = (one: { frameworkId: string; agentId: string }) =>
    one.frameworkId === framework.id && one.agentId === agent.id;
  if ([...state.inverseOffers.values()].some(isOwn) || state.inverseFilters.some(isOwn)) return [];
  // Ids of offers and inverse offers are of one series.
  const id = `${state.settings.masterId}-O${state.nextOfferNumber++}`;
  state.inverseOffers.set(id, { id, frameworkId: framework.id, agentId: agent.id });
  const { hostname, port } = agent.info;
  const address = { hostname, ip: agent.ip, port: port ?? 0 };
  return [
    {
      id: { value: id },
      url: { scheme: 'http', address, path: '/slave(1)' },
      framework_id: { value: framework.id },
      agent_id: { value: agent.id },
      unavailability,
    },
  ];
}

function hasThere(state: MasterState, framework: Framework, agent: Agent): boolean {
  return [...usedOnAgent(state, agent), ...offersOfAgent(state, agent.id)].some(
    ({ frameworkId }) => frameworkId === framework.id,
  );
}

/** ACCEPT_INVERSE_OFFERS and DECLINE_INVERSE_OFFERS: only noted, for GET_MAINTENANCE_STATUS. Ids that are not valid are ignored. */
export function answerInverseOffers(
  step: Step,
  framework: Framework,
  status: 'ACCEPT' | 'DECLINE',
  { ids, refuseSeconds }: { ids: string[]; refuseSeconds: number | undefined },
): void {
  const { state, nowMs } = step;
  for (const id of ids) {
    const offer = state.inverseOffers.get(id);
    if (offer?.frameworkId !== framework.id) continue;
    state.inverseOffers.delete(id);
    const answers = state.inverseAnswers.get(offer.agentId) ?? new Map();
    state.inverseAnswers.set(offer.agentId, answers.set(framework.id, { status, atMs: nowMs }));
    const forMs = refuseMs(step, refuseSeconds);
    if (forMs > 0) state.inverseFilters.push({ ...offer, untilMs: nowMs + forMs });
  }
}

export function rescindInverseOffers(step: Step, agentId: string): void {
  const { state } = step;
  for (const offer of [...state.inverseOffers.values()]) {
    if (offer.agentId !== agentId) continue;
    state.inverseOffers.delete(offer.id);
    const framework = state.frameworks.get(offer.frameworkId);
    const rescind_inverse_offer = { inverse_offer_id: { value: offer.id } };
    if (framework) sendEvent(step, framework, { type: 'RESCIND_INVERSE_OFFER', rescind_inverse_offer });
  }
}

/** Answers to the window that the agent had are none to the one it has. */
export function forgetAnswers(state: MasterState, agentId: string): void {
  state.inverseAnswers.delete(agentId);
  state.inverseFilters = state.inverseFilters.filter((filter) => filter.agentId !== agentId);
}

/** They vanish without RESCIND_INVERSE_OFFER when their framework's stream ends. */
export function dropInverseOffersOf(state: MasterState, frameworkId: string): void {
  for (const { id, frameworkId: owner } of [...state.inverseOffers.values()])
    if (owner === frameworkId) state.inverseOffers.delete(id);
}
