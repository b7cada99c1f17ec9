import assert from 'node:assert/strict';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { type ApiOptions, buildApi } from '../../../framework/api/index.js';
import type { FrameworkService } from '../../../framework/service.js';
import { MemoryService } from './memory-service.js';

export const web = { id: '/shop/web', cmd: 'sleep 100', instances: 2, labels: { tier: 'front' } };
export const ledger = { id: '/demo/ledger', cmd: 'exec redis-server', instances: 3, replication: {} };

export let service: MemoryService;
export let api: FastifyInstance;

/** Gives every test of the suite that calls it an API over an empty service of its own. */
export function freshApi(): void {
  beforeEach(() => {
    service = new MemoryService();
    buildWith({});
  });
  afterEach(() => api.close());
}

/** An API over another service. */
export function buildOver(other: FrameworkService, options: ApiOptions = {}): void {
  api = buildApi(other, options);
}

/** In place of the present one, over the same service. */
export function buildWith(options: ApiOptions): void {
  api = buildApi(service, options);
}

export async function call(method: string, url: string, payload?: unknown, headers: Record<string, string> = {}) {
  const body = payload === undefined ? {} : { payload: payload as object };
  const answer = await api.inject({ method, url, headers, ...body } as InjectOptions);
  const isJson = String(answer.headers['content-type']).includes('json');
  return { status: answer.statusCode, headers: answer.headers, body: isJson ? answer.json() : answer.body };
}

export async function raw(url: string, payload: string, contentType = 'application/json') {
  const answer = await api.inject({ method: 'POST', url, payload, headers: { 'content-type': contentType } });
  return { status: answer.statusCode, body: answer.json() };
}

export async function put(...apps: object[]) {
  for (const app of apps) assert.equal((await call('POST', '/v2/apps', app)).status, 201);
}
