import assert from 'node:assert/strict';
import { put, running, settled, story } from './model/running.js';
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

function inverseOffer(world: World, agentId = 'S1', id = 'I1', startMs = world.now): void {
  const inverse = {
    id: { value: id },
    framework_id: { value: 'fw-1' },
    agent_id: { value: agentId },
    unavailability: { start: nanoseconds(startMs) },
  };
  const event = { type: 'INVERSE_OFFERS' as const, inverse_offers: { inverse_offers: [inverse] } };
  world.feed({ type: 'mesos', now: world.now, event });
}

const answers = (world: World) =>
  world.calls.flatMap((call) =>
    call.type === 'ACCEPT_INVERSE_OFFERS'
      ? [['yes', ...call.accept_inverse_offers.inverse_offer_ids.map(({ value }) => value)]]
      : call.type === 'DECLINE_INVERSE_OFFERS'
        ? [['no', ...call.decline_inverse_offers.inverse_offer_ids.map(({ value }) => value)]]
        : [],
  );

/** Where a plain app goes whose agents offer nothing that tells of windows. */
const isAvoided = (world: World, agentId: string) =>
  world.scheduler.cluster(world.now).cluster.agents.find(({ id }) => id === agentId)?.unavailable != null;

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

  it('knows of windows from inverse offers until an offer says that there is none', () => {
    const world = placed((told) => {
      told.command(put(replicatedSpec('/a')));
      told.tick(500);
      const first = told.mesos.events.findIndex(
        (event) => event.type === 'OFFERS' && event.offers.offers[0]?.agent_id.value === 'S1',
      );
      told.deliver(first);
      inverseOffer(told);
    });
    assert.match(sentenceOf(world, '/a'), /^box1: avoided \(maintenance has begun at .*, and no end is known\)/);
    world.command(put(replicatedSpec('/b')));
    world.until((view) => settled(view) && view.apps.length === 3);
    assert.doesNotMatch(sentenceOf(world, '/b'), /maintenance/);
  });

  it('says no to an inverse offer where its tasks stay, tells their apps once, and yes where nothing runs or all leaves', () => {
    const world = running({}, 4);
    const there = world.app('/demo/ledger').tasks[0]?.agentId as string;
    const free = ['S1', 'S2', 'S3', 'S4'].find(
      (id) => !world.mesos.living('/demo/ledger').some((one) => one.agentId === id),
    );
    const start = world.now;
    inverseOffer(world, there, 'I1', start);
    inverseOffer(world, free, 'I2', start);
    world.tick(1000);
    inverseOffer(world, there, 'I3', start);
    const told = /stays on box\d .*, where maintenance has begun at .*Z, and no end is known; gaia drain moves it/g;
    assert.equal(story(world).match(told)?.length, 1);
    world.command({ type: 'drain', wanted: { agent: [there] } });
    inverseOffer(world, there, 'I4', start);
    assert.deepEqual(answers(world), [
      ['no', 'I1'],
      ['yes', 'I2'],
      ['no', 'I3'],
      ['yes', 'I4'],
    ]);
  });

  it('forgets a window whose inverse offer is rescinded, or not repeated', () => {
    const world = running({}, 4);
    inverseOffer(world, 'S1', 'I1');
    inverseOffer(world, 'S2', 'I2');
    const event = {
      type: 'RESCIND_INVERSE_OFFER' as const,
      rescind_inverse_offer: { inverse_offer_id: { value: 'I1' } },
    };
    world.feed({ type: 'mesos', now: world.now, event });
    assert.deepEqual([isAvoided(world, 'S1'), isAvoided(world, 'S2')], [false, true]);
    world.tick(170_000);
    assert.equal(isAvoided(world, 'S2'), true);
    world.tick(20_000);
    assert.equal(isAvoided(world, 'S2'), false);
  });
});
