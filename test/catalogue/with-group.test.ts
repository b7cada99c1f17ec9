import assert from 'node:assert/strict';
import { setImmediate as later } from 'node:timers/promises';
import { allEnd, thenStop } from './with-group.js';

const fails = async (message: string) => {
  throw new Error(message);
};

describe('the end of a run of the catalogue', () => {
  it('is told by what failed first, not by the group that does not stop', async () => {
    const unstoppable = { stop: () => fails('does not stop') };
    await assert.rejects(
      thenStop(() => fails('went wrong'), unstoppable),
      /went wrong/,
    );
    await assert.rejects(
      thenStop(async () => 1, unstoppable),
      /does not stop/,
    );
    assert.equal(await thenStop(async () => 1, { stop: async () => {} }), 1);
  });

  it('waits for those that go on when one has failed', async () => {
    let goesOn = true;
    let ended = false;
    const other = async () => {
      while (goesOn) await later();
      ended = true;
    };
    await assert.rejects(
      allEnd([other(), fails('went wrong')], () => {
        goesOn = false;
      }),
      /went wrong/,
    );
    assert.ok(ended);
  });
});
