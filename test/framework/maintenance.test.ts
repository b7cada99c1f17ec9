import assert from 'node:assert/strict';
import { put, running, settled } from './model/running.js';
import { replicatedSpec, type World } from './model/world.js';

const hourMs = 3_600_000;
const nanoseconds = (ms: number) => ({ nanoseconds: ms * 1e6 });
const hosts = (world: World) =>
  world
    .app('/a')
    .tasks.map(({ agentId }) => agentId)
    .sort();

/** Where a group's three replicas go when S1, one of four known agents, has a window. */
function placed(told: (world: World) => void, agents = 4): World {
  const world = running({}, agents);
  told(world);
  world.command(put(replicatedSpec('/a')));
  world.until((view) => settled(view) && view.apps.every(({ group }) => group?.state === 'whole'));
  return world;
}

const sentenceOf = (world: World, id: string) =>
  world
    .app(id)
    .tasks.flatMap(({ placement }) => placement?.others ?? [])
    .find(({ hostname }) => hostname === 'box1')?.sentence ?? '';

const byOffer = (inMs: number) => (world: World) => {
  const agent = world.mesos.agents.get('S1');
  assert.ok(agent);
  agent.unavailability = { start: nanoseconds(world.now + inMs), duration: nanoseconds(hourMs) };
};

function inverseOffer(world: World): void {
  const inverse = {
    id: { value: 'I1' },
    framework_id: { value: 'fw-1' },
    agent_id: { value: 'S1' },
    unavailability: { start: nanoseconds(world.now) },
  };
  const event = { type: 'INVERSE_OFFERS' as const, inverse_offers: { inverse_offers: [inverse] } };
  world.feed({ type: 'mesos', now: world.now, event });
}

describe('scheduler: maintenance', () => {
  it('avoids an agent whose window begins soon, and says so', () => {
    const world = placed(byOffer(hourMs / 2));
    assert.deepEqual(hosts(world), ['S2', 'S3', 'S4']);
    assert.match(
      sentenceOf(world, '/a'),
      /^box1: avoided \(maintenance begins at .*Z, in 30 min, and takes 60 min\) while others do$/,
    );
  });

  it('avoids none whose window is far away or over', () => {
    for (const inMs of [30 * hourMs, -2 * hourMs])
      assert.doesNotMatch(sentenceOf(placed(byOffer(inMs)), '/a'), /maint/);
  });

  it('takes it when no other agent does, and says so', () => {
    const world = placed(byOffer(0), 3);
    assert.deepEqual(hosts(world), ['S1', 'S2', 'S3']);
    assert.match(sentenceOf(world, '/a'), /^box1: taken although it is to be avoided \(maintenance has begun at /);
  });

  it('waits a moment for one that has not offered yet before it takes it', () => {
    const world = running({}, 4);
    byOffer(0)(world);
    world.mesos.setUp('S4', false);
    world.command(put(replicatedSpec('/a')));
    for (let i = 0; i < 3; i++) {
      world.tick(500);
      world.deliverAll();
    }
    assert.deepEqual(hosts(world), []);
    world.mesos.setUp('S4', true);
    world.until(settled);
    assert.deepEqual(hosts(world), ['S2', 'S3', 'S4']);
  });

  it('knows of windows from inverse offers, which it declines, until an offer says that there is none', () => {
    const world = placed((told) => {
      told.command(put(replicatedSpec('/a')));
      told.tick(500);
      const first = told.mesos.events.findIndex(
        (event) => event.type === 'OFFERS' && event.offers.offers[0]?.agent_id.value === 'S1',
      );
      told.deliver(first);
      inverseOffer(told);
      const declined = told.calls.find(({ type }) => type === 'DECLINE_INVERSE_OFFERS');
      assert.deepEqual(declined, {
        type: 'DECLINE_INVERSE_OFFERS',
        decline_inverse_offers: { inverse_offer_ids: [{ value: 'I1' }] },
      });
    });
    assert.match(sentenceOf(world, '/a'), /^box1: avoided \(maintenance has begun at .*, and no end is known\)/);
    world.command(put(replicatedSpec('/b')));
    world.until((view) => settled(view) && view.apps.length === 3);
    assert.doesNotMatch(sentenceOf(world, '/b'), /maintenance/);
  });
});
