import _ from 'lodash';
import { show } from './problems.js';
import type { Reader } from './reader.js';

interface Unsupported {
  /** Values that ask for no more than there is. */
  harmless?: unknown[];
  remedy: string;
}

/**
 * Fields of Marathon that change what runs and that this version cannot honour, with what to do instead. Asking for
 * nothing (`[]`, `{}`, false, the default) is no request and passes; anything else is refused rather than ignored.
 * docs/marathon-fields.md lists them for users.
 */
const UNSUPPORTED: Record<string, Unsupported> = {
  networks: {
    harmless: [[{ mode: 'host' }]],
    remedy: 'tasks have the network of their agent; use [{"mode": "host"}] and portDefinitions',
  },
  ipAddress: { remedy: 'tasks have the address of their agent; use portDefinitions' },
  executor: { harmless: ['//cmd'], remedy: "a program is run by GAIA's executor; leave it out and give cmd or args" },
  executorResources: { remedy: 'the executor shares what its task has; include it in cpus, mem and disk' },
  tty: { remedy: 'a task has no terminal; remove it' },
};

/** Adds a problem for every field that asks for something this version does not do. `role`: of the framework. */
export function refuseUnsupported(reader: Reader, role: string | undefined): void {
  const roles = ['*', ...(role === undefined ? [] : [role])];
  const ofRole = { harmless: roles, remedy: 'all apps have the role of the framework; leave it out' };
  for (const [name, { harmless = [], remedy }] of Object.entries({ ...UNSUPPORTED, role: ofRole })) {
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
