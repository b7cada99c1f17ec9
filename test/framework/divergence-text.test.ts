import assert from 'node:assert/strict';
import { divergenceText } from '../../framework/scheduler/divergence-text.js';
import type { MemberTask } from '../../framework/scheduler/quorum.js';

const task = { appId: '/demo/odd', replica: { self: { slot: 1, member: 4 } } } as unknown as MemberTask;
const bytes = { connection: 131, fromByte: 17, here: '6131', there: '6232', clockCallsHere: 3, clockCallsThere: 3 };
const told = (difference?: object | null) =>
  divergenceText(task, { index: 250, otherMember: 2, difference: difference as never });

describe('what is told of a divergence', () => {
  it('names app, replica, position, connection and the bytes of both', () => {
    assert.equal(
      told(bytes),
      'replica 1 (member 4) and member 2 of /demo/odd have diverged at index 250: to connection 131, from byte 17 on, member 4 has said 0x6131, member 2 0x6232',
    );
    assert.match(told({ ...bytes, here: '' }), /member 4 has said nothing, member 2 0x6232$/);
  });

  it('says what is not known', () => {
    assert.match(told({ ...bytes, there: null }), /member 2 other bytes, which are not known here$/);
    assert.match(told({ ...bytes, connection: null }), /the bytes that differ are not kept$/);
    assert.match(told(null), /no longer kept, they may have differed before$/);
    assert.match(told(), /no longer kept/);
  });

  it('names clock calls where the bytes are equal', () => {
    assert.match(
      told({ ...bytes, connection: null, clockCallsThere: 4 }),
      /asked for the time 3 times, member 2 4 times$/,
    );
  });
});
