import assert from 'node:assert/strict';
import { put, running, settled } from './model/running.js';
import { replicatedSpec } from './model/world.js';

describe('scheduler: leaders', () => {
  it('founds groups where the fewest others are led, or will be first', () => {
    const world = running({}, 3);
    const before = world.app('/demo/ledger').group?.leader?.slot;
    const to = before === 1 ? 2 : 1;
    world.command({ type: 'transferLeadership', appId: '/demo/ledger', slot: to });
    world.until((view) => view.apps[0]?.group?.leader?.slot === to);
    const ids = ['/a', '/b', '/c', '/d', '/e'];
    world.command(put(...ids.map((id) => replicatedSpec(id))));
    world.until((view) => settled(view) && view.apps.every(({ group }) => group?.state === 'whole'));
    const led = world.app('/demo/ledger').tasks.find(({ replica }) => replica?.slot === to)?.agentId;
    const first = ids.map((id) => world.app(id).tasks.find(({ replica }) => replica?.slot === 0)?.agentId);
    assert.deepEqual([led, ...first].sort(), ['S1', 'S1', 'S2', 'S2', 'S3', 'S3']);
  });
});
