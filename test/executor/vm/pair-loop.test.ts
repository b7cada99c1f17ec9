import assert from 'node:assert/strict';
import { ColoLoop } from '../../../executor/vm/colo-loop.js';
import { PairLoop, type PairNews, type PairPlace } from '../../../executor/vm/pair-loop.js';
import type { GuestStatus } from '../../../executor/vm/plane-lines.js';
import type { Qmp } from '../../../executor/vm/qmp.js';

const status: GuestStatus = {
  ...{ epoch: 2, primary: 1, backup: 2, connected: true, cut: 0, drained: false, round: 1, roundWanted: null },
};

describe('executor/vm: a pair and its loop', () => {
  it('tell what a step leads to after what the step itself tells', async () => {
    const told: PairNews[] = [];
    const place: PairPlace = {
      ...{ self: 2, migrationSocket: 'migration.sock', hasDisk: false },
      ...{ order: () => {}, giveWay: () => {} },
      tell: (news) => told.push(news),
    };
    const qmp = { execute: async () => ({}) } as unknown as Qmp;
    const loop = await PairLoop.awaiting(qmp, place);
    loop.onLine({ type: 'guest', guest: status });
    loop.onQmpEvent({ event: 'MIGRATION', data: { status: 'colo' } } as Parameters<PairLoop['onQmpEvent']>[0]);
    loop.onLine({ type: 'guest', guest: { ...status, epoch: 3, primary: 2, backup: 0 } });
    loop.close();
    const standings = told.map((news) => (news.type === 'guest' ? [news.guest.epoch, news.guest.standing] : []));
    assert.deepEqual(standings.at(-1), [3, 'alone'], JSON.stringify(standings));
    assert.deepEqual(standings.slice(0, 2).flat(), [2, 'awaiting', 2, 'backup']);
  });

  it('look whether QEMU lives, one look at a time', async () => {
    const told: string[] = [];
    let asked = 0;
    let fail: (error: Error) => void = () => {};
    const answer = new Promise((_, reject) => {
      fail = reject;
    });
    const execute = (command: string) => {
      assert.equal(command, 'query-status');
      asked++;
      return answer;
    };
    const colo = new ColoLoop({ execute } as unknown as Qmp, ({ type }) => told.push(type));
    colo.look();
    colo.look();
    assert.deepEqual([asked, told], [1, []]);
    fail(new Error('no answer'));
    await answer.catch(() => {});
    assert.deepEqual(told, ['deaf']);
    colo.look();
    assert.equal(asked, 2);
  });
});
