import _ from 'lodash';
import type { AppSpec, FetchUri, PortDefinition, VmSpec } from '../app.js';
import { guestMembers, isReplicatedGuest } from '../replicated-guest.js';
import { readConstraints } from './constraints.js';
import { memoryMbOf } from './container.js';
import type { AppDraft } from './draft.js';
import { type Problems, show } from './problems.js';
import { residencyOf } from './residency.js';

type Judged = Omit<AppSpec, 'version' | 'versionInfo'>;

/** Marathon's defaults. https://mesosphere.github.io/marathon, types App and UpgradeStrategy. */
const DEFAULTS: Omit<Judged, 'id'> = {
  cmd: null,
  args: null,
  user: null,
  env: {},
  labels: {},
  instances: 1,
  cpus: 1,
  mem: 128,
  disk: 0,
  gpus: 0,
  constraints: [],
  preferences: [],
  affinity: [],
  priority: 0,
  acceptedResourceRoles: null,
  portDefinitions: [{ port: 0, protocol: 'tcp', name: 'default', labels: {} }],
  requirePorts: false,
  fetch: [],
  backoffSeconds: 1,
  backoffFactor: 1.15,
  maxLaunchDelaySeconds: 300,
  upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
  unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
  killSelection: 'YOUNGEST_FIRST',
  taskKillGracePeriodSeconds: null,
  dependencies: [],
  replication: null,
  container: null,
};

/** An app that may run only once, for example because it owns something that cannot be shared. */
export function isSingleInstance(labels: Record<string, string>): boolean {
  return labels.MARATHON_SINGLE_INSTANCE_APP === 'true';
}

/**
 * A draft to a whole app: deprecated fields rewritten, absent ones taken from `base` (an update) or the defaults.
 * `cmd`, `args` and `container` exclude each other, so an update that gives one drops the others.
 */
export function complete(draft: AppDraft, base: AppSpec | null, id: string, problems: Problems): Judged {
  const { constraints, preferences, ports, uris, volumes, whenLost, revocable, ...rest } = draft;
  const given: Partial<Judged> = rest;
  given.id = id;
  if (constraints !== undefined) given.constraints = readConstraints(constraints, 'constraints', problems);
  if (preferences !== undefined) given.preferences = readConstraints(preferences, 'preferences', problems);
  if (ports !== undefined) given.portDefinitions = portDefinitionsOf(ports, draft.portDefinitions, problems);
  if (uris !== undefined) given.fetch = fetchOf(uris, draft.fetch, problems);
  if (given.affinity !== undefined)
    given.affinity = given.affinity.map((one) => ({ ...one, app: resolve(one.app, id) }));
  if (given.dependencies !== undefined) given.dependencies = given.dependencies.map((one) => resolve(one, id));
  const before = base?.residency;
  const residency = residencyOf(volumes ?? before?.volumes ?? [], whenLost ?? before, problems);
  if (residency !== undefined) given.residency = residency;
  if (revocable) given.revocable = true;
  const dropped = [...(revocable === false ? ['revocable'] : []), ...emptied(given)];
  const start = base === null ? defaultsFor(given) : _.omit(base, 'version', 'versionInfo', ...dropped);
  return { ...start, ..._.omit(given, dropped), ...exclusiveProgram(given) } as Judged;
}

/** What is left out when it is empty: an update that gives `[]` or `{}` removes it. */
const emptied = (given: Partial<Judged>) =>
  (['healthChecks', 'readinessChecks', 'secrets', 'resourceLimits'] as const).filter(
    (name) => given[name] !== undefined && _.isEmpty(given[name]),
  );

/** Absolute id without repeated, leading or trailing slashes missing; `..` and `.` resolved against the app's group. */
export function resolve(id: string, appId = '/'): string {
  const isRelative = !id.startsWith('/');
  const start = isRelative ? appId.split('/').slice(0, -1) : [];
  const segments: string[] = [];
  for (const segment of [...start, ...id.split('/')]) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

function exclusiveProgram(given: Partial<Judged>): Partial<Judged> {
  const names = ['cmd', 'args', 'container'] as const;
  const present = names.filter((name) => given[name] != null);
  if (present.length !== 1) return {};
  return _.fromPairs(names.filter((name) => !present.includes(name)).map((name) => [name, null]));
}

/**
 * A plain task is replaced as soon as it cannot be reached. A replica has followers that serve meanwhile, and its
 * replacement replays the whole log: it gets a minute to come back, and is known for ten.
 */
const PATIENCE = { inactiveAfterSeconds: 60, expungeAfterSeconds: 600 };
const NO_SURPLUS = { minimumHealthCapacity: 0, maximumOverCapacity: 0 };
/** Instances with volumes: there is none beyond those, so some of them stop for a new version to start. */
const RESIDENT = {
  upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
  unreachableStrategy: 'disabled' as const,
};

function defaultsFor(given: Partial<Judged>): Omit<Judged, 'id'> {
  return {
    ...DEFAULTS,
    ...(given.replication == null ? {} : { unreachableStrategy: PATIENCE }),
    ...(given.container == null ? {} : forGuest(given.container.vm, given)),
    ...(given.residency === undefined ? {} : RESIDENT),
    ...(isSingleInstance(given.labels ?? {}) ? { upgradeStrategy: NO_SURPLUS } : {}),
  };
}

/** The guest's processors, memory and disk, what QEMU takes itself, and any port of the host for each of the guest. */
function forGuest(vm: VmSpec, { replication = null, residency }: Partial<Judged>): Partial<Judged> {
  const { vcpus, disk = 0, ports } = vm;
  return {
    ...(isReplicatedGuest({ replication }) ? { instances: guestMembers } : {}),
    cpus: vcpus,
    mem: memoryMbOf({ replication }, vm),
    disk: residency === undefined ? disk : 0,
    portDefinitions: ports.map(() => ({ port: 0, protocol: 'tcp', name: null, labels: {} })),
  };
}

function portDefinitionsOf(ports: number[], given: PortDefinition[] | undefined, problems: Problems): PortDefinition[] {
  const same = _.isEqual(
    ports,
    given?.map((definition) => definition.port),
  );
  if (given !== undefined && same) return given;
  if (given !== undefined) {
    const remedy = `ports ${show(ports)} differs from portDefinitions; give portDefinitions only`;
    problems.add('rule', '/ports', 'cannot specify both ports and port definitions', remedy);
  }
  return ports.map((port) => ({ port, protocol: 'tcp', name: null, labels: {} }));
}

const ARCHIVE = /\.(tar|tar\.gz|tar\.bz2|tar\.xz|gz|tgz|tbz2|txz|zip)$/;

function fetchOf(uris: string[], given: FetchUri[] | undefined, problems: Problems): FetchUri[] {
  if (given !== undefined) {
    problems.add('rule', '/uris', 'may not be set in conjunction with fetch', 'uris is deprecated: give fetch only');
  }
  return uris.map((uri) => ({
    uri,
    extract: ARCHIVE.test(uri),
    executable: false,
    cache: false,
    destPath: null,
  }));
}
