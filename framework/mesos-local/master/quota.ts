import lodash from 'lodash';
import { reservationRole, toThousandths } from '../../mesos-http-client/resources.js';
import type { Resource } from '../../mesos-http-client/types.js';
import type { Allocation } from './allocator.js';

/** Amounts of roles, and what their quotas leave (docs/quota.md of Apache Mesos; hierarchical.cpp). Pure. */

/** By name, in thousandths, so that sums do not drift. */
export type Quantities = Readonly<Record<string, number>>;

export interface Quota {
  /** Kept for the role, also from those that would be offered it first. */
  guarantees: Quantities;
  /** Never more than this; a name that is left out has no limit. */
  limits: Quantities;
}

export const NO_QUOTA: Quota = { guarantees: {}, limits: {} };

/** Amounts of scalars; of ports how many there are. */
export function quantitiesOf(resources: readonly Resource[]): Quantities {
  return total(resources.map((resource) => ({ [resource.name]: toThousandths(amountOf(resource)) })));
}

function amountOf(resource: Resource): number {
  if (resource.type === 'SCALAR') return resource.scalar.value;
  if (resource.type === 'SET') return resource.set.item.length;
  return lodash.sumBy(resource.ranges.range, ({ begin, end }) => end - begin + 1);
}

export function total(all: readonly Quantities[]): Quantities {
  const sum: Record<string, number> = {};
  for (const one of all) for (const [name, amount] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + amount;
  return sum;
}

/** What `whole` has beyond `part`, by the names of `whole`; never less than nothing. */
export function beyond(whole: Quantities, part: Quantities): Quantities {
  return lodash.mapValues(whole, (amount, name) => Math.max(0, amount - (part[name] ?? 0)));
}

/** Names of `part` that `whole` does not name have no bound. */
export function exceeds(part: Quantities, whole: Quantities): boolean {
  return Object.entries(part).some(([name, amount]) => amount > (whole[name] ?? Number.POSITIVE_INFINITY));
}

export function isWithin(role: string, ancestor: string): boolean {
  return role === ancestor || role.startsWith(`${ancestor}/`);
}

/** `a`, `a/b`, `a/b/c` */
export function lineage(role: string): string[] {
  const names = role.split('/');
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

/** Those of the roles that lie below no other of them. */
export function topmost(roles: readonly string[]): string[] {
  return roles.filter((role) => !roles.some((up) => up !== role && isWithin(role, up)));
}

/**
 * What counts against a role's quota: what is allocated to it and below, and what is reserved there, allocated or not.
 * @param whole what all agents have
 */
export function consumedBy(role: string, whole: readonly Resource[], allocations: readonly Allocation[]): Quantities {
  const reserved = whole.filter((one) => isWithin(reservationRole(one), role));
  const allocated = allocations.filter((one) => isWithin(one.role, role)).flatMap(({ resources }) => resources);
  return quantitiesOf([...reserved, ...allocated.filter((one) => reservationRole(one) === '*')]);
}

/** Cuts what is not reserved down to these amounts; what they do not name stays whole. */
export function cutTo(resources: readonly Resource[], caps: Quantities): Resource[] {
  const left: Record<string, number> = { ...caps };
  return resources.flatMap((resource): Resource[] => {
    const cap = left[resource.name];
    if (cap === undefined || resource.type !== 'SCALAR' || reservationRole(resource) !== '*') return [resource];
    const amount = Math.min(cap, toThousandths(resource.scalar.value));
    left[resource.name] = cap - amount;
    return amount > 0 ? [{ ...resource, scalar: { value: amount / 1000 } }] : [];
  });
}

/** The smaller bound of each name. */
export function narrower(one: Quantities, other: Quantities): Quantities {
  return lodash.mergeWith({ ...one }, other, (a: number | undefined, b: number) => Math.min(a ?? b, b));
}
