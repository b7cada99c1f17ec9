import _ from 'lodash';
import type { PersistentVolume, Residency } from '../app.js';
import { type Problems, show } from './problems.js';
import { type Reader, refuseUnknown, requirePresent } from './reader.js';

/** Marathon's `container` and `residency`: persistent volumes, and what becomes of an instance that is away from its own. */

const CONTAINER_PATH = {
  pattern: /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/,
  patternMeaning: 'the name of a folder in the sandbox: letters, digits, ".", "_" and "-", without "/", such as data',
};
/** The sandbox has files of these names. */
const TAKEN = ['stdout', 'stderr'];
const RELAUNCH_DEFAULT_SECONDS = 3600;
const WAIT_FOREVER = {
  taskLostBehavior: 'WAIT_FOREVER' as const,
  relaunchEscalationTimeoutSeconds: RELAUNCH_DEFAULT_SECONDS,
};

/** Marathon's other fields of a container, with what to do instead. */
const INSTEAD: Record<string, string> = {
  docker: 'programs run in the file system of the agent; fetch brings files to the sandbox',
  portMappings: 'tasks have the network of their agent; give portDefinitions',
  linuxInfo: "the agent's defaults hold; remove it",
};

/** Of a container of type MESOS. */
export function readVolumes(reader: Reader): { volumes?: PersistentVolume[] } {
  const volumes = reader.objects('volumes', readVolume);
  for (const [name, remedy] of Object.entries(INSTEAD)) {
    const value = reader.raw(name);
    if (value === undefined || _.isEqual(value, [])) continue;
    reader.problems.add('rule', reader.pathOf(name), `container.${name} is not supported by this version: ${remedy}`);
  }
  refuseUnknown(reader, 'container with type MESOS', 'type and volumes');
  return volumes === undefined ? {} : { volumes };
}

/** Marathon's volumes that do not lie on the agent's disk for this app alone. */
const OTHER_VOLUMES: Record<string, string> = {
  hostPath: 'programs see the file system of the agent as it is; use the path itself',
  external: 'volumes lie on the root disk of agents; give persistent',
  secret: 'secrets are given as variables; use env',
};

export function readVolume(reader: Reader): PersistentVolume {
  const others = Object.keys(OTHER_VOLUMES).filter((name) => reader.raw(name) !== undefined);
  for (const name of others) {
    const sentence = `volumes with ${name} are not supported by this version: ${OTHER_VOLUMES[name]}`;
    reader.problems.add('rule', reader.pathOf(name), sentence);
  }
  if (others.length > 0) return { containerPath: '', sizeMb: 0 };
  requirePresent(reader, 'containerPath', CONTAINER_PATH.patternMeaning);
  requirePresent(reader, 'persistent', 'the size in MB: {"size": 512}');
  const containerPath = reader.string('containerPath', CONTAINER_PATH) ?? '';
  const mode = reader.string('mode') ?? 'RW';
  if (mode !== 'RW') {
    const sentence = `mode is ${show(mode)}; a persistent volume is written by the app that has it, give "RW"`;
    reader.problems.add('rule', reader.pathOf('mode'), sentence);
  }
  if (TAKEN.includes(containerPath)) {
    const sentence = `containerPath is ${show(containerPath)}, a file of the sandbox; choose another name`;
    reader.problems.add('rule', reader.pathOf('containerPath'), sentence);
  }
  const inner = reader.object('persistent');
  for (const path of reader.ignored())
    reader.problems.add('rule', path, `${show(path)} is not supported; use containerPath, mode and persistent`);
  return { containerPath, sizeMb: inner === undefined ? 0 : readSize(inner) };
}

function readSize(reader: Reader): number {
  requirePresent(reader, 'size', 'the size in MB, 1 or more');
  const size = reader.integer('size', { min: 1 });
  const type = reader.string('type') ?? 'root';
  if (type !== 'root') {
    const sentence = `type is ${show(type)}; volumes lie on the agent's root disk in this version, give "root" or leave it out`;
    reader.problems.add('rule', reader.pathOf('type'), sentence);
  }
  const constraints = reader.raw('constraints');
  if (constraints !== undefined && JSON.stringify(constraints) !== '[]')
    reader.problems.add(
      'rule',
      reader.pathOf('constraints'),
      'Constraints on root volumes are not supported',
      `they are ${show(constraints)}; remove them`,
    );
  for (const path of reader.ignored())
    reader.problems.add('rule', path, `${show(path)} is not supported by this version; use size and type`);
  return size ?? 0;
}

export type WhenLost = Omit<Residency, 'volumes'>;

export function readWhenLost(reader: Reader): WhenLost | undefined {
  const inner = reader.object('residency');
  if (inner === undefined) return undefined;
  const whenLost = {
    taskLostBehavior:
      inner.choice('taskLostBehavior', ['WAIT_FOREVER', 'RELAUNCH_AFTER_TIMEOUT'] as const) ?? 'WAIT_FOREVER',
    relaunchEscalationTimeoutSeconds:
      inner.integer('relaunchEscalationTimeoutSeconds', { min: 0 }) ?? RELAUNCH_DEFAULT_SECONDS,
  };
  refuseUnknown(inner, 'residency', 'taskLostBehavior and relaunchEscalationTimeoutSeconds');
  return whenLost;
}

/** Volumes make an app resident; without them `residency` means nothing and is refused. */
export function residencyOf(
  volumes: PersistentVolume[],
  whenLost: WhenLost | undefined,
  problems: Problems,
): Residency | undefined {
  if (volumes.length > 0) return { ...(whenLost ?? WAIT_FOREVER), volumes };
  if (whenLost !== undefined) {
    const remedy = 'give container.volumes, or leave residency out';
    problems.add(
      'rule',
      '/residency',
      `residency ${show(whenLost)} has no persistent volume to come back to; ${remedy}`,
    );
  }
  return undefined;
}
