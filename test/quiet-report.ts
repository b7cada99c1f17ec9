import type { ReplicaReport } from '../executor/assignment.js';

/** The part of a report that says nothing is wrong or under way; fakes add who and where the replica is. */
export function quietReport() {
  return {
    label: 'exact',
    unexpected: {},
    divergence: null,
    journalError: null,
    diskError: null,
    persistedIndex: null,
    journalFrom: 1,
    journalTo: 10,
    snapshotIndex: 0,
    snapshotError: null,
    joining: null,
  } satisfies Partial<ReplicaReport>;
}
