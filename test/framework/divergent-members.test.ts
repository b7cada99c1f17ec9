import assert from 'node:assert/strict';
import { rebuildPausesMs } from '../../framework/scheduler/divergent-members.js';
import type { FakeGroup } from './model/fake-group.js';
import { pass, replicas, running, story } from './model/running.js';
import type { World } from './model/world.js';

const group = (world: World) => world.mesos.groups.get('/demo/ledger@1') as FakeGroup;
const numbers = (world: World) =>
  replicas(world)
    .map(({ replica }) => replica?.member ?? 0)
    .sort((a, b) => a - b);
const isWhole = (world: World) => world.app('/demo/ledger').group?.state === 'whole';
const taken = (world: World) =>
  story(world).match(/is taken out: its output differs from that of the majority/g)?.length ?? 0;

describe('scheduler: members whose output the majority contradicts', () => {
  for (const isLeader of [false, true])
    it(`are rebuilt, ${isLeader ? 'also when they lead' : 'and the others stay'}`, () => {
      const world = running();
      const before = numbers(world);
      const strange = replicas(world).find(
        ({ replica }) => (replica?.member === group(world).leader) === isLeader,
      )?.replica;
      assert.ok(strange);
      group(world).divergent.add(strange.member);
      world.until(() => isWhole(world) && !numbers(world).includes(strange.member), 60);
      const stayed = before.filter((member) => member !== strange.member);
      assert.deepEqual(numbers(world), [...stayed, Math.max(...before) + 1]);
      assert.equal(taken(world), 1);
      assert.match(story(world), /since index 7: it is rebuilt from what the others have \(1 of 3\)/);
    });

  it('are left alone while there is no majority against them', () => {
    const world = running();
    const before = numbers(world);
    group(world).divergent.add(before[0] as number);
    group(world).silent.add(before[1] as number);
    pass(world, 60);
    assert.deepEqual(numbers(world), before);
    assert.equal(taken(world), 0);
  });

  it('are not rebuilt where the group would not bear it: it waits until all others have come back', () => {
    const world = running();
    const before = numbers(world);
    group(world).connect(before[1] as number, false);
    pass(world, 5);
    group(world).divergent.add(before[2] as number);
    pass(world, 60);
    assert.equal(taken(world), 0);
    assert.ok(numbers(world).includes(before[2] as number));
    group(world).connect(before[1] as number, true);
    world.until(() => taken(world) === 1, 60);
  });

  it('are rebuilt so many times, with longer and longer pauses, and then a person is asked', () => {
    const world = running();
    group(world).divergentSlots.add(1);
    const atMs: number[] = [];
    for (const pauseMs of rebuildPausesMs) {
      const count = taken(world) + 1;
      world.until(() => taken(world) === count, pauseMs / 1000 + 120);
      atMs.push(world.now);
    }
    const stepMs = 1000; // of the world: what has happened is seen so much later
    const gaps = atMs.slice(1).map((ms, index) => ms - (atMs[index] as number));
    for (const [index, gap] of gaps.entries())
      assert.ok(gap >= (rebuildPausesMs[index + 1] as number) - stepMs, String(gaps));
    world.until(() => /is not rebuilt any more: 3 times were in vain/.test(story(world)), 120);
    const told = story(world);
    pass(world, 1200);
    assert.equal(taken(world), rebuildPausesMs.length);
    assert.equal(story(world), told, 'it is said once');
  });
});
