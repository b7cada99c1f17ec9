import {
  conversionOf,
  converted,
  isVolume,
  namedBy,
  type ResourceOperation,
} from '../../mesos-http-client/operations.js';
import { allocate, contains, reservationsOf, toRefinedFormat, unallocate } from '../../mesos-http-client/resources.js';
import type { Resource } from '../../mesos-http-client/types.js';
import { tellFailure, tellSuccess } from './operation-statuses.js';
import { resourcesText, resourceText } from './resource-words.js';
import { type Agent, type Framework, type Step, sendToAgent } from './state.js';

/** RESERVE, UNRESERVE, CREATE and DESTROY: checked, applied at once, and handed to the agent, which keeps the result. */

/** @returns what the operation left of `available`, allocated; the same when it was refused */
export function carryOut(
  step: Step,
  framework: Framework,
  agent: Agent,
  role: string,
  given: ResourceOperation,
  available: Resource[],
): Resource[] {
  const operation = completed(given, role);
  const error = operationError(framework, agent, role, operation, available);
  if (error !== null) {
    tellFailure(step, framework, given, error);
    return available;
  }
  const left = converted(available, operation);
  agent.info = { ...agent.info, resources: converted(agent.info.resources ?? [], withNames(operation, unallocate)) };
  sendToAgent(step, agent, { type: 'applyOperation', operation: withNames(operation, unallocate) });
  tellSuccess(step, framework, operation, agent);
  return left;
}

/** With the allocation filled in, in the refined format. */
function completed(operation: ResourceOperation, role: string): ResourceOperation {
  return withNames(operation, (resources) =>
    resources.map(toRefinedFormat).flatMap((one) => (one.allocation_info ? [one] : allocate([one], role))),
  );
}

function withNames(operation: ResourceOperation, change: (resources: Resource[]) => Resource[]): ResourceOperation {
  switch (operation.type) {
    case 'RESERVE':
      return { ...operation, reserve: { ...operation.reserve, resources: change(operation.reserve.resources) } };
    case 'UNRESERVE':
      return { ...operation, unreserve: { resources: change(operation.unreserve.resources) } };
    case 'CREATE':
      return { ...operation, create: { volumes: change(operation.create.volumes) } };
    case 'DESTROY':
      return { ...operation, destroy: { volumes: change(operation.destroy.volumes) } };
  }
}

function operationError(
  framework: Framework,
  agent: Agent,
  role: string,
  operation: ResourceOperation,
  available: readonly Resource[],
): string | null {
  const named = namedBy(operation);
  if (operation.type === 'RESERVE' && operation.reserve.source && operation.reserve.source.length > 0) {
    const words = 'Reservation updates are not yet implemented for the scheduler API.';
    return `Operation attempted with invalid resources: ${words}`;
  }
  const error =
    operation.type === 'RESERVE' || operation.type === 'UNRESERVE' ? dynamicError(named) : volumesError(named);
  if (error) return error;
  const refused = operation.type === 'RESERVE' ? reserveError(framework, role, named) : null;
  if (refused) return `${refused}; on agent ${agentText(agent)}`;
  const known = operation.type === 'CREATE' ? knownVolume(agent, named) : null;
  return known ?? containsError(operation, available);
}

function agentText({ id, ip, info }: Agent): string {
  return `${id} at slave(1)@${ip}:${info.port} (${info.hostname})`;
}

function dynamicError(named: readonly Resource[]): string | null {
  const wrong = named.find((resource) => reservationsOf(resource).at(-1)?.type !== 'DYNAMIC');
  if (wrong) return `Resource ${resourceText(wrong)} is not dynamically reserved`;
  const volume = named.find(isVolume);
  return volume
    ? `A persistent volume ${resourceText(volume)} cannot be reserved or unreserved; destroy it first`
    : null;
}

/** Of src/master/validation.cpp, in its words (observed 29). */
function reserveError({ info }: Framework, role: string, named: readonly Resource[]): string | null {
  for (const resource of named) {
    const reservation = reservationsOf(resource).at(-1);
    if (reservation?.role !== role)
      return `A reserve operation was attempted for a resource with role '${reservation?.role}', but the resource was allocated to role '${role}'`;
    if (info.principal === undefined || reservation.principal === info.principal) continue;
    const start = `A reserve operation was attempted by authenticated principal '${info.principal}', which does not match`;
    return reservation.principal === undefined
      ? `${start} a reserved resource in the request with no principal set`
      : `${start} a reserved resource in the request with principal '${reservation.principal}'`;
  }
  return null;
}

function volumesError(named: readonly Resource[]): string | null {
  const other = named.find((resource) => resource.name !== 'disk' || !isVolume(resource));
  if (other) return `Resource ${resourceText(other)} is not a persistent volume`;
  const open = named.find((resource) => reservationsOf(resource).length === 0);
  return open ? `Persistent volume ${resourceText(open)} cannot be created from unreserved resources` : null;
}

function knownVolume({ info }: Agent, named: readonly Resource[]): string | null {
  const key = (resource: Resource) => `${reservationsOf(resource).at(-1)?.role}\n${resource.disk?.persistence?.id}`;
  const known = new Set((info.resources ?? []).filter(isVolume).map(key));
  const twice = named.find((resource) => known.size === known.add(key(resource)).size);
  return twice ? `Persistence ID '${twice.disk?.persistence?.id}' already exists on the agent` : null;
}

function containsError(operation: ResourceOperation, available: readonly Resource[]): string | null {
  for (const named of namedBy(operation)) {
    const { from } = conversionOf(operation.type, named);
    if (!contains(available, [from])) return `${resourcesText(available)} does not contain ${resourceText(from)}`;
  }
  return null;
}
