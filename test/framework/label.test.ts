import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReplicaReport } from '../../executor/assignment.js';
import { labelOf, unexpectedReasons } from '../../framework/label.js';
import { quietReport } from '../quiet-report.js';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const report = (change: Partial<ReplicaReport>) => ({ ...quietReport(), ...change }) as ReplicaReport;

describe('the label of a replica', () => {
  it('has a sentence for all that the interposer counts, and for nothing else', () => {
    const header = readFileSync(path.join(root, 'consensus/native/interpose/unexpected.h'), 'utf8');
    const counted = [...header.matchAll(/each\((\w+)\)/g)].map(([, name]) => name as string);
    assert.ok(counted.length > 10);
    assert.deepEqual(Object.keys(unexpectedReasons).sort(), [...counted, 'fedBeforeRest'].sort());
  });

  it('is exact without reasons, and says why it is not', () => {
    assert.deepEqual(labelOf(report({})), { label: 'exact', reasons: [] });
    const { label, reasons } = labelOf(report({ label: 'checked', unexpected: { connect: 2, new: 1 } }));
    assert.equal(label, 'checked');
    assert.match(reasons[0] ?? '', /connected to another server/);
    assert.equal(reasons[1], 'it has done what is counted as new');
  });

  it('is not exact of who has put out other bytes than another, and says where such a program belongs', () => {
    const { label, reasons } = labelOf(
      report({ divergence: { index: 12, otherMember: 3 }, unexpected: { connect: 1 } }),
    );
    assert.equal(label, 'diverged');
    assert.match(
      reasons[0] ?? '',
      /^it and member 3 have put out different bytes at entry 12; .*rdtsc.* virtual machine$/,
    );
    assert.match(reasons[1] ?? '', /connected to another server/);
  });

  it('says what a guest and a program behind a gateway are promised', () => {
    assert.match(labelOf(report({ label: 'vm' })).reasons.join(), /its whole machine is replicated/);
    assert.match(labelOf(report({ label: 'gateway' })).reasons.join(), /cannot be preloaded/);
  });
});
