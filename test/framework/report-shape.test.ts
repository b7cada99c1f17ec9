import assert from 'node:assert/strict';
import type { ReplicaMetrics, ReplicaReport } from '../../executor/assignment.js';
import { nothingCounted } from '../../framework/distribution.js';
import { isReport } from '../../framework/scheduler/report-shape.js';
import { guestMetrics } from '../guest-report.js';
import { quietReport } from '../quiet-report.js';

const metrics: ReplicaMetrics = {
  ...{ commitLatencyNs: nothingCounted, batchEntries: nothingCounted, batchBytes: nothingCounted },
  ...{ elections: 1, divergences: 0, refusedConnections: { badSecret: 1 }, journalBytes: 7, guest: guestMetrics },
};
const report: Omit<ReplicaReport, 'metrics'> = {
  ...{ group: '/a@1', slot: 0, member: 1, pid: 7, role: 'leader', term: 1, leader: 1, appliedIndex: 1 },
  ...{ committedIndex: 1, lagEntries: 0, configurationIndex: 1, configuration: [], peers: [] },
  ...quietReport(),
  journalTo: 1,
};

describe('the shape of reports', () => {
  it('has counts from 0 on: a counter that goes down would end every answer of the metrics', () => {
    assert.ok(isReport({ ...report, metrics }));
    const wrong: Partial<ReplicaMetrics>[] = [
      { elections: -1 },
      { refusedConnections: { badSecret: -1 } },
      { commitLatencyNs: { ...nothingCounted, count: -1 } },
      { guest: { ...guestMetrics, triggers: { time: -1 } } },
      { guest: { ...guestMetrics, rounds: { ...guestMetrics.rounds, zeroPages: -1 } } },
      { guest: { ...guestMetrics, frames: guestMetrics.frames && { ...guestMetrics.frames, lost: -1 } } },
    ];
    for (const one of wrong)
      assert.equal(isReport({ ...report, metrics: { ...metrics, ...one } }), false, JSON.stringify(one));
  });
});
