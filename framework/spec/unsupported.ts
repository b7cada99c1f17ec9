import _ from 'lodash';
import { show } from './problems.js';
import type { Reader } from './reader.js';

/**
 * Fields of Marathon that change what runs and that this version cannot honour, with what to do instead. Asking for
 * nothing (`[]`, `{}`, false, the default) is no request and passes; anything else is refused rather than ignored.
 */
const UNSUPPORTED: Record<string, { harmless?: unknown[]; remedy: string }> = {
  networks: { harmless: [[{ mode: 'host' }]], remedy: 'use [{"mode": "host"}] and portDefinitions' },
  ipAddress: { remedy: 'use portDefinitions' },
  executor: { harmless: ['//cmd'], remedy: 'leave it out' },
  executorResources: { remedy: 'include the overhead in cpus and mem' },
  resourceLimits: { remedy: 'give the limit in cpus and mem' },
  role: { harmless: ['*'], remedy: 'leave it out' },
  tty: { remedy: 'remove it' },
};

/** Adds a problem for every field that asks for something this version does not do. */
export function refuseUnsupported(reader: Reader): void {
  for (const [name, { harmless = [], remedy }] of Object.entries(UNSUPPORTED)) {
    const value = reader.raw(name);
    const asksForNothing = value === false || (_.isEmpty(value) && typeof value !== 'number' && value !== true);
    if (asksForNothing || harmless.some((one) => _.isEqual(one, value))) continue;
    const sentence = `${name} ${show(value)} is not supported by this version: ${remedy}`;
    reader.problems.add('rule', reader.pathOf(name), sentence);
  }
}

const READ_ONLY = [
  ...['version', 'versionInfo', 'tasksStaged', 'tasksRunning', 'tasksHealthy', 'tasksUnhealthy', 'deployments'],
  ...['readinessCheckResults', 'tasks', 'lastTaskFailure', 'taskStats', 'tasksStats', 'group', 'story'],
];

/** Fields of our own answers: a user may send back what GET gave, and they are not reported as ignored. */
export function acceptReadOnly(reader: Reader): void {
  for (const name of READ_ONLY) reader.raw(name);
}
