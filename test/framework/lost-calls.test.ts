/** Calls that take offers, and to which no answer comes. */
import assert from 'node:assert/strict';
import { settled } from './model/running.js';
import { appSpec, type Fate, World } from './model/world.js';

/** A world of one agent, in which this becomes of the first call of the type. */
function firstIs(type: 'ACCEPT' | 'DECLINE', fate: Fate): World {
  const world = new World(1);
  let isOver = false;
  world.fateOf = (call) => {
    if (isOver || call.type !== type) return 'taken';
    isOver = true;
    return fate;
  };
  world.connect();
  return world;
}

const put = (world: World, instances: number, cpus = 0.5) =>
  world.command({
    type: 'putApps',
    specs: [appSpec('/web', { instances, cpus })],
    create: false,
    force: true,
  });

describe('scheduler: calls without an answer', () => {
  it('an ACCEPT that was lost is made good within seconds', () => {
    const world = firstIs('ACCEPT', 'lost');
    put(world, 2);
    world.until(settled, 10);
    assert.equal(world.mesos.living('/web').length, 2);
  });

  it('an ACCEPT that took effect is not made again', () => {
    const world = firstIs('ACCEPT', 'unanswered');
    put(world, 2);
    world.until(settled, 10);
    const launches = world.calls.filter(({ type }) => type === 'ACCEPT');
    assert.deepEqual([launches.length, world.mesos.tasks.size], [1, 2]);
  });

  it('a DECLINE that was lost keeps no agent out', () => {
    const world = firstIs('DECLINE', 'lost');
    put(world, 1, 100);
    world.until(
      ({ queue }) => queue[0]?.sentence !== undefined && world.calls.some(({ type }) => type === 'DECLINE'),
      30,
    );
    put(world, 1);
    world.until(settled, 20);
  });
});
