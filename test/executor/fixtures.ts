/** Assignments, state lines, temporary directories and what becomes of processes, for the tests of the executor. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Assignment, ReplicaAssignment, ReplicaMetrics } from '../../executor/assignment.js';
import type { ReplicaState } from '../../executor/control.js';
import { quietReport } from '../quiet-report.js';

export const replica: ReplicaAssignment = {
  group: '/demo/ledger@1',
  secretHex: 'ab'.repeat(32),
  seedHex: 'cd'.repeat(32),
  epochMs: 1_790_000_000_000,
  join: false,
  self: { slot: 0, member: 1, host: '127.0.0.1', consensusPort: 31000, servicePort: 31001 },
  peers: [
    { slot: 1, member: 2, host: '127.0.0.1', consensusPort: 31010, servicePort: 31011 },
    { slot: 2, member: 3, host: '127.0.0.1', consensusPort: 31020, servicePort: 31021 },
  ],
  transport: 'auto',
  gateway: null,
  suspicionMs: 400,
  durability: 'memory',
  dataDirectory: null,
  snapshot: { provider: 'replay' },
  returns: false,
};

export const hook = {
  provider: 'hook' as const,
  send: 'SAVE\r\n',
  expect: '+OK\r\n',
  file: 'dump.rdb',
  logBytes: 16_777_216,
};

export function assignment(change: Partial<Assignment> = {}): Assignment {
  return {
    appId: '/demo/ledger',
    appVersion: '2026-11-22T10:00:00.000Z',
    taskId: 'demo_ledger.1',
    deploymentId: null,
    command: { shell: 'exec sleep 60' },
    env: {},
    user: null,
    ports: [31001],
    killGraceMs: 3000,
    replica: null,
    health: null,
    check: null,
    ...change,
  };
}

export function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

export function state(
  change: Partial<ReplicaState> = {},
): Omit<ReplicaState, 'group' | 'slot' | 'member' | 'lagEntries'> {
  return {
    role: 'follower',
    term: 1,
    leader: 2,
    appliedIndex: 10,
    committedIndex: 12,
    configurationIndex: 1,
    configuration: [replica.self, ...replica.peers],
    peers: [{ member: 2, connected: true, transport: 'shm', transportReason: '', appliedIndex: 12 }],
    ...quietReport(),
    ...change,
  };
}

export const stateLine = (change: Partial<ReplicaState> = {}) => JSON.stringify({ type: 'state', ...state(change) });
export const metrics: ReplicaMetrics = {
  commitLatencyNs: { count: 3, sum: 1200, buckets: [[407, 3]] },
  batchEntries: { count: 3, sum: 3, buckets: [[1, 3]] },
  batchBytes: { count: 3, sum: 90, buckets: [[30, 3]] },
  elections: 1,
  divergences: 0,
  refusedConnections: {},
  journalBytes: 4096,
};
export const metricsLine = (change: Partial<ReplicaMetrics> = {}) =>
  JSON.stringify({ type: 'metrics', ...metrics, ...change });
export const helloLine = JSON.stringify({ type: 'hello', pid: 4711 });

/** A directory that is gone after `use`. */
export async function withDirectory<T>(use: (directory: string) => Promise<T> | T): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'gaia-executor-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** It is not there, or waits for its parent. */
export function hasEnded(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

/** Waits for what `find` finds; fails when it has not within the bound. */
export async function eventually<T>(
  what: string,
  find: () => T | undefined | null | false,
  boundMs = 10_000,
): Promise<T> {
  const endMs = performance.now() + boundMs;
  for (;;) {
    const found = find();
    if (found) return found;
    if (performance.now() > endMs) throw new Error(`not within ${boundMs} ms: ${what}`);
    await delay(20);
  }
}
