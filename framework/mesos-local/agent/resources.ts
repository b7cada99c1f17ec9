import {
  converted,
  diskBelow,
  isVolume,
  namedBy,
  type ResourceOperation,
  unreserved,
} from '../../mesos-http-client/operations.js';
import { add, contains, reservationsOf, subtract, toRefinedFormat } from '../../mesos-http-client/resources.js';
import type { Resource } from '../../mesos-http-client/types.js';
import { resourcesText } from '../master/resource-words.js';
import type { Step } from './state.js';

/** What of the agent's resources is reserved at run time, and the persistent volumes on them. */

/** An operation of the master, which has checked it against the same resources. */
export function applyOperation(step: Step, operation: ResourceOperation): void {
  const { state } = step;
  state.info = { ...state.info, resources: converted((state.info.resources ?? []).map(toRefinedFormat), operation) };
  const type = operation.type === 'CREATE' ? 'makeVolume' : operation.type === 'DESTROY' ? 'removeVolume' : null;
  if (type !== null) for (const volume of namedBy(operation)) step.actions.push({ type, volume });
}

/**
 * The resources of the flags with the reservations and volumes of an earlier life on them.
 * @throws Error if the flags give less than is reserved
 */
export function withReservations(given: readonly Resource[], earlier: readonly Resource[]): Resource[] {
  const changed = earlier.filter((resource) => isVolume(resource) || isDynamic(resource));
  const needed = changed.map(asGiven);
  const total = given.map(toRefinedFormat);
  if (!contains(total, needed))
    throw new Error(
      `--resources ${resourcesText(given)} is less than what is reserved here, ${resourcesText(changed)}; ` +
        'give at least that, or --no-recover to register as a new agent',
    );
  return add(subtract(total, needed), changed);
}

const isDynamic = (resource: Resource) => reservationsOf(resource).at(-1)?.type === 'DYNAMIC';

/** As it was before any operation. */
function asGiven(resource: Resource): Resource {
  let bare = isVolume(resource) ? diskBelow(resource) : resource;
  while (isDynamic(bare)) bare = unreserved(bare);
  return bare;
}
