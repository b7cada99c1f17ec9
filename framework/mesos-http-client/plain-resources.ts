import lodash from 'lodash';
import * as ranges from './ranges.js';
import { add, reservationRole, toThousandths } from './resources.js';
import type { Range, Resource } from './types.js';

/** The resources schedulers reckon with, without roles and volumes. */
export interface PlainResources {
  cpus: number;
  /** MB */
  mem: number;
  /** MB */
  disk: number;
  gpus: number;
  /** Canonical: ascending, disjoint, not adjacent. */
  ports: Range[];
}

const SCALARS = ['cpus', 'mem', 'disk', 'gpus'] as const;

/** What the resources come to, whoever they are reserved for; filter before if that matters. */
export function toPlain(resources: readonly Resource[]): PlainResources {
  const thousandths = { cpus: 0, mem: 0, disk: 0, gpus: 0 };
  for (const resource of resources) {
    const name = SCALARS.find((scalar) => scalar === resource.name);
    if (name && resource.type === 'SCALAR') thousandths[name] += toThousandths(resource.scalar.value);
  }
  const { cpus, mem, disk, gpus } = thousandths;
  return { cpus: cpus / 1000, mem: mem / 1000, disk: disk / 1000, gpus: gpus / 1000, ports: portsOf(resources) };
}

function portsOf(resources: readonly Resource[]): Range[] {
  return ranges.union(...resources.map((r) => (r.name === 'ports' && r.type === 'RANGES' ? r.ranges.range : [])));
}

/** Unreserved resources; amounts of zero are left out, as Mesos wants. */
export function fromPlain(plain: PlainResources): Resource[] {
  const scalars: Resource[] = SCALARS.map((name) => ({ name, type: 'SCALAR', scalar: { value: plain[name] } }));
  return add([...scalars, { name: 'ports', type: 'RANGES', ranges: { range: ranges.union(plain.ports) } }]);
}

/**
 * The part of `offered` that covers `demand`, as a task must name it: with the reservations and allocation the offer
 * shows. Takes what is reserved for a role before what anybody may use. Volumes are left alone.
 * @param revocable of scalars takes what may be revoked, where that covers the demand: Mesos wants no mixture. False: it is left alone
 * @returns null if `offered` does not cover `demand`
 */
export function take(offered: readonly Resource[], demand: PlainResources, revocable = false): Resource[] | null {
  const usable = offered
    .filter((resource) => !resource.disk)
    .sort((a, b) => Number(reservationRole(a) === '*') - Number(reservationRole(b) === '*'));
  const [mayGo, stays] = lodash.partition(usable, (resource) => resource.revocable !== undefined);
  const taken: Resource[] = [];
  for (const name of SCALARS) {
    const asked = toThousandths(demand[name]);
    const part = (revocable && takeScalar(mayGo, name, asked)) || takeScalar(stays, name, asked);
    if (!part) return null;
    taken.push(...part);
  }
  const ports = takePorts(stays, ranges.union(demand.ports));
  return ports && add([...taken, ...ports]);
}

function takeScalar(usable: readonly Resource[], name: string, thousandths: number): Resource[] | null {
  const taken: Resource[] = [];
  let missing = thousandths;
  for (const resource of usable) {
    if (resource.name !== name || resource.type !== 'SCALAR') continue;
    const part = Math.min(missing, toThousandths(resource.scalar.value));
    taken.push({ ...resource, scalar: { value: part / 1000 } });
    missing -= part;
  }
  return missing === 0 ? taken : null;
}

function takePorts(usable: readonly Resource[], wanted: Range[]): Resource[] | null {
  const taken: Resource[] = [];
  let missing = wanted;
  for (const resource of usable) {
    if (resource.name !== 'ports' || resource.type !== 'RANGES') continue;
    taken.push({ ...resource, ranges: { range: ranges.intersection(missing, resource.ranges.range) } });
    missing = ranges.difference(missing, resource.ranges.range);
  }
  return missing.length === 0 ? taken : null;
}
