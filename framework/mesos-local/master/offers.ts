import {
  add,
  allocate as allocated,
  contains,
  subtract,
  toUnrefinedFormat,
  unallocate,
} from '../../mesos-http-client/resources.js';
import { isTerminal } from '../../mesos-http-client/task-status.js';
import type { Offer, Resource } from '../../mesos-http-client/types.js';
import { count } from '../metrics.js';
import { type Allocation, type AllocatorAgent, allocate, isCovered } from './allocator.js';
import { hasCapability, rolesOf } from './framework-validation.js';
import { makeInverseOffers } from './inverse-offers.js';
import { unavailabilityOf } from './maintenance.js';
import {
  type Agent,
  type Framework,
  type HeldOffer,
  type MasterState,
  type Step,
  sendEvent,
  tasksOnAgent,
} from './state.js';

const DEFAULT_REFUSE_SECONDS = 5;
const REFUSE_SECONDS_MAX = 365 * 24 * 3600;

/** What tasks and executors on the agent hold, unallocated, with the role that holds it. */
export function usedOnAgent(state: MasterState, agent: Agent): Allocation[] {
  const tasks = tasksOnAgent(state, agent.id).filter((task) => !isTerminal(task.latestState));
  const executors = [...agent.executors.values()];
  return [
    ...tasks.map((task) => ({ ...task, resources: unallocate(task.resources) })),
    ...executors.map(({ frameworkId, info }) => ({
      agentId: agent.id,
      frameworkId,
      role: info.resources?.[0]?.allocation_info?.role ?? '*',
      resources: unallocate(info.resources ?? []),
    })),
  ].map(({ frameworkId, role, resources }) => ({ agentId: agent.id, frameworkId, role, resources }));
}

/** The same of all agents. */
export function usedEverywhere(state: MasterState): Allocation[] {
  return [...state.agents.values()].flatMap((agent) => usedOnAgent(state, agent));
}

export function offersOfAgent(state: MasterState, agentId: string): HeldOffer[] {
  return [...state.offers.values()].filter((offer) => offer.agentId === agentId);
}

/** What may be offered now. Nothing, should an agent ever come back with more in use than it has. */
export function freeOnAgent(state: MasterState, agent: Agent): Resource[] {
  const held = [...usedOnAgent(state, agent), ...offersOfAgent(state, agent.id)].map(({ resources }) => resources);
  const total = agent.info.resources ?? [];
  const taken = add(...held);
  return contains(total, taken) ? subtract(total, taken) : [];
}

/** Connected, and in use. */
export function isActive(state: MasterState, agent: Agent): boolean {
  return agent.connection !== null && !state.deactivatedAgents.has(agent.id);
}

function activeAgents(state: MasterState): Agent[] {
  return [...state.agents.values()].filter((agent) => isActive(state, agent));
}

/** What all agents have whose resources are offered, one after the other. */
export function totalOfActive(state: MasterState): Resource[] {
  return activeAgents(state).flatMap(({ info }) => info.resources ?? []);
}

/** Makes offers to every subscribed framework and sends one OFFERS event to each that gets some. */
export function allocateNow(step: Step): void {
  const { state } = step;
  count(state.counters, 'allocator/mesos/allocation_runs');
  state.filters = state.filters.filter((filter) => filter.untilMs > step.nowMs);
  const agents = activeAgents(state);
  const allocations = allocate({
    agents: agents.map((agent) => asOffered(state, agent)),
    quotas: state.quotas,
    weightOf: (role) => state.weights.get(role) ?? 1,
    frameworks: [...state.frameworks.values()].filter((framework) => framework.stream).map(asCandidate),
    held: agents.flatMap((agent) => [...usedOnAgent(state, agent), ...offersOfAgent(state, agent.id)]),
    timesChosen: (frameworkId, role) => state.frameworks.get(frameworkId)?.timesChosen.get(role) ?? 0,
    isFiltered: (offer) => isFiltered(state, offer),
    random: () => nextRandom(state),
  });
  const offers = allocations.map((allocation) => hold(state, allocation));
  for (const framework of state.frameworks.values()) {
    const own = offers.filter((offer) => offer.frameworkId === framework.id);
    if (own.length === 0) continue;
    sendEvent(step, framework, {
      type: 'OFFERS',
      offers: { offers: own.map((o) => offerMessage(state, framework, o)) },
    });
  }
  makeInverseOffers(step);
}

function asOffered(state: MasterState, agent: Agent): AllocatorAgent {
  return {
    id: agent.id,
    total: agent.info.resources ?? [],
    free: freeOnAgent(state, agent),
    remote: isRemote(state, agent),
  };
}

function isRemote(state: MasterState, agent: Agent): boolean {
  const region = agent.info.domain?.fault_domain?.region.name;
  return region !== state.settings.domain?.fault_domain?.region.name && region !== undefined;
}

function asCandidate(framework: Framework) {
  return {
    id: framework.id,
    roles: rolesOf(framework.info).filter((role) => !framework.suppressedRoles.has(role)),
    regionAware: hasCapability(framework.info, 'REGION_AWARE'),
    takesGpus: hasCapability(framework.info, 'GPU_RESOURCES'),
    takesRevocable: hasCapability(framework.info, 'REVOCABLE_RESOURCES'),
    refines: hasCapability(framework.info, 'RESERVATION_REFINEMENT'),
  };
}

function isFiltered(state: MasterState, offer: Allocation): boolean {
  return state.filters.some(
    (filter) =>
      filter.frameworkId === offer.frameworkId &&
      filter.role === offer.role &&
      filter.agentId === offer.agentId &&
      isCovered(filter.resources, offer.resources),
  );
}

function hold(state: MasterState, { agentId, frameworkId, role, resources }: Allocation): HeldOffer {
  const id = `${state.settings.masterId}-O${state.nextOfferNumber++}`;
  const offer = { id, agentId, frameworkId, role, resources: [...resources] };
  state.offers.set(id, offer);
  const framework = state.frameworks.get(frameworkId);
  if (framework) {
    count(framework.timesChosen, role);
    count(framework.counters, 'offers/sent');
  }
  return offer;
}

/** Mulberry32: small, seedable, good enough to shuffle. */
function nextRandom(state: MasterState): number {
  state.randomState = (state.randomState + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state.randomState ^ (state.randomState >>> 15), 1 | state.randomState);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

/** Without MULTI_ROLE no allocation is shown, without RESERVATION_REFINEMENT resources are in the old format. */
export function shownResources(framework: Framework, role: string, resources: readonly Resource[]): Resource[] {
  const shown = hasCapability(framework.info, 'RESERVATION_REFINEMENT')
    ? [...resources]
    : resources.map(toUnrefinedFormat);
  return hasCapability(framework.info, 'MULTI_ROLE') ? allocated(shown, role) : shown;
}

export function offerMessage(state: MasterState, framework: Framework, offer: HeldOffer): Offer {
  const agent = state.agents.get(offer.agentId) as Agent;
  const executors = [...agent.executors.values()].filter((executor) => executor.frameworkId === framework.id);
  const { hostname, domain, attributes, port } = agent.info;
  const address = { hostname, ip: agent.ip, port: port ?? 0 };
  const unavailability = unavailabilityOf(state, agent);
  return {
    id: { value: offer.id },
    framework_id: { value: framework.id },
    agent_id: { value: agent.id },
    hostname,
    url: { scheme: 'http', address, path: '/slave(1)' },
    ...(domain && { domain }),
    resources: shownResources(framework, offer.role, offer.resources),
    ...(attributes && attributes.length > 0 && { attributes }),
    ...(unavailability && { unavailability }),
    ...(executors.length > 0 && { executor_ids: executors.map((executor) => executor.info.executor_id) }),
    ...(hasCapability(framework.info, 'MULTI_ROLE') && { allocation_info: { role: offer.role } }),
  };
}

/**
 * Installs a filter for refused resources (hierarchical.cpp, recoverResources): a negative or absent time is 5 s,
 * zero is no filter, anything else lasts at least the allocation interval and at most a year.
 */
export function refuse(step: Step, offer: HeldOffer, resources: Resource[], refuseSeconds: number | undefined): void {
  const forMs = refuseMs(step, refuseSeconds);
  if (forMs === 0 || resources.length === 0) return;
  const { frameworkId, role, agentId } = offer;
  const untilMs = step.nowMs + forMs;
  step.state.filters.push({ frameworkId, role, agentId, resources, untilMs });
}

/** How long a filter lasts; 0: there is none. */
export function refuseMs({ state }: Step, refuseSeconds: number | undefined): number {
  const given = refuseSeconds ?? DEFAULT_REFUSE_SECONDS;
  const seconds = given < 0 || Number.isNaN(given) ? DEFAULT_REFUSE_SECONDS : Math.min(given, REFUSE_SECONDS_MAX);
  return seconds === 0 ? 0 : Math.max(seconds * 1000, state.settings.allocationIntervalMs);
}

export function decline(step: Step, framework: Framework, offerIds: string[], refuseSeconds: number | undefined): void {
  for (const id of offerIds) {
    const offer = step.state.offers.get(id);
    if (offer?.frameworkId !== framework.id) continue;
    step.state.offers.delete(id);
    count(framework.counters, 'offers/declined');
    refuse(step, offer, offer.resources, refuseSeconds);
  }
}

/** Unknown roles are ignored; no roles means all (observed 17). */
function namedRoles(framework: Framework, roles: string[] | undefined): string[] {
  const own = rolesOf(framework.info);
  return roles && roles.length > 0 ? roles.filter((role) => own.includes(role)) : own;
}

export function suppress(framework: Framework, roles: string[] | undefined): void {
  for (const role of namedRoles(framework, roles)) framework.suppressedRoles.add(role);
}

export function revive(step: Step, framework: Framework, roles: string[] | undefined): void {
  const revived = namedRoles(framework, roles);
  for (const role of revived) framework.suppressedRoles.delete(role);
  step.state.filters = step.state.filters.filter(
    (filter) => filter.frameworkId !== framework.id || !revived.includes(filter.role),
  );
  allocateNow(step);
}

export function rescindOffersOfAgent(step: Step, agentId: string): void {
  for (const offer of offersOfAgent(step.state, agentId)) rescind(step, offer);
}

/** Offers of roles the framework no longer has. */
export function rescindForeignRoles(step: Step, framework: Framework): void {
  const roles = rolesOf(framework.info);
  for (const offer of step.state.offers.values()) {
    if (offer.frameworkId === framework.id && !roles.includes(offer.role)) rescind(step, offer);
  }
}

export function rescind(step: Step, offer: HeldOffer): void {
  step.state.offers.delete(offer.id);
  const framework = step.state.frameworks.get(offer.frameworkId);
  if (!framework) return;
  count(framework.counters, 'offers/rescinded');
  sendEvent(step, framework, { type: 'RESCIND', rescind: { offer_id: { value: offer.id } } });
}

/** Offers vanish without RESCIND when their framework's stream ends. */
export function dropOffersOfFramework(state: MasterState, frameworkId: string): void {
  for (const offer of [...state.offers.values()]) {
    if (offer.frameworkId === frameworkId) state.offers.delete(offer.id);
  }
}
