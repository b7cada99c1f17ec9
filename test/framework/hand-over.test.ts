import assert from 'node:assert/strict';
import type { FrameworkView } from '../../framework/service.js';
import { put, replicas, running, settled, story } from './model/running.js';
import { appSpec } from './model/world.js';

describe('scheduler: leadership on request', () => {
  it('moves leadership to the replica a user names, or to the most current one', () => {
    const world = running();
    const transfer = (slot: number | null) =>
      world.command({ type: 'transferLeadership', appId: '/demo/ledger', slot });
    const leads = (slot: number) => (view: FrameworkView) => view.apps[0]?.group?.leader?.slot === slot;
    const first = world.app('/demo/ledger').group?.leader?.slot as number;
    const heir = (first + 1) % 3;
    assert.equal(transfer(heir)?.ok, true);
    world.until(leads(heir), 5);
    assert.match(story(world), new RegExp(`leadership is to move to .*${heir}.*a user asked for it`));
    assert.equal(transfer(null)?.ok, true);
    world.until((view) => !leads(heir)(view), 5);
    const now = world.app('/demo/ledger').group?.leader?.slot as number;
    const told = story(world);
    assert.equal(transfer(now)?.ok, true, 'to the present leader changes nothing');
    world.tick(20_000);
    assert.equal(story(world), told);
  });

  it('refuses to move leadership where nobody could lead, and gives up in words when the heir does not take over', () => {
    const world = running();
    const transfer = (slot: number | null, appId = '/demo/ledger') => {
      const result = world.command({ type: 'transferLeadership', appId, slot });
      return result?.ok === false ? `${result.reason}: ${result.message}` : 'ok';
    };
    assert.match(transfer(7), /quorum: no replica in slot 7 .* slots that could: 0, 1, 2/);
    assert.match(transfer(0, '/none'), /notFound/);
    world.command(put(appSpec('/plain')));
    world.until(settled);
    assert.match(transfer(null, '/plain'), /invalid: "\/plain" is not replicated/);
    const leader = world.app('/demo/ledger').group?.leader?.slot as number;
    const group = world.mesos.groups.get('/demo/ledger@1');
    assert.ok(group);
    group.order = () => {};
    assert.equal(transfer((leader + 1) % 3), 'ok');
    world.until(() => /has not taken over within 10 s/.test(story(world)), 20);
    const member = (world.app('/demo/ledger').group?.leader?.member ?? 0) as number;
    for (const { replica } of replicas(world)) if (replica && replica.member !== member) group.end(replica.member);
    world.until(({ apps }) => apps.find(({ spec }) => spec.id === '/demo/ledger')?.group?.state !== 'whole');
    assert.match(transfer(null), /quorum: /);
  });
});
