import _ from 'lodash';
import type { AffinityRule, AppSpec, FetchUri, PersistentVolume, PortDefinition } from '../app.js';
import { readContainer } from './container.js';
import { readCheck, readHealthCheck } from './health-checks.js';
import { type Problems, show } from './problems.js';
import { type Reader, readList, readString, refuseUnknown, requirePresent } from './reader.js';
import { readReadinessCheck } from './readiness.js';
import { DOMAIN_LIMITS, readReplication } from './replication.js';
import { readWhenLost, type WhenLost } from './residency.js';
import { readResourceLimits } from './resource-limits.js';
import { ARGUMENT_CHARACTERS_MAX, readEnvironmentValue, readSecrets } from './secrets.js';

/**
 * What a body says, typed but not judged: fields that are absent there are absent here. Constraints are still rows
 * of strings, deprecated fields are still beside their successors.
 */
export type AppDraft = Partial<
  Omit<AppSpec, 'version' | 'versionInfo' | 'constraints' | 'preferences' | 'residency' | 'revocable'>
> & {
  revocable?: boolean;
  volumes?: PersistentVolume[];
  whenLost?: WhenLost;
  constraints?: string[][];
  preferences?: string[][];
  ports?: number[];
  uris?: string[];
};

/** The texts of Marathon's PathId without the parts that only dependencies may have. Its own pattern takes years for fifty slashes. */
export const PATH_ID =
  /^(\.\.|[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*)?(\/(\.\.|[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*)?)*$/;
export const PATH_ID_LIMITS = {
  // Task ids are made of app ids and name sandbox directories, which may have 255 bytes.
  lengthMax: 180,
  pattern: PATH_ID,
  patternMeaning: 'segments of lower-case letters, digits, dots and inner dashes, such as /demo/ledger',
};
const LEGACY_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const PORT = { min: 0, max: 65535 };
const PRIORITY = { min: -1000, max: 1000 };

/** Reads every field of an app that this version knows. Source: Marathon's App and AppUpdate types. */
export function readDraft(reader: Reader): AppDraft {
  const draft = {
    id: reader.string('id', PATH_ID_LIMITS),
    ...readProgram(reader),
    ...readResources(reader),
    ...readPlacement(reader),
    ...readTiming(reader),
    portDefinitions: reader.objects('portDefinitions', readPortDefinition),
    ports: reader.list('ports', readPort),
    requirePorts: reader.boolean('requirePorts'),
    dependencies: reader.strings('dependencies', PATH_ID_LIMITS),
    replication: readReplication(reader),
    ...readContainer(reader),
    healthChecks: reader.objects('healthChecks', readHealthCheck),
    check: readCheck(reader),
    readinessChecks: reader.objects('readinessChecks', readReadinessCheck),
    whenLost: readWhenLost(reader),
  };
  return _.omitBy(draft, _.isUndefined);
}

function readProgram(reader: Reader) {
  const { problems } = reader;
  return {
    cmd: reader.string('cmd', { lengthMin: 1, lengthMax: ARGUMENT_CHARACTERS_MAX }),
    args: reader.strings('args', { lengthMax: ARGUMENT_CHARACTERS_MAX }),
    user: reader.string('user', { lengthMin: 1 }),
    env: reader.map('env', (value, path) => readEnvironmentValue(value, path, reader)),
    secrets: readSecrets(reader),
    labels: reader.map('labels', (value, path) => readString(value, path, {}, problems)),
    fetch: reader.objects('fetch', readFetchUri),
    uris: reader.strings('uris', { lengthMin: 1, lengthMax: 1024 }),
  };
}

function readResources(reader: Reader) {
  return {
    instances: reader.integer('instances', { min: 0 }),
    cpus: reader.number('cpus', { min: 0.001 }),
    mem: reader.number('mem', { min: 0 }),
    disk: reader.number('disk', { min: 0 }),
    gpus: reader.integer('gpus', { min: 0 }),
    resourceLimits: readResourceLimits(reader),
    revocable: reader.boolean('revocable'),
  };
}

function readPlacement(reader: Reader) {
  return {
    constraints: reader.list('constraints', readRow),
    preferences: reader.list('preferences', readRow),
    affinity: reader.objects('affinity', readAffinityRule),
    priority: reader.integer('priority', PRIORITY),
    acceptedResourceRoles: reader.strings('acceptedResourceRoles', { lengthMin: 1 }),
    upgradeStrategy: readUpgradeStrategy(reader),
    unreachableStrategy: readUnreachableStrategy(reader),
    killSelection: reader.choice('killSelection', ['YOUNGEST_FIRST', 'OLDEST_FIRST'] as const),
  };
}

function readTiming(reader: Reader) {
  return {
    backoffSeconds: reader.integer('backoffSeconds', { min: 0 }),
    backoffFactor: reader.number('backoffFactor', { min: 1 }),
    maxLaunchDelaySeconds: reader.integer('maxLaunchDelaySeconds', { min: 0 }),
    taskKillGracePeriodSeconds: reader.integer('taskKillGracePeriodSeconds', { min: 0 }),
  };
}

function readRow(value: unknown, path: string, problems: Problems): string[] | undefined {
  return readList(value, path, problems, (one, onePath) => readString(one, onePath, {}, problems));
}

/** Its unknown keys are refused: a misspelt condition must not go unnoticed. */
function readAffinityRule(reader: Reader): AffinityRule {
  requirePresent(reader, 'app', 'the id of the other app');
  requirePresent(reader, 'type', 'near or apart');
  const rule = {
    app: reader.string('app', PATH_ID_LIMITS) ?? '',
    domain: reader.string('domain', DOMAIN_LIMITS) ?? 'host',
    type: reader.choice('type', ['near', 'apart'] as const) ?? 'apart',
    required: reader.boolean('required') ?? false,
  };
  refuseUnknown(reader, 'affinity', 'app, domain, type and required');
  return rule;
}

function readPort(value: unknown, path: string, problems: Problems): number | undefined {
  const isPort = Number.isInteger(value) && (value as number) >= PORT.min && (value as number) <= PORT.max;
  if (isPort) return value as number;
  const [kind, key] =
    typeof value === 'number' ? (['range', 'error.max'] as const) : (['type', 'error.expected.jsnumber'] as const);
  problems.add(kind, path, key, `the port is ${show(value)}; use a whole number from 0 (any free port) to 65535`);
  return undefined;
}

function readPortDefinition(reader: Reader): PortDefinition {
  return {
    port: reader.integer('port', PORT) ?? 0,
    protocol: reader.choice('protocol', ['tcp', 'udp', 'udp,tcp'] as const) ?? 'tcp',
    name:
      reader.string('name', { pattern: LEGACY_NAME, patternMeaning: 'lower-case letters, digits and inner dashes' }) ??
      null,
    labels: reader.map('labels', (value, path) => readString(value, path, {}, reader.problems)) ?? {},
  };
}

function readFetchUri(reader: Reader): FetchUri {
  const uri = reader.string('uri', { lengthMin: 1, lengthMax: 1024 });
  requirePresent(reader, 'uri', 'the address of what to fetch');
  return {
    uri: uri ?? '',
    extract: reader.boolean('extract') ?? true,
    executable: reader.boolean('executable') ?? false,
    cache: reader.boolean('cache') ?? false,
    destPath: reader.string('destPath', { lengthMin: 1 }) ?? null,
  };
}

function readUpgradeStrategy(reader: Reader): AppSpec['upgradeStrategy'] | undefined {
  const inner = reader.object('upgradeStrategy');
  if (inner === undefined) return undefined;
  const share = { min: 0, max: 1 };
  const minimumHealthCapacity = inner.number('minimumHealthCapacity', share);
  const maximumOverCapacity = inner.number('maximumOverCapacity', share);
  const replicasMissingMax = inner.integer('replicasMissingMax', { min: 0 });
  if (replicasMissingMax === undefined) {
    requirePresent(inner, 'minimumHealthCapacity', 'a share from 0 to 1');
    requirePresent(inner, 'maximumOverCapacity', 'a share from 0 to 1');
  }
  return {
    minimumHealthCapacity: minimumHealthCapacity ?? 1,
    maximumOverCapacity: maximumOverCapacity ?? 1,
    ...(replicasMissingMax === undefined ? {} : { replicasMissingMax }),
  };
}

function readUnreachableStrategy(reader: Reader): AppSpec['unreachableStrategy'] | undefined {
  if (reader.raw('unreachableStrategy') === 'disabled') return 'disabled';
  const inner = reader.object('unreachableStrategy');
  if (inner === undefined) return undefined;
  const seconds = { min: 0, max: Number.MAX_SAFE_INTEGER };
  return {
    inactiveAfterSeconds: inner.integer('inactiveAfterSeconds', seconds) ?? 0,
    expungeAfterSeconds: inner.integer('expungeAfterSeconds', seconds) ?? 0,
  };
}
