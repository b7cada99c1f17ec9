import assert from 'node:assert/strict';
import { guestMetrics } from '../../guest-report.js';
import { call, freshApi, ledger, put, service, web } from './harness.js';
import { replicatedGuest, reportGuest } from './replicated-guest.js';

const at = '/v2/apps/demo/guest/guest';

describe('api: a replicated guest', () => {
  freshApi();

  it('is shown with its roles, its rounds and its output', async () => {
    await put(replicatedGuest);
    reportGuest(service);
    const { status, body } = await call('GET', at);
    assert.equal(status, 200);
    assert.deepEqual(
      [body.primary, body.backup, body.covered, body.standing, body.epoch, body.synced],
      [1, 2, true, 'covered', 2, 0],
    );
    const rows = body.members.map(({ slot, member, role, standing }: Record<string, unknown>) => [
      ...[slot, member, role, standing],
    ]);
    assert.deepEqual(rows, [
      [0, 1, 'primary', 'covered'],
      [1, 2, 'backup', null],
      [2, 3, 'witness', null],
    ]);
    const { triggers, recent, ...sums } = body.rounds;
    assert.deepEqual(triggers, { seed: 1, time: 80, mismatch: 19 });
    assert.deepEqual(sums, { ...guestMetrics.rounds, count: 100, pauseP50Us: 1983, pauseP99Us: 9983 });
    const { last } = guestMetrics.recent ?? {};
    assert.deepEqual(recent, { count: 3, perSecond: 5, pauseP50Us: 1900, pauseP99Us: 9000, last });
    assert.deepEqual(body.frames, guestMetrics.frames);
  });

  it('is shown as unknown before anyone has reported', async () => {
    await put(replicatedGuest);
    const { body } = await call('GET', at);
    const { primary, covered: isCovered, epoch, standing, rounds, frames } = body;
    assert.deepEqual([primary, isCovered, epoch, standing, rounds, frames], [null, false, null, null, null, null]);
  });

  it('takes orders: a round with a number of its own, and a fail-over', async () => {
    await put(replicatedGuest);
    reportGuest(service);
    const [first, second] = [await call('POST', `${at}/sync`), await call('POST', `${at}/sync`)];
    assert.deepEqual([first.status, first.body.appId], [202, '/demo/guest']);
    assert.ok(second.body.request > first.body.request);
    assert.deepEqual((await call('GET', at)).body.synced, second.body.request);
    const moved = await call('POST', `${at}/failover`);
    assert.deepEqual([moved.status, moved.body], [202, { appId: '/demo/guest' }]);
    assert.deepEqual(service.commands.slice(-3), [
      { type: 'syncGuest', appId: '/demo/guest', request: first.body.request },
      { type: 'syncGuest', appId: '/demo/guest', request: second.body.request },
      { type: 'failOverGuest', appId: '/demo/guest' },
    ]);
  });

  it('refuses other apps by what they are, and orders that nobody can follow', async () => {
    const single = { ...replicatedGuest, id: '/single', replication: undefined, instances: 1 };
    await put(web, ledger, single, replicatedGuest);
    for (const [id, words] of [
      ['shop/web', /App '\/shop\/web' is not a virtual machine/],
      ['demo/ledger', /App '\/demo\/ledger' is not a virtual machine/],
      ['single', /The virtual machine '\/single' is not replicated/],
    ] as const) {
      const { status, body } = await call('GET', `/v2/apps/${id}/guest`);
      assert.equal(status, 404);
      assert.match(body.message, words);
      assert.ok(body.remedy);
    }
    service.refusals.push({ ok: false, reason: 'uncovered', message: 'no backup covers the guest' });
    const { status, body } = await call('POST', `${at}/failover`);
    assert.deepEqual([status, body.message], [409, 'no backup covers the guest']);
    assert.match(body.remedy, /GET \/v2\/apps\/demo\/guest\/guest/);
    assert.equal((await call('POST', at)).status, 405);
  });

  it('leaves ids that end like its resources to users', async () => {
    await put({ id: '/shop/guest', cmd: 'sleep 1' }, { id: '/demo/guest/sync', cmd: 'sleep 1' });
    assert.equal((await call('GET', '/v2/apps/shop/guest')).body.app.id, '/shop/guest');
    assert.equal((await call('GET', `${at.replace(/guest$/, '')}sync`)).body.app.id, '/demo/guest/sync');
    assert.equal((await call('POST', '/v2/apps/demo/guest/sync')).status, 405);
  });
});
