/** Whose the parts of an offer are: free for all, reserved for a role, kept for an instance of ours, revocable, or others'. */
import lodash from 'lodash';
import type { AgentSnapshot, Portion } from '../../placement/types.js';
import { isVolume, labelsOf, type Resource, reservationsOf, toPlain } from '../mesos-http-client/index.js';

/** Keys of the labels of our reservations. */
export const labelKeys = { framework: 'gaia_framework_id', app: 'gaia_app_id', instance: 'gaia_instance_id' } as const;

/** The instance that the resource is kept for; null: for none of this framework's. */
export function instanceOf(resource: Resource, frameworkId: string | null): string | null {
  const labels = labelsOf(resource);
  return labels[labelKeys.framework] === frameworkId ? (labels[labelKeys.instance] ?? null) : null;
}

/** Labels say that a reservation is meant for somebody; a volume is somebody's data. */
const isMeantForSomebody = (resource: Resource) => isVolume(resource) || Object.keys(labelsOf(resource)).length > 0;

/** What tasks may be put on, revocable or not, that nobody else is meant to have. */
export const unmeant = (resources: readonly Resource[]): Resource[] =>
  resources.filter((resource) => !resource.disk && !isMeantForSomebody(resource));

const ordinary = (resources: readonly Resource[]) => unmeant(resources).filter(({ revocable }) => !revocable);

/** What is kept for this instance, its volumes included. */
export const keptFor = (resources: readonly Resource[], instance: string, frameworkId: string | null): Resource[] =>
  resources.filter((resource) => instanceOf(resource, frameworkId) === instance);

/** What of an agent is for whom. */
export type Split = Required<Pick<AgentSnapshot, 'free' | 'total' | 'portions'>>;

const isForAll = (resource: Resource) => !resource.disk && !resource.revocable && reservationsOf(resource).length === 0;

/** One agent's resources as placement sees them. Those of most agents are for all, and each offer is looked at so. */
export function splitOf(resources: readonly Resource[], frameworkId: string | null): Split {
  if (resources.every(isForAll)) return { ...freeAlone(resources), portions: [] };
  const [free, aside] = lodash.partition(ordinary(resources), (resource) => reservationsOf(resource).length === 0);
  const kept = resources.filter((resource) => instanceOf(resource, frameworkId) !== null);
  const revocable = resources.filter((resource) => resource.revocable && !isMeantForSomebody(resource));
  const portions = [
    ...portionsOf(aside, reservedFor, (roles) => ({ reservedFor: roles.split(' ') })),
    ...portionsOf(
      kept,
      (resource) => instanceOf(resource, frameworkId) ?? '',
      (name) => ({ keptFor: name }),
    ),
    ...portionsOf(revocable, reservedFor, (roles) => ({
      revocable: true,
      ...(roles && { reservedFor: roles.split(' ') }),
    })),
  ];
  return { ...freeAlone(free), portions };
}

function freeAlone(resources: readonly Resource[]): Pick<Split, 'free' | 'total'> {
  const plain = toPlain(resources);
  return { free: plain, total: plain };
}

const reservedFor = (resource: Resource) =>
  reservationsOf(resource)
    .map(({ role }) => role)
    .join(' ');

function portionsOf(
  resources: Resource[],
  keyOf: (resource: Resource) => string,
  about: (key: string) => Omit<Portion, 'resources'>,
): Portion[] {
  return Object.entries(lodash.groupBy(resources, keyOf)).map(([key, part]) => ({
    ...about(key),
    resources: toPlain(part),
  }));
}
