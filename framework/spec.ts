import _ from 'lodash';
import type { AppSpec } from './app.js';
import { complete, resolve } from './spec/complete.js';
import { versionInfoOf } from './spec/configuration.js';
import { PATH_ID_LIMITS, readDraft } from './spec/draft.js';
import { Problems, type Rejection, show } from './spec/problems.js';
import { type Reader, readObject, readString } from './spec/reader.js';
import { checkRules } from './spec/rules.js';
import { keepServicePorts, type ServicePorts } from './spec/service-ports.js';
import { acceptReadOnly, refuseUnsupported } from './spec/unsupported.js';

export { toJson } from './spec/canonical.js';
export { resolve as absoluteId } from './spec/complete.js';
export { type GroupUpdate, parseGroup } from './spec/group.js';
export type { Detail, Rejection } from './spec/problems.js';
export { checkTree } from './spec/tree.js';

export interface ParseOptions {
  /** create: a new app. put: the body is the whole app. patch: what the body leaves out stays as it is. */
  mode: 'create' | 'put' | 'patch';
  /** The app as it is now; null when there is none. */
  existing: AppSpec | null;
  /** The id in the URL, when there is one; the body need not repeat it and must not contradict it. */
  id?: string;
  /** The group that a relative id begins at; left out: the root. */
  base?: string;
  /** ISO 8601 with milliseconds: the version of the result. */
  version: string;
  /** The role of the framework: what may be reserved for the app. Left out: nothing may. */
  role?: string;
  /** The principal of the framework, in whose name volumes are reserved. Left out or null: no app may have any. */
  principal?: string | null;
  /** The framework has a provider of secrets. Left out: it has none. */
  secrets?: boolean;
  /** Those that the framework gives to apps. Left out or null: none. */
  servicePorts?: ServicePorts | null;
}

export type ParseResult = { ok: true; spec: AppSpec; ignored: string[] } | Rejection;

/**
 * A JSON value to a canonical app, or everything that is wrong with it in Marathon's shape: types first (400, or 422
 * for ranges, `Invalid JSON`), then rules (422, `Object is not valid`). Never throws. `ignored` names the fields that
 * are unknown here and have no effect.
 */
export function parse(json: unknown, options: ParseOptions): ParseResult {
  const problems = new Problems();
  const reader = readObject(json, '', problems);
  if (reader === undefined) return problems.rejection();
  refuseUnsupported(reader, options.role);
  const draft = readDraft(reader);
  const id = appId(reader, draft.id, options);
  acceptReadOnly(reader);
  checkVersionAlone(reader, options, problems);
  const base = options.mode === 'patch' ? options.existing : null;
  const completed = complete(draft, base, id, problems);
  const app = keepServicePorts(completed, options.existing, options.servicePorts ?? null);
  const owner = { role: options.role ?? null, principal: options.principal ?? null, secrets: options.secrets ?? false };
  checkRules(app, owner, problems);
  if (!problems.none) return problems.rejection();
  const version = options.version;
  const spec = { ...app, version, versionInfo: versionInfoOf(options.existing, app, version) };
  return { ok: true, spec, ignored: reader.ignoredWithin() };
}

/** An earlier version of an app as a new one: what `{"version": "…"}` in an update asks for. */
export function rollBack(earlier: AppSpec, existing: AppSpec, version: string): AppSpec {
  const app = _.omit(earlier, 'version', 'versionInfo');
  return { ...app, version, versionInfo: versionInfoOf(existing, app, version) };
}

function appId(reader: Reader, given: string | undefined, options: ParseOptions): string {
  const { problems } = reader;
  const expected = options.id ?? options.existing?.id;
  if (reader.raw('id') === undefined && expected === undefined) {
    problems.add('type', '/id', 'error.path.missing', 'id is missing; give a path such as /demo/ledger');
  }
  const id = resolve(given ?? expected ?? '/missing', `${options.base ?? ''}/x`);
  // It may be of the URL, or of groups around it.
  if (options.existing === null) readString(id, '/id', PATH_ID_LIMITS, problems);
  if (expected !== undefined && id !== expected) {
    problems.add('rule', '/id', `id is ${show(given)}, but the request is about ${expected}; leave id out of the body`);
  }
  return id;
}

function checkVersionAlone(reader: Reader, options: ParseOptions, problems: Problems): void {
  if (options.mode !== 'patch' || options.existing === null || reader.raw('version') === undefined) return;
  const words = "The 'version' field may only be combined with the 'id' field.";
  problems.add('rule', '/version', words, 'remove version to change the app, or send version alone to roll back');
}
