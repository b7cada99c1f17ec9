import lodash from 'lodash';
import { toThousandths } from '../../mesos-http-client/resources.js';
import type { Resource } from '../../mesos-http-client/types.js';
import type { Allocation, AllocatorFramework } from './allocator.js';
import { isWithin, lineage } from './quota.js';

/** Whose turn it is: dominant resource fairness down the tree of roles (src/master/allocator/mesos/sorter/drf). Pure. */

export interface Candidate {
  framework: AllocatorFramework;
  role: string;
}

export interface RankingInput {
  frameworks: readonly AllocatorFramework[];
  /** How often the framework has been given an offer for the role. */
  timesChosen(frameworkId: string, role: string): number;
  /** A role with twice the weight of another has a claim to twice as much. */
  weightOf(role: string): number;
}

type Key = (number | string)[];

/**
 * On each level of the tree the role with the lowest dominant share by its weight goes first, in it the framework with the
 * lowest; where shares are equal, who was chosen less often, then the name decides.
 */
export function ranked(
  input: RankingInput,
  allocations: readonly Allocation[],
  cluster: readonly Resource[],
): Candidate[] {
  const candidates = input.frameworks.flatMap((framework) => framework.roles.map((role) => ({ framework, role })));
  const roles = lodash.uniq(candidates.map(({ role }) => role));
  const keyOfNode = lodash.memoize((node: string): Key => nodeKey(node, input, candidates, allocations, cluster));
  const keyed = candidates.map((candidate) => {
    const { framework, role } = candidate;
    const own = allocations.filter((one) => one.role === role && one.frameworkId === framework.id);
    const times = input.timesChosen(framework.id, role);
    const path = pathOf(role, roles).flatMap(keyOfNode);
    return { candidate, key: [...path, dominantShare(own, cluster), times, framework.id] };
  });
  keyed.sort((a, b) => compareKeys(a.key, b.key));
  return keyed.map(({ candidate }) => candidate);
}

/** Frameworks of a role that has roles below it compete with these, as if they were in one of them. */
const OWN = '/.';

function pathOf(role: string, roles: readonly string[]): string[] {
  const isInner = roles.some((other) => other !== role && isWithin(other, role));
  return isInner ? [...lineage(role), `${role}${OWN}`] : lineage(role);
}

function nodeKey(
  node: string,
  input: RankingInput,
  candidates: readonly Candidate[],
  allocations: readonly Allocation[],
  cluster: readonly Resource[],
): Key {
  const isOwn = node.endsWith(OWN);
  const isOf = (role: string) => (isOwn ? role === node.slice(0, -OWN.length) : isWithin(role, node));
  const share = dominantShare(
    allocations.filter(({ role }) => isOf(role)),
    cluster,
  );
  const times = lodash.sumBy(candidates, ({ framework, role }) =>
    isOf(role) ? input.timesChosen(framework.id, role) : 0,
  );
  return [share / (isOwn ? 1 : input.weightOf(node)), times, node];
}

function compareKeys(a: Readonly<Key>, b: Readonly<Key>): number {
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

/** The sum of the scalars of that name. */
export function scalar(resources: readonly Resource[], name: string): number {
  const amounts = resources.map((r) => (r.name === name && r.type === 'SCALAR' ? toThousandths(r.scalar.value) : 0));
  return amounts.reduce((sum, amount) => sum + amount, 0) / 1000;
}
