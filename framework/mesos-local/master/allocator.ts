import lodash from 'lodash';
import { add, contains, reservationRole, reservationsOf, subtract } from '../../mesos-http-client/resources.js';
import type { Resource } from '../../mesos-http-client/types.js';
import {
  beyond,
  consumedBy,
  cutTo,
  isWithin,
  lineage,
  narrower,
  type Quantities,
  type Quota,
  quantitiesOf,
  topmost,
  total,
} from './quota.js';
import { type Candidate, type RankingInput, ranked, scalar } from './ranking.js';

/**
 * Who is offered what: Mesos' hierarchical allocator in small. Agents in random order; on each the framework whose turn
 * it is gets all that is free for it, within quotas (coarse, one offer).
 */

export interface AllocatorAgent {
  id: string;
  total: readonly Resource[];
  free: readonly Resource[];
  /** Only REGION_AWARE frameworks are offered an agent of another region than the master's. */
  remote: boolean;
}

export interface AllocatorFramework {
  id: string;
  /** Without the suppressed ones. */
  roles: readonly string[];
  regionAware: boolean;
  /** Without GPU_RESOURCES agents with GPUs are kept away. */
  takesGpus: boolean;
  /** Without REVOCABLE_RESOURCES those that may be taken away again are not offered. */
  takesRevocable: boolean;
  /** Without RESERVATION_REFINEMENT refined reservations are not offered: the old format cannot say them. */
  refines: boolean;
}

/** Resources that count towards the share of a framework in a role: used, or offered. */
export interface Allocation {
  agentId: string;
  frameworkId: string;
  role: string;
  resources: readonly Resource[];
}

export interface AllocatorInput extends RankingInput {
  agents: readonly AllocatorAgent[];
  held: readonly Allocation[];
  /** By role. */
  quotas: ReadonlyMap<string, Quota>;
  /** Whether a filter of the framework hides this offer. */
  isFiltered(offer: Allocation): boolean;
  /** Returns a number in [0, 1). */
  random(): number;
}

/** An offer needs one of these (Mesos' default `min_allocatable_resources`). */
const MINIMUM = { cpus: 0.01, mem: 32 };

/**
 * The offers to make now. They are exclusive: together with what is held they never exceed an agent's resources. What is
 * guaranteed is given first; of the rest nobody gets what is still missing to a guarantee, or more than a limit.
 */
export function allocate(input: AllocatorInput): Allocation[] {
  const round = new Round(input);
  const agents = shuffled(input.agents, input.random);
  const isGuaranteed = [...input.quotas.values()].some(({ guarantees }) => Object.keys(guarantees).length > 0);
  if (isGuaranteed) for (const agent of agents) round.offerAgent(agent, guaranteedCaps);
  for (const agent of agents) round.offerAgent(agent, openCaps);
  return [...round.offers.values()];
}

/** What a role may have now, at most; null: nothing. */
type Caps = (round: Round, role: string) => Quantities | null;

/** What is missing to its guarantee, or to that of a role above it, and of other things what its limits leave. */
function guaranteedCaps(round: Round, role: string): Quantities | null {
  const missing = lineage(role)
    .map((one) => round.missing(one))
    .filter((one) => Object.keys(one).length > 0);
  if (missing.length === 0) return null;
  const caps = missing.reduce(narrower);
  if (Object.values(caps).every((amount) => amount === 0)) return null;
  return narrower(caps, round.limitCaps(role));
}

/** What its limits leave, without what is kept for others. */
function openCaps(round: Round, role: string): Quantities {
  const { quotas } = round.input;
  const others = [...quotas.keys()].filter((one) => !isWithin(role, one));
  const kept = total(topmost(others).map((one) => round.missing(one)));
  const free = quantitiesOf(round.freeEverywhere().filter((one) => reservationRole(one) === '*'));
  return narrower(round.limitCaps(role), beyond(lodash.pick(free, Object.keys(kept)), kept));
}

/** What has been given in one run of the allocator. */
class Round {
  readonly offers = new Map<string, Allocation>();
  readonly input: AllocatorInput;
  readonly #free: Map<string, readonly Resource[]>;
  readonly #whole: readonly Resource[];
  /** The same, summed up. */
  readonly #cluster: readonly Resource[];

  constructor(input: AllocatorInput) {
    this.input = input;
    this.#free = new Map(input.agents.map(({ id, free }) => [id, free]));
    this.#whole = input.agents.flatMap((agent) => agent.total);
    this.#cluster = add(this.#whole);
  }

  freeEverywhere(): Resource[] {
    return [...this.#free.values()].flat();
  }

  #allocations(): Allocation[] {
    return [...this.input.held, ...this.offers.values()];
  }

  #consumed(role: string): Quantities {
    return consumedBy(role, this.#whole, this.#allocations());
  }

  /** To the guarantee of exactly this role. */
  missing(role: string): Quantities {
    const guarantees = this.input.quotas.get(role)?.guarantees ?? {};
    return Object.keys(guarantees).length === 0 ? {} : beyond(guarantees, this.#consumed(role));
  }

  limitCaps(role: string): Quantities {
    const limited = lineage(role).filter((one) => Object.keys(this.input.quotas.get(one)?.limits ?? {}).length > 0);
    return limited
      .map((one) => beyond(this.input.quotas.get(one)?.limits ?? {}, this.#consumed(one)))
      .reduce(narrower, {});
  }

  offerAgent(agent: AllocatorAgent, caps: Caps): void {
    for (const candidate of ranked(this.input, this.#allocations(), this.#cluster)) {
      const most = this.input.quotas.size === 0 ? {} : caps(this, candidate.role);
      const offer = most && offerTo(candidate, agent, cutTo(this.#free.get(agent.id) ?? [], most));
      if (offer && !this.input.isFiltered(offer)) this.#give(offer);
    }
  }

  /** One offer for what a role is given of an agent, also when it is given in two portions. */
  #give(offer: Allocation): void {
    const key = `${offer.agentId}\n${offer.frameworkId}\n${offer.role}`;
    const resources = add(this.offers.get(key)?.resources ?? [], offer.resources);
    this.offers.set(key, { ...offer, resources });
    this.#free.set(offer.agentId, subtract(this.#free.get(offer.agentId) ?? [], offer.resources));
  }
}

function offerTo({ framework, role }: Candidate, agent: AllocatorAgent, free: readonly Resource[]): Allocation | null {
  if (agent.remote && !framework.regionAware) return null;
  if (!framework.takesGpus && scalar(agent.total, 'gpus') > 0) return null;
  const resources = free.filter((resource) => mayHave(framework, role, resource));
  const enough = scalar(resources, 'cpus') >= MINIMUM.cpus || scalar(resources, 'mem') >= MINIMUM.mem;
  return enough ? { agentId: agent.id, frameworkId: framework.id, role, resources } : null;
}

/** A role is offered what is reserved for it, or for a role above it, and what is not reserved. */
function mayHave(framework: AllocatorFramework, role: string, resource: Resource): boolean {
  if (resource.revocable && !framework.takesRevocable) return false;
  if (!framework.refines && reservationsOf(resource).length > 1) return false;
  const owner = reservationRole(resource);
  return owner === '*' || owner === role || role.startsWith(`${owner}/`);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

/**
 * Whether a refusal of `refused` hides an offer of `offered`: a filter hides subsets, so an agent that has more to
 * offer than was refused is seen again (src/master/allocator/mesos/hierarchical.cpp, RefusedOfferFilter).
 */
export function isCovered(refused: readonly Resource[], offered: readonly Resource[]): boolean {
  return contains(refused, offered);
}
