/**
 * Values of labels that executors report as text. A program can speak for its replica, and executors of other versions have other words: what
 * is none of these counts as `other`, so that nobody makes series without end.
 */
import type { GuestReport, ReplicaRole } from '../../executor/assignment.js';
import { unexpectedReasons } from '../label.js';

export const knownLabels = {
  /** `refusals.h` */
  cause: [
    ...['badSecret', 'malformed', 'timedOut', 'tooMany', 'abandoned', 'formerMember', 'outOfBounds', 'stalled'],
    'otherLayout',
  ],
  name: Object.keys(unexpectedReasons),
  role: ['leader', 'candidate', 'follower', 'learner'] satisfies ReplicaRole[],
  standing: ['awaiting', 'backup', 'alone', 'seeding', 'covered'] satisfies GuestReport['standing'][],
  transport: ['none', 'shm', 'tcp', 'verbs'],
  /** `trigger` of `RoundReport` in executor/assignment.ts */
  trigger: ['seed', 'time', 'mismatch', 'full', 'idle', 'waiting', 'disk', 'operator', 'failover'],
} satisfies Record<string, readonly string[]>;

export type KnownLabel = keyof typeof knownLabels;

export function known(label: KnownLabel, value: string): string {
  const values: readonly string[] = knownLabels[label];
  return values.includes(value) ? value : 'other';
}
