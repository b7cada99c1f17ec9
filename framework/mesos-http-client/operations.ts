import lodash from 'lodash';
import type { OfferOperation } from './calls.js';
import { add, reservationsOf, subtract, toRefinedFormat } from './resources.js';
import type { ReservationInfo, Resource, Volume } from './types.js';

/** What offer operations make of resources: reservations are put on and taken off, persistent volumes made and destroyed. */

/** The operations that change resources; all but the launches. */
export type ResourceOperation = Extract<OfferOperation, { type: 'RESERVE' | 'UNRESERVE' | 'CREATE' | 'DESTROY' }>;

export function isResourceOperation(operation: OfferOperation): operation is ResourceOperation {
  return ['RESERVE', 'UNRESERVE', 'CREATE', 'DESTROY'].includes(operation.type);
}

/** The resources an operation names: with RESERVE and CREATE what is to be, with the others what is. */
export function namedBy(operation: ResourceOperation): Resource[] {
  switch (operation.type) {
    case 'RESERVE':
      return operation.reserve.resources;
    case 'UNRESERVE':
      return operation.unreserve.resources;
    case 'CREATE':
      return operation.create.volumes;
    case 'DESTROY':
      return operation.destroy.volumes;
  }
}

/** With one more reservation on the stack, in the format of RESERVATION_REFINEMENT. */
export function reserved(resource: Resource, reservation: ReservationInfo): Resource {
  const refined = toRefinedFormat(resource);
  return { ...refined, reservations: [...reservationsOf(resource), reservation] };
}

/** Without the reservation that is in force; the one below it is then. */
export function unreserved(resource: Resource): Resource {
  const { reservations: _, ...rest } = toRefinedFormat(resource);
  const below = reservationsOf(resource).slice(0, -1);
  return (below.length === 0 ? rest : { ...rest, reservations: below }) as Resource;
}

export const isVolume = (resource: Resource): boolean => resource.disk?.persistence !== undefined;

/** A persistent volume of this size on reserved disk. `id` is unique for its role on the agent. */
export function volumeOn(
  disk: Resource,
  sizeMb: number,
  id: string,
  principal: string | null,
  volume: Volume,
): Resource {
  const persistence = { id, ...(principal !== null && { principal }) };
  return { ...disk, type: 'SCALAR', scalar: { value: sizeMb }, disk: { ...disk.disk, persistence, volume } };
}

/** The disk that a persistent volume lies on. */
export function diskBelow(volume: Resource): Resource {
  const source = volume.disk?.source;
  const { disk: _, ...rest } = volume;
  return (source ? { ...rest, disk: { source } } : rest) as Resource;
}

/** One resource before and after the operation. */
export function conversionOf(type: ResourceOperation['type'], named: Resource): { from: Resource; to: Resource } {
  switch (type) {
    case 'RESERVE':
      return { from: unreserved(named), to: named };
    case 'UNRESERVE':
      return { from: named, to: unreserved(named) };
    case 'CREATE':
      return { from: diskBelow(named), to: named };
    case 'DESTROY':
      return { from: named, to: diskBelow(named) };
  }
}

/**
 * The resources after the operation.
 * @throws Error that names the resource if they do not contain what it changes
 */
export function converted(resources: readonly Resource[], operation: ResourceOperation): Resource[] {
  const pairs = namedBy(operation).map((named) => conversionOf(operation.type, named));
  return pairs.reduce<Resource[]>((left, { from, to }) => add(subtract(left, [from]), [to]), [...resources]);
}

/** The labels of the reservation in force, by key. */
export function labelsOf(resource: Resource): Record<string, string> {
  const labels = reservationsOf(resource).at(-1)?.labels?.labels ?? [];
  return lodash.mapValues(lodash.keyBy(labels, 'key'), ({ value }) => value ?? '');
}
