import assert from 'node:assert/strict';
import { pass, put, running, runningTasks, settled, story } from './model/running.js';
import { appSpec, replicatedSpec, type World } from './model/world.js';

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

  it('says yes to an inverse offer where nothing runs, or all leaves and the group keeps its majority', () => {
    const world = running({}, 5);
    const [first, second, third] = world.mesos
      .living('/demo/ledger')
      .map(({ agentId }) => agentId)
      .sort() as [string, string, string];
    const free = [...world.mesos.agents.keys()].find((id) => ![first, second, third].includes(id));
    const far = world.now + 30 * hourMs;
    inverseOffer(world, first, 'I1', far);
    inverseOffer(world, free, 'I2', far);
    const near = world.now + hourMs / 2;
    inverseOffer(world, second, 'I3', near);
    inverseOffer(world, third, 'I4', near);
    inverseOffer(world, first, 'I5', near);
    inverseOffer(world, second, 'I6', near);
    inverseOffer(world, first, 'I7', near);
    assert.deepEqual(answers(world), [
      ['no', 'I1'],
      ['yes', 'I2'],
      ['yes', 'I3'],
      ['no', 'I4'],
      ['no', 'I5'],
      ['no', 'I6'],
      ['yes', 'I7'],
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

describe('scheduler: what runs on an agent that goes down', () => {
  const agentsOf = (world: World, id: string) =>
    runningTasks(world, id)
      .map(({ agentId }) => agentId)
      .sort();
  /** The least that `count` has said when something was about to be killed; 9: nothing was. */
  const fewestAtKills = (world: World, count: () => number): (() => number) => {
    let fewest = 9;
    world.mesos.onKill = () => {
      fewest = Math.min(fewest, count());
    };
    return () => fewest;
  };
  const onTime = (world: World, inMs: number, ...ids: string[]) => {
    for (const id of ids) {
      const agent = world.mesos.agents.get(id);
      assert.ok(agent);
      agent.unavailability = { start: nanoseconds(world.now + inMs), duration: nanoseconds(hourMs) };
      inverseOffer(world, id, `of ${id}`, world.now + inMs);
    }
  };

  it('is left alone until an hour before, then a successor of a replica joins before it leaves, and the leader hands over', () => {
    const world = running({}, 5);
    const led = world.app('/demo/ledger').group?.leader?.slot;
    const leader = runningTasks(world, '/demo/ledger').find(({ replica }) => replica?.slot === led);
    const stay = agentsOf(world, '/demo/ledger').filter((id) => id !== leader?.agentId);
    const group = world.mesos.groups.get('/demo/ledger@1');
    assert.ok(group && leader);
    const fewest = fewestAtKills(world, () => group.configuration.length);
    onTime(world, 2 * hourMs, leader.agentId);
    pass(world, 60);
    assert.equal(fewest(), 9, 'nothing is stopped two hours before');
    onTime(world, hourMs, leader.agentId);
    world.until(() => world.mesos.living('/demo/ledger').every(({ agentId }) => agentId !== leader.agentId));
    assert.equal(fewest(), 3);
    assert.ok(stay.every((id) => agentsOf(world, '/demo/ledger').includes(id)));
    world.until((view) => view.apps[0]?.group?.state === 'whole' && view.apps[0]?.group.leader !== null);
    assert.match(story(world), /is to move: box\d goes down: maintenance begins at .*Z, in \d+ min, and /);
    assert.doesNotMatch(story(world), /degraded/, 'nothing is missing on the way');
    world.calls.length = 0;
    inverseOffer(world, leader.agentId, 'later', world.now + hourMs);
    assert.deepEqual(answers(world), [['yes', 'later']]);
  });

  it('moves one replica after another when two of three agents go down, and none to the one that goes down, too', () => {
    const world = running({}, 6);
    const [first, second] = agentsOf(world, '/demo/ledger') as [string, string];
    const spare = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6'].filter((id) => !agentsOf(world, '/demo/ledger').includes(id));
    const group = world.mesos.groups.get('/demo/ledger@1');
    assert.ok(group);
    const fewest = fewestAtKills(world, () => group.configuration.length);
    const down = [first, second, spare[0] as string];
    onTime(world, hourMs / 2, ...down);
    world.until(() => agentsOf(world, '/demo/ledger').every((id) => !down.includes(id)));
    assert.equal(fewest(), 3);
  });

  it('stays when all other agents go down, too, or the window is called off', () => {
    const world = running({}, 4);
    const before = agentsOf(world, '/demo/ledger');
    onTime(world, hourMs / 2, 'S1', 'S2', 'S3', 'S4');
    pass(world, 120);
    assert.deepEqual(agentsOf(world, '/demo/ledger'), before);
    assert.equal(world.view().queue[0]?.appId, '/demo/ledger', 'the queue says what waits for another agent');
    for (const agent of world.mesos.agents.values()) delete agent.unavailability;
    for (const id of ['S1', 'S2', 'S3', 'S4']) {
      const event = { inverse_offer_id: { value: `of ${id}` } };
      world.feed({
        type: 'mesos',
        now: world.now,
        event: { type: 'RESCIND_INVERSE_OFFER', rescind_inverse_offer: event },
      });
    }
    pass(world, 120);
    assert.deepEqual([agentsOf(world, '/demo/ledger'), world.view().queue], [before, []]);
    assert.equal(world.app('/demo/ledger').group?.state, 'whole');
  });

  it('of plain apps is stopped when its successor runs; what has a volume stays, and its app says so once', () => {
    const world = running({}, 4);
    const residency = {
      volumes: [{ containerPath: 'data', sizeMb: 8 }],
      taskLostBehavior: 'WAIT_FOREVER' as const,
      relaunchEscalationTimeoutSeconds: 1,
    };
    const unreachable = { unreachableStrategy: 'disabled' as const };
    const upgrade = { upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 } };
    world.command(put(appSpec('/web', { instances: 2 })));
    world.command(put(appSpec('/kept', { instances: 1, residency, ...unreachable, ...upgrade })));
    world.until(settled);
    const [kept] = agentsOf(world, '/kept') as [string];
    const [web] = agentsOf(world, '/web') as [string];
    const fewest = fewestAtKills(world, () => runningTasks(world, '/web').length);
    onTime(world, hourMs / 2, ...new Set([kept, web]));
    onTime(world, hourMs / 2, kept);
    world.until(() => !agentsOf(world, '/web').includes(web) && agentsOf(world, '/web').length === 2);
    assert.ok(fewest() >= 2, `${fewest()} tasks ran`);
    pass(world, 60);
    assert.deepEqual(agentsOf(world, '/kept'), [kept]);
    assert.equal(
      story(world, '/kept').match(/stays on box\d .*, where maintenance begins at .* in volumes there/g)?.length,
      1,
    );
    world.calls.length = 0;
    inverseOffer(world, kept, 'last', world.now + hourMs);
    assert.deepEqual(answers(world), [['no', 'last']]);
  });
});
