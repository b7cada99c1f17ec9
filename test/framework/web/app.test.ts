import assert from 'node:assert/strict';
import type { ReplicaRow } from '../../../framework/web/model/app-json.js';
import { appended } from '../../../framework/web/model/log-tail.js';
import { placeText, remarksOn, roleOf, transportsOf } from '../../../framework/web/model/replica-words.js';

const replica = (more: Partial<ReplicaRow> = {}): ReplicaRow => ({
  ...{ slot: 0, member: 1, address: 'h:1', state: 'TASK_RUNNING', role: 'leader', term: 1, lagEntries: 0 },
  ...{ label: 'exact', divergence: null, joining: null, journalError: null, snapshotError: null },
  ...{ metrics: null, reportedAt: null, taskId: 't', host: 'h', zone: null, attributes: {}, message: null },
  ...more,
});
const peer = (member: number, connected: boolean, transportReason = '') => ({
  ...{ member, connected, transport: 'shm', transportReason },
});

describe('web: page of an app', () => {
  it('what a replica has not told is unknown', () => {
    assert.equal(roleOf(replica({ role: null }), null), 'unknown');
    assert.equal(transportsOf(replica()), 'unknown');
    assert.equal(transportsOf(replica({ transports: [peer(2, false)] })), 'none');
  });

  it('a member of a replicated guest has its standing beside its role', () => {
    const roles = { primary: 1, backup: 2, covered: true };
    assert.equal(roleOf(replica({ guest: { standing: 'covered' } }), roles), 'leader, primary (covered)');
    assert.equal(roleOf(replica({ member: 3, slot: 2, role: 'follower' }), roles), 'follower, witness');
  });

  it('divergence, joining and lost connections are said in words', () => {
    const told = replica({
      divergence: { index: 7, otherMember: 2 },
      joining: { provider: 2, bytesDone: 1, bytesTotal: 4 },
      transports: [peer(2, true), peer(3, false, 'refused')],
    });
    assert.deepEqual(remarksOn(told), [
      'Slot 0: its output differs from that of member 2 at entry 7',
      'Slot 0: it joins: 25 % of a snapshot from member 2',
      'Slot 0: not connected to member 3: refused',
    ]);
  });

  it('a place is a zone and a rack, as far as they are known', () => {
    assert.equal(placeText(null, { zone: 'b', rack: 'r1' }), 'zone b, rack r1');
    assert.equal(placeText('a', {}), 'zone a');
  });

  it('a log grows at its end, has a bound, and begins anew with its file', () => {
    assert.equal(appended('', { text: 'one\n', offset: 10 }, null), 'one\n');
    assert.equal(appended('one\n', { text: 'two\n', offset: 14 }, 14), 'one\ntwo\n');
    assert.equal(appended('one\n', { text: 'new\n', offset: 0 }, 14), 'new\n');
    const long = appended(`first\n${'x'.repeat(200_000)}\n`, { text: 'y'.repeat(100_000), offset: 9 }, 9);
    assert.ok(long.length < 262_144 && long.startsWith('y'));
  });
});
