/** Valid bodies of every operation that takes one, damaged: they are taken or refused in words, and what is refused changes nothing. */
import assert from 'node:assert/strict';
import type { InjectOptions } from 'fastify';
import { paths } from '../../../framework/api/openapi/operations.js';
import { requestSchemas } from '../../../framework/api/openapi/requests.js';
import { damage, damagedBytes, jsonOf, type Place, places } from '../../damage.js';
import { fuzz } from '../../fuzzing.js';
import type { Below } from '../../random.js';
import { api, buildOver, ledger, put, web } from './harness.js';
import { MemoryService } from './memory-service.js';
import { replicatedGuest } from './replicated-guest.js';
import { fullApp, validBodies } from './valid-bodies.js';

interface Target {
  method: string;
  path: string;
  schema: string;
  query: readonly string[];
}

const targets: Target[] = Object.entries(paths).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, { body, query = [] }]) =>
    body === undefined ? [] : [{ method, path, schema: body, query }],
  ),
);

const ids: Record<string, string[]> = {
  appId: ['shop/web', 'demo/ledger', 'new/app'],
  groupId: ['shop', 'new', 'full'],
};
const names = ['__proto__', 'constructor', 'prototype', 'toString', 'length', 'id', 'unheardOf'];
const triesPerService = 100;

function one<T>(list: readonly T[], pick: Below): T {
  return list[pick(list.length)] as T;
}

function urlOf({ path, query }: Target, pick: Below): string {
  const place = path.replace(/\{(\w+)\}/, (_, name: string) => one(ids[name] ?? [], pick));
  const flags = ['force', 'strict', 'dryRun'].filter((flag) => query.includes(flag));
  return pick(2) === 0 && flags.length > 0 ? `${place}?${one(flags, pick)}=true` : place;
}

/** Gives the names that lead there. */
function damageBody(body: unknown, pick: Below): string[] {
  const all = places(body);
  if (all.length === 0) return [];
  const place = one(all, pick);
  if (pick(4) === 0) rename(place, one(names, pick));
  else damage(place, pick);
  return place.path;
}

/** Such as JSON does: an own field, whatever its name. */
function rename({ owner, name, path }: Place, newName: string): void {
  if (Array.isArray(owner)) return;
  Object.defineProperty(owner, newName, { value: owner[name], enumerable: true, configurable: true, writable: true });
  if (newName !== name) delete owner[name];
  path.push(newName);
}

interface Answer {
  message?: unknown;
  details?: unknown;
}

interface Payload {
  /** Before it was damaged. */
  valid: string;
  text: string;
  /** Fields that lead to its only damage; empty: there are more, or none. */
  damaged: string[];
}

const fieldsIn = (path: string[]) => path.filter((name) => /\D/.test(name));

function payloadOf(schema: string, pick: Below): Payload {
  const body = structuredClone(one(validBodies(schema), pick));
  const valid = JSON.stringify(body);
  const paths = Array.from({ length: pick(4) }, () => damageBody(body, pick));
  const text = jsonOf(body);
  if (pick(8) === 0) return { valid, text: damagedBytes(Buffer.from(text), pick).toString('utf8'), damaged: [] };
  return { valid, text, damaged: paths.length === 1 ? fieldsIn(paths.flat()) : [] };
}

/** All that a refusal must leave as it is. */
const stateOf = (service: MemoryService) => {
  const { apps, appGroups, deployments, drains } = service.view();
  return JSON.stringify([apps, appGroups, deployments, drains]);
};

function checkRefusal(body: Answer): void {
  assert.ok(typeof body.message === 'string' && body.message.length > 0);
  if (!Array.isArray(body.details)) return;
  assert.ok(body.details.length > 0);
  for (const { path, errors } of body.details) {
    assert.match(path, /^\//);
    assert.ok(errors.length > 0 && errors.every((error: unknown) => typeof error === 'string' && error.length > 0));
  }
}

function checkPrototypes(service: MemoryService, before: string[]): void {
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), before);
  for (const { spec } of service.view().apps) {
    assert.equal(Object.getPrototypeOf(spec), Object.prototype);
    for (const map of [spec.env, spec.labels])
      assert.equal(Object.getPrototypeOf(map) ?? Object.prototype, Object.prototype);
  }
}

describe('API, damaged bodies', () => {
  let service: MemoryService;
  let tries = 0;
  const judged = { taken: 0, refused: 0 };
  const before = Object.getOwnPropertyNames(Object.prototype);

  async function begin(): Promise<void> {
    await api?.close();
    service = new MemoryService();
    buildOver(service);
    await put(web, ledger, replicatedGuest);
  }
  beforeEach(begin);

  async function send(method: string, url: string, payload: string) {
    return await api.inject({ method, url, payload, headers: { 'content-type': 'application/json' } } as InjectOptions);
  }

  /** Of a refusal that is for the only damage: without it the request would be taken. */
  async function checkNames({ method, query }: Target, url: string, { valid, damaged }: Payload, body: Answer) {
    if (!Array.isArray(body.details) || damaged.length === 0 || !query.includes('dryRun')) return;
    const dry = await send(method, `${url.split('?')[0]}?dryRun=true`, valid);
    if (dry.statusCode >= 300) return;
    const said = JSON.stringify(body.details);
    const names = damaged.includes('scaleBy') ? [...damaged, 'instances'] : damaged;
    assert.ok(
      names.some((name) => said.includes(name)),
      `none of ${damaged} is named`,
    );
  }

  /** Whether an operation takes it, somewhere. */
  async function isTaken(schema: string, body: unknown): Promise<boolean> {
    for (const { method, path } of targets.filter((target) => target.schema === schema))
      for (const [i, appId] of (ids.appId ?? []).entries()) {
        await begin();
        const url = path.replace('{appId}', appId).replace('{groupId}', ids.groupId?.[i] ?? '');
        if ((await send(method, url, JSON.stringify(body))).statusCode < 300) return true;
      }
    return false;
  }

  it('are taken before they are damaged, and have every field of an app that goes with the others', async () => {
    for (const schema of new Set(targets.map((target) => target.schema))) {
      assert.ok(validBodies(schema).length > 0, `${schema} has no example`);
      for (const body of validBodies(schema))
        assert.ok(await isTaken(schema, body), `${schema} ${JSON.stringify(body)}`);
    }
    const left = Object.keys(requestSchemas.App?.properties ?? {}).filter((name) => !(name in fullApp));
    assert.deepEqual(left.sort(), ['args', 'check', 'container', 'replication', 'residency', 'secrets']);
  });

  fuzz('are answered in words, and what is refused changes nothing', async (pick) => {
    tries += 1;
    if (tries % triesPerService === 0) await begin();
    const target = one(targets, pick);
    const url = urlOf(target, pick);
    const payload = payloadOf(target.schema, pick);
    const state = stateOf(service);
    const answer = await send(target.method, url, payload.text);
    const told = `${target.method} ${url} ${payload.text.slice(0, 2000)}: ${answer.statusCode} ${answer.body}`;
    try {
      assert.ok(answer.statusCode < 500);
      judged[answer.statusCode < 300 ? 'taken' : 'refused'] += 1;
      const body = answer.body === '' ? {} : answer.json();
      if (answer.statusCode >= 300) {
        checkRefusal(body);
        await checkNames(target, url, payload, body);
        assert.equal(stateOf(service), state, 'the state has changed');
      }
      checkPrototypes(service, before);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${told}`, { cause: error });
    }
  });

  after(async () => {
    await api.close();
    assert.ok(judged.taken > tries / 20 && judged.refused > tries / 20, JSON.stringify(judged));
  });
});
