import lodash from 'lodash';
import * as ranges from './ranges.js';
import type { ReservationInfo, Resource } from './types.js';

/**
 * Arithmetic on Mesos resources. Scalars count in whole thousandths, as Mesos itself counts (Value::Scalar is fixed
 * point), so sums do not drift. Two resources are of one kind, and so may be added, if they agree in everything but
 * the amount: name, reservations (in either format), allocation, volume, provider, revocable, shared.
 */

/** A scalar in thousandths. */
export function toThousandths(value: number): number {
  return Math.round(value * 1000);
}

/** The reservations as a stack, whichever format the resource uses; empty if it is unreserved. */
export function reservationsOf(resource: Resource): ReservationInfo[] {
  if (resource.reservations && resource.reservations.length > 0) return resource.reservations;
  const role = resource.role ?? '*';
  if (role === '*') return [];
  return [resource.reservation ? { type: 'DYNAMIC', ...resource.reservation, role } : { type: 'STATIC', role }];
}

/** The role the resource is reserved for, `*` if for none. */
export function reservationRole(resource: Resource): string {
  return reservationsOf(resource).at(-1)?.role ?? '*';
}

/**
 * The resource in the format of RESERVATION_REFINEMENT (no `role`, no `reservation`).
 */
export function toRefinedFormat(resource: Resource): Resource {
  const reservations = reservationsOf(resource);
  const rest = lodash.omit(resource, 'role', 'reservation', 'reservations') as Resource;
  return reservations.length === 0 ? rest : { ...rest, reservations };
}

/**
 * The resource in the format for frameworks without RESERVATION_REFINEMENT (`role`, `reservation`).
 * @throws Error if its reservation is refined, which that format cannot express
 */
export function toUnrefinedFormat(resource: Resource): Resource {
  const [reservation, refinement] = reservationsOf(resource);
  if (refinement) {
    throw new Error(`resource '${resource.name}': a refined reservation needs the capability RESERVATION_REFINEMENT`);
  }
  const rest = lodash.omit(resource, 'role', 'reservation', 'reservations') as Resource;
  if (!reservation) return { ...rest, role: '*' };
  const role = reservation.role ?? '*';
  if (reservation.type !== 'DYNAMIC') return { ...rest, role };
  return { ...rest, role, reservation: lodash.omit(reservation, 'type', 'role') };
}

/** The resources as allocated to a role, which offers show and `unallocate` removes. */
export function allocate(resources: readonly Resource[], role: string): Resource[] {
  return resources.map((resource) => ({ ...resource, allocation_info: { role } }));
}

/** The resources without their allocation, as agents count them. */
export function unallocate(resources: readonly Resource[]): Resource[] {
  return resources.map((resource) => lodash.omit(resource, 'allocation_info') as Resource);
}

/** The sum. Every kind of resource appears once, in the format of its first occurrence. */
export function add(...lists: readonly (readonly Resource[])[]): Resource[] {
  const sum: Resource[] = [];
  for (const resource of lists.flat()) {
    const position = sum.findIndex((other) => isSameKind(other, resource));
    if (position < 0) sum.push(canonical(resource));
    else sum[position] = combined(sum[position] as Resource, resource, 'add');
  }
  return sum.filter((resource) => !isEmpty(resource));
}

/**
 * `resources` less `taken`.
 * @throws Error that names the resource if `resources` does not contain `taken`
 */
export function subtract(resources: readonly Resource[], taken: readonly Resource[]): Resource[] {
  const left = add(resources);
  for (const resource of add(taken)) {
    const position = left.findIndex((other) => isSameKind(other, resource));
    const source = left[position];
    if (!source || !holds(source, resource)) {
      throw new Error(`resource '${resource.name}': cannot take ${amountText(resource)} from ${amountText(source)}`);
    }
    left[position] = combined(source, resource, 'subtract');
  }
  return left.filter((resource) => !isEmpty(resource));
}

/** Whether `subtract(resources, part)` is possible. */
export function contains(resources: readonly Resource[], part: readonly Resource[]): boolean {
  const sum = add(resources);
  return add(part).every((resource) => sum.some((other) => isSameKind(other, resource) && holds(other, resource)));
}

/** Scalars in whole thousandths, ranges ascending and disjoint, sets without repetitions. */
function canonical(resource: Resource): Resource {
  if (resource.type === 'SCALAR')
    return { ...resource, scalar: { value: toThousandths(resource.scalar.value) / 1000 } };
  if (resource.type === 'RANGES') return { ...resource, ranges: { range: ranges.union(resource.ranges.range) } };
  return { ...resource, set: { item: lodash.uniq(resource.set.item) } };
}

/** They agree in everything but the amount. */
function isSameKind(a: Resource, b: Resource): boolean {
  return (
    a.name === b.name &&
    a.type === b.type &&
    (a.revocable === undefined) === (b.revocable === undefined) &&
    (a.shared === undefined) === (b.shared === undefined) &&
    lodash.isEqual(a.allocation_info, b.allocation_info) &&
    lodash.isEqual(a.disk, b.disk) &&
    lodash.isEqual(a.provider_id, b.provider_id) &&
    lodash.isEqual(reservationsOf(a), reservationsOf(b))
  );
}

function combined(a: Resource, b: Resource, operation: 'add' | 'subtract'): Resource {
  const sign = operation === 'add' ? 1 : -1;
  if (a.type === 'SCALAR' && b.type === 'SCALAR') {
    return {
      ...a,
      scalar: { value: (toThousandths(a.scalar.value) + sign * toThousandths(b.scalar.value)) / 1000 },
    };
  }
  if (a.type === 'RANGES' && b.type === 'RANGES') {
    const combine = operation === 'add' ? ranges.union : ranges.difference;
    return { ...a, ranges: { range: combine(a.ranges.range, b.ranges.range) } };
  }
  if (a.type === 'SET' && b.type === 'SET') {
    const combine = operation === 'add' ? lodash.union : lodash.difference;
    return { ...a, set: { item: combine(a.set.item, b.set.item) } };
  }
  throw new Error(`resource '${a.name}': ${a.type} and ${b.type} do not combine; one name has one type`);
}

function holds(a: Resource, b: Resource): boolean {
  if (a.type === 'SCALAR' && b.type === 'SCALAR') return toThousandths(a.scalar.value) >= toThousandths(b.scalar.value);
  if (a.type === 'RANGES' && b.type === 'RANGES') return ranges.includes(a.ranges.range, b.ranges.range);
  if (a.type === 'SET' && b.type === 'SET') return lodash.difference(b.set.item, a.set.item).length === 0;
  return false;
}

function isEmpty(resource: Resource): boolean {
  if (resource.type === 'SCALAR') return toThousandths(resource.scalar.value) === 0;
  return resource.type === 'RANGES' ? resource.ranges.range.length === 0 : resource.set.item.length === 0;
}

/** The amount as in the agents' flags: `4`, `[31000-31100]`, `{a,b}`. */
export function amountText(resource: Resource | undefined): string {
  if (!resource) return 'nothing';
  if (resource.type === 'SCALAR') return String(toThousandths(resource.scalar.value) / 1000);
  if (resource.type === 'SET') return `{${resource.set.item.join(',')}}`;
  return `[${resource.ranges.range.map(({ begin, end }) => `${begin}-${end}`).join(',')}]`;
}
