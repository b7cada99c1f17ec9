import assert from 'node:assert/strict';
import { joinStallMs } from '../../framework/scheduler/joiners.js';
import { put, replicas, running, settled, story } from './model/running.js';
import type { World } from './model/world.js';
import { replicatedSpec } from './model/world.js';

/** Lets time go by in steps in which all replicas report. */
function pass(world: World, ms: number): void {
  for (let passed = 0; passed < ms; passed += 30_000) {
    world.tick(30_000);
    world.mesos.reports(() => true);
    world.deliverAll();
  }
}

/** A group of three that is to have `instances` replicas; the first that joins, member 4, gets nothing. */
function withStuckJoiner(instances: number) {
  const world = running({}, 7);
  const group = world.mesos.groups.get('/demo/ledger@1');
  assert.ok(group);
  group.stuck.add(4);
  world.command(put(replicatedSpec('/demo/ledger', { instances })));
  return { world, group };
}

describe('scheduler: joiners that get no further', () => {
  it('are replaced, and the next ones are let in', () => {
    const { world } = withStuckJoiner(5);
    const startedMs = world.now;
    world.until(settled, 2 * (joinStallMs / 1000));
    assert.ok(world.now - startedMs >= joinStallMs, 'not before its time');
    assert.match(
      story(world),
      /\(member 4\) .* is taken out: it has stood still at index 0 for 5 minutes without joining/,
    );
    assert.match(story(world), /replacement: replica 3 \(member 6\) is placed on .*, avoiding box4/);
    const members = replicas(world).map(({ replica }) => replica?.member);
    assert.deepEqual(members.sort(), [1, 2, 3, 5, 6]);
  });

  it('are waited for while the group has no leader that could let them in', () => {
    const { world, group } = withStuckJoiner(4);
    world.until(() => replicas(world).length === 4);
    const leader = group.leader;
    for (const member of [1, 2, 3]) if (member !== leader) group.connect(member, false);
    assert.equal(group.leader, 0);
    pass(world, 2 * joinStallMs);
    assert.doesNotMatch(story(world), /stood still/);
  });

  it('are waited for while the bytes of a snapshot come, and no longer', () => {
    const { world, group } = withStuckJoiner(4);
    world.until(() => replicas(world).length === 4);
    const nearly = joinStallMs - 60_000;
    for (let thousands = 0; thousands < 4; thousands++) {
      group.joining.set(4, { provider: 1, bytesDone: thousands * 1000, bytesTotal: 5000 });
      pass(world, nearly);
    }
    group.joining.set(4, { provider: 2, bytesDone: 0, bytesTotal: 6000 });
    pass(world, nearly);
    assert.doesNotMatch(story(world), /stood still/, 'another snapshot begins anew');
    pass(world, 2 * joinStallMs);
    assert.match(story(world), /\(member 4\) .* has stood still with 0 of 6000 bytes of a snapshot for 5 minutes/);
  });
});
