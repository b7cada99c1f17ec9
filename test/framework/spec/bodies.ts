import assert from 'node:assert/strict';
import { type ParseOptions, parse } from '../../../framework/spec.js';

export const version = '2026-01-02T03:04:05.678Z';
export const options: ParseOptions = { mode: 'create', existing: null, version, role: 'gaia', principal: 'gaia' };
export const web = { id: '/web', cmd: 'sleep 100' };
export const ledger = {
  id: '/demo/ledger',
  cmd: 'exec redis-server --port $PORT0',
  instances: 3,
  replication: { protocol: 'apus' },
};

export function accept(json: unknown, how: Partial<ParseOptions> = {}) {
  const result = parse(json, { ...options, ...how });
  assert.ok(result.ok, JSON.stringify(result));
  return result.spec;
}

export function reject(json: unknown, how: Partial<ParseOptions> = {}) {
  const result = parse(json, { ...options, ...how });
  assert.ok(!result.ok, 'accepted, but should not be');
  return result;
}
