import lodash from 'lodash';
import {
  add,
  contains,
  reservationRole,
  reservationsOf,
  subtract,
  toThousandths,
} from '../../mesos-http-client/resources.js';
import type { Resource } from '../../mesos-http-client/types.js';

/**
 * Who is offered what: Mesos' hierarchical allocator in small. Agents in random order; on each the role with the
 * lowest dominant share, in it the framework with the lowest, gets all that is free for it (coarse, one offer).
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

export interface AllocatorInput {
  agents: readonly AllocatorAgent[];
  frameworks: readonly AllocatorFramework[];
  held: readonly Allocation[];
  /** How often the framework has been given an offer for the role. */
  timesChosen(frameworkId: string, role: string): number;
  /** Whether a filter of the framework hides this offer. */
  isFiltered(offer: Allocation): boolean;
  /** Returns a number in [0, 1). */
  random(): number;
}

/** An offer needs one of these (Mesos' default `min_allocatable_resources`). */
const MINIMUM = { cpus: 0.01, mem: 32 };

/** The offers to make now. They are exclusive: together with what is held they never exceed an agent's resources. */
export function allocate(input: AllocatorInput): Allocation[] {
  const offers: Allocation[] = [];
  const cluster = add(...input.agents.map((agent) => agent.total));
  for (const agent of shuffled(input.agents, input.random)) {
    let free = agent.free;
    for (const candidate of ranked(input, [...input.held, ...offers], cluster)) {
      const offer = offerTo(candidate, agent, free);
      if (!offer || input.isFiltered(offer)) continue;
      offers.push(offer);
      free = subtract(free, offer.resources);
    }
  }
  return offers;
}

interface Candidate {
  framework: AllocatorFramework;
  role: string;
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

/**
 * Candidates by dominant share of the role, then of the framework in it; where shares are equal, who was chosen less
 * often comes first, then the name decides (src/master/allocator/mesos/sorter/drf).
 */
function ranked(input: AllocatorInput, allocations: Allocation[], cluster: readonly Resource[]): Candidate[] {
  const candidates = input.frameworks.flatMap((framework) => framework.roles.map((role) => ({ framework, role })));
  const times = ({ framework, role }: Candidate) => input.timesChosen(framework.id, role);
  const keyed = candidates.map((candidate) => {
    const { role, framework } = candidate;
    const inRole = allocations.filter((allocation) => allocation.role === role);
    const own = inRole.filter((allocation) => allocation.frameworkId === framework.id);
    const timesOfRole = lodash.sumBy(
      candidates.filter((other) => other.role === role),
      times,
    );
    const key = [dominantShare(inRole, cluster), timesOfRole, role, dominantShare(own, cluster), times(candidate)];
    return { candidate, key: [...key, framework.id] };
  });
  keyed.sort((a, b) => compareKeys(a.key, b.key));
  return keyed.map(({ candidate }) => candidate);
}

function compareKeys(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  if (at === -1) return 0;
  return (a[at] as number) < (b[at] as number) ? -1 : 1;
}

function dominantShare(allocations: readonly Allocation[], cluster: readonly Resource[]): number {
  const shares = cluster.map((whole) => {
    if (whole.type !== 'SCALAR') return 0;
    const part = allocations.reduce((sum, { resources }) => sum + scalar(resources, whole.name), 0);
    return part / whole.scalar.value;
  });
  return Math.max(0, ...shares);
}

function scalar(resources: readonly Resource[], name: string): number {
  const amounts = resources.map((r) => (r.name === name && r.type === 'SCALAR' ? toThousandths(r.scalar.value) : 0));
  return amounts.reduce((sum, amount) => sum + amount, 0) / 1000;
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
