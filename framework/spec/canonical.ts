import _ from 'lodash';
import type { AppSpec, Residency } from '../app.js';

/**
 * An app as Marathon's API shows it: constraints and preferences as rows, optional fields left out when unset, and so are the lists
 * that Marathon leaves out when empty. `parse` of the result gives the same app again.
 */
export function toJson(spec: AppSpec): Record<string, unknown> {
  // Records of earlier versions have none of preferences, affinity, priority and container.
  const {
    constraints,
    preferences = [],
    affinity = [],
    priority = 0,
    args,
    fetch,
    dependencies,
    portDefinitions,
    replication,
    container = null,
    residency,
    healthChecks = [],
    readinessChecks = [],
    version,
    versionInfo,
    ...plain
  } = spec;
  return {
    ..._.omitBy(plain, _.isNull),
    ...(args === null ? {} : { args }),
    ...nonEmpty('constraints', constraints.map(rowOf)),
    ...nonEmpty('preferences', preferences.map(rowOf)),
    ...nonEmpty('affinity', affinity),
    ...(priority === 0 ? {} : { priority }),
    ...nonEmpty(
      'fetch',
      fetch.map((one) => _.omitBy(one, _.isNull)),
    ),
    ...nonEmpty('dependencies', dependencies),
    ...nonEmpty('healthChecks', healthChecks),
    ...nonEmpty('readinessChecks', readinessChecks),
    executor: '',
    networks: [{ mode: 'host' }],
    portDefinitions: portDefinitions.map((one) => _.omitBy(one, _.isNull)),
    ...(replication === null ? {} : { replication }),
    ...(container === null ? {} : { container }),
    ...(residency === undefined ? {} : residentFields(residency, container)),
    version,
    versionInfo,
  };
}

function residentFields({ volumes, ...whenLost }: Residency, guest: AppSpec['container']): Record<string, unknown> {
  const persistent = volumes.map(({ containerPath, sizeMb }) => ({
    containerPath,
    mode: 'RW',
    persistent: { type: 'root', size: sizeMb },
  }));
  return { container: { ...(guest ?? { type: 'MESOS' }), volumes: persistent }, residency: whenLost };
}

function rowOf({ field, operator, value }: AppSpec['constraints'][number]): string[] {
  return value === null ? [field, operator] : [field, operator, value];
}

function nonEmpty(name: string, list: unknown[]): Record<string, unknown> {
  return list.length === 0 ? {} : { [name]: list };
}
