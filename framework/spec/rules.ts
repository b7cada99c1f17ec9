import type { AppSpec } from '../app.js';
import { isSingleInstance } from './complete.js';
import { checkGuest } from './guest-rules.js';
import { checkAppCheck, checkHealth } from './health-rules.js';
import { type Problems, show } from './problems.js';
import { checkReadiness } from './readiness.js';
import { REPLICAS_MAX } from './replication.js';
import { checkResident } from './resident-rules.js';
import { checkResourceLimits } from './resource-limits.js';
import { checkSecrets } from './secrets.js';
import { checkMissing } from './upgrade-rules.js';

type Judged = Omit<AppSpec, 'version' | 'versionInfo'>;

/** As many as placement takes. */
const WISHES_MAX = 8;
const RESERVED_SEGMENTS = ['restart', 'tasks', 'versions', '.', '..'];

/** In whose name the framework is offered resources, and reserves them (null: nobody's), and what else it has. */
export interface Owner {
  role: string | null;
  principal: string | null;
  /** It can give secrets. */
  secrets: boolean;
}

/** Judges a whole app, field by field. Rules about several apps are in `tree.ts`. */
export function checkRules(app: Judged, owner: Owner, problems: Problems): void {
  for (const check of [checkId, checkProgram, checkEnvironment, checkPorts, checkStrategies]) {
    check(app, problems);
  }
  checkRoles(app, owner.role, problems);
  checkResident(app, owner.principal, problems);
  checkRevocable(app, problems);
  checkResourceLimits(app, problems);
  checkLists(app, problems);
  checkWishes(app, problems);
  checkAffinity(app, problems);
  checkHealth(app, problems);
  checkAppCheck(app, problems);
  checkReadiness(app, problems);
  checkMissing(app, problems);
  checkSecrets(app, owner.secrets, problems);
  if (app.replication?.protocol === 'apus') checkReplicated(app, problems);
  else if (app.replication !== null && app.container === null) {
    const sentence = 'protocol is "vm", which replicates virtual machines; a program needs "apus"';
    problems.add('rule', '/replication/protocol', sentence);
  }
  if (app.container !== null) checkGuest(app, app.container.vm, problems);
}

function checkId(app: Judged, problems: Problems): void {
  const last = app.id.split('/').at(-1) ?? '';
  if (last === '') {
    problems.add('rule', '/id', 'Path must contain at least one path element', 'id is "/"; give a name, such as /web');
  }
  if (RESERVED_SEGMENTS.includes(last)) {
    const words = `must not end with any of the following reserved keywords: ${RESERVED_SEGMENTS.join(', ')}`;
    problems.add('rule', '/id', words, `id is ${show(app.id)}; choose another last segment than ${last}`);
  }
}

function checkProgram(app: Judged, problems: Problems): void {
  const given = (['cmd', 'args', 'container'] as const).filter((name) => app[name] !== null);
  if (given.length !== 1) {
    const words = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.";
    const remedy =
      given.length === 0
        ? 'cmd and args are both missing; give one'
        : `${given.join(' and ')} are ${given.length === 2 ? 'both given; drop one' : 'all given; keep one'}`;
    problems.add('rule', '/', words, remedy);
  }
  if (app.cmd !== null && app.cmd.trim().length <= 1) {
    const remedy = `cmd is ${show(app.cmd)}; give a shell command of two characters or more`;
    problems.add('rule', '/cmd', 'must not be an empty string', remedy);
  }
  if (app.args !== null && (app.args[0] ?? '') === '') {
    problems.add('rule', '/args', 'must not be empty', `args is ${show(app.args)}; name the program as first element`);
  }
  const words = [app.cmd ?? '', ...(app.args ?? []), app.user ?? ''];
  if (words.some((word) => word.includes('\0'))) {
    problems.add('rule', '/', 'cmd, args or user has a NUL character, which no program can be given; remove it');
  }
}

function checkEnvironment(app: Judged, problems: Problems): void {
  for (const [name, value] of Object.entries(app.env)) {
    if (name === '' || /[=\0]/.test(name) || (typeof value === 'string' && value.includes('\0'))) {
      problems.add('rule', `/env/${name}`, 'env names may have no "=", and neither names nor values a NUL character');
    }
  }
  for (const field of ['env', 'labels'] as const) {
    if (!Object.hasOwn(app[field], '__proto__')) continue;
    problems.add('rule', `/${field}/__proto__`, `${field} must not use the name __proto__; choose another`);
  }
}

function checkPorts(app: Judged, problems: Problems): void {
  const path = '/portDefinitions';
  const names = app.portDefinitions.map((one) => one.name).filter((name) => name !== null);
  const fixed = app.portDefinitions.map((one) => one.port).filter((port) => port !== 0);
  if (new Set(names).size < names.length) {
    problems.add('rule', path, 'Port names must be unique.', `the names are ${show(names)}; rename or drop one`);
  }
  if (new Set(fixed).size < fixed.length) {
    problems.add(
      'rule',
      path,
      'Ports must be unique.',
      `the ports are ${show(fixed)}; change one, 0 takes any free port`,
    );
  }
}

function checkStrategies(app: Judged, problems: Problems): void {
  if (app.unreachableStrategy !== 'disabled') {
    const { inactiveAfterSeconds: inactive, expungeAfterSeconds: expunge } = app.unreachableStrategy;
    if (inactive > expunge) {
      const words = `inactiveAfterSeconds (${inactive}) must be less or equal to expungeAfterSeconds, which is ${expunge}`;
      problems.add('rule', '/unreachableStrategy', words, `lower inactiveAfterSeconds to ${expunge} or less`);
    }
  }
  if (isSingleInstance(app.labels)) checkSingleInstance(app, problems);
}

function checkSingleInstance(app: Judged, problems: Problems): void {
  if (app.instances > 1) {
    const remedy = `instances is ${app.instances}; use 1 or remove the label MARATHON_SINGLE_INSTANCE_APP`;
    problems.add('rule', '/instances', 'Single instance app may only have one instance', remedy);
  }
  for (const name of ['minimumHealthCapacity', 'maximumOverCapacity'] as const) {
    const value = app.upgradeStrategy[name];
    if (value === 0) continue;
    const remedy = `${name} is ${value}; a single instance app needs 0`;
    problems.add('rule', `/upgradeStrategy/${name}`, `got ${value}, expected 0`, remedy);
  }
}

function checkRoles(app: Judged, own: string | null, problems: Problems): void {
  const roles = app.acceptedResourceRoles;
  if (roles === null) return;
  const path = '/acceptedResourceRoles';
  if (roles.length === 0) problems.add('rule', path, 'must not be empty', 'give ["*"] or leave it out');
  const known = own === null ? ['*'] : ['*', own];
  if (roles.every((role) => known.includes(role))) return;
  const sentence = `acceptedResourceRoles can only contain ${known.join(' and ')}`;
  problems.add(
    'rule',
    path,
    sentence,
    `it is ${show(roles)}; give ${JSON.stringify(known)}, one of them, or leave it out`,
  );
}

function checkRevocable({ revocable, replication, residency }: Judged, problems: Problems): void {
  if (!revocable) return;
  const add = (why: string) => problems.add('rule', '/revocable', `revocable is true, but ${why}; leave it out`);
  if (replication) add('replicas whose resources are taken back at the same time take the majority with them');
  if (residency) add('what may be taken back cannot be reserved for an instance with volumes');
}

function checkLists(app: Judged, problems: Problems): void {
  for (const field of ['constraints', 'preferences', 'affinity', 'dependencies'] as const) {
    const texts = app[field].map((one) => JSON.stringify(one));
    const first = new Set<string>();
    const twice = texts.find((text) => first.size === first.add(text).size);
    if (twice !== undefined) problems.add('rule', `/${field}`, `has ${twice} twice; remove one`);
  }
}

function checkWishes({ preferences, affinity }: Judged, problems: Problems): void {
  const counts = {
    '/preferences': preferences.length,
    '/affinity': affinity.filter(({ required }) => !required).length,
  };
  for (const [path, count] of Object.entries(counts)) {
    if (count <= WISHES_MAX) continue;
    const sentence = `${path.slice(1)} has ${count} entries that are not required; use at most ${WISHES_MAX}`;
    problems.add('rule', path, sentence);
  }
}

function checkAffinity({ id, affinity }: Judged, problems: Problems): void {
  for (const [index, one] of affinity.entries()) {
    if (one.app !== id) continue;
    const remedy = 'replication.spread says how its own replicas lie, and a constraint how its tasks do';
    problems.add('rule', `/affinity(${index})/app`, `app is ${show(id)}, the app itself; ${remedy}`);
  }
}

/** What the replication of a program needs: a member for each slot, a port for its clients, and our preload alone. */
function checkReplicated(app: Judged, problems: Problems): void {
  if (app.instances < 1 || app.instances > REPLICAS_MAX) {
    const remedy = app.instances < 1 ? '; to stop the app, remove it' : '';
    const sentence = `instances is ${app.instances}; a replicated app has 1 to ${REPLICAS_MAX} replicas${remedy}`;
    problems.add('rule', '/instances', sentence);
  }
  if (!app.portDefinitions.some((one) => one.protocol !== 'udp')) {
    const sentence =
      'a replicated app needs a tcp port for its clients; leave portDefinitions out or give [{"port": 0}]';
    problems.add('rule', '/portDefinitions', sentence);
  }
  if (app.replication?.via === 'gateway' && app.replication.snapshot.provider !== 'replay') {
    const { provider } = app.replication.snapshot;
    const sentence = `snapshot.provider is "${provider}", but replicas behind a gateway join by replay; leave snapshot out`;
    problems.add('rule', '/replication/snapshot/provider', sentence);
  }
  for (const name of ['LD_PRELOAD', 'GAIA_REPLICA'].filter((one) => Object.hasOwn(app.env, one))) {
    problems.add('rule', `/env/${name}`, `env ${name} belongs to the replication of the app; remove it`);
  }
}
