/** What agents offered last, as far as it is remembered: for those who ask why an app waits. */
import type { Resources } from '../../placement/types.js';
import type { OfferView } from '../service.js';
import { type Context, isoTime } from './context.js';

/** Of these agents; those that are not known any more are left out. */
export function lastOffers({ memory, options }: Context, agentIds: Iterable<string>): OfferView[] {
  return [...agentIds].flatMap((agentId) => {
    const known = memory.agents.get(agentId);
    if (!known) return [];
    const { snapshot, offerId, offeredMs } = known;
    const { hostname, attributes, free, portions = [] } = snapshot;
    const parts = portions.map(({ resources, reservedFor, keptFor }) => {
      return { role: reservedFor?.at(-1) ?? (keptFor === undefined ? '*' : options.role), resources };
    });
    const resources = [{ role: '*', resources: free }, ...parts].flatMap(rowsOf);
    return [{ id: offerId, agentId, hostname, attributes, resources, at: isoTime(offeredMs) }];
  });
}

function rowsOf({ role, resources }: { role: string; resources: Resources }): OfferView['resources'] {
  const { cpus, mem, disk, gpus, ports, scalars = {}, sets = {} } = resources;
  const present = Object.entries({ cpus, mem, disk, gpus, ...scalars }).filter(([, scalar]) => scalar > 0);
  return [
    ...present.map(([name, scalar]) => ({ name, role, scalar })),
    ...(ports.length > 0 ? [{ name: 'ports', role, ranges: ports }] : []),
    ...Object.entries(sets).map(([name, set]) => ({ name, role, set })),
  ];
}
