import assert from 'node:assert/strict';
import { hostFacts } from '../../framework/host-facts/facts.js';
import { moveWaitMs } from '../../framework/scheduler/rebalances.js';
import { planRebalance } from '../../placement/index.js';
import { put, replicas, running, settled, story } from './model/running.js';
import { appSpec, type World } from './model/world.js';

const named = (id: string) => ({ agentId: id, hostname: `box${id.slice(1)}` });
const move = (group: string, from: string, to: string) => ({
  ...{ group, from: named(from), to: named(to) },
  sentence: 'it gains',
});
const rebalance = (world: World, moves: ReturnType<typeof move>[]) =>
  world.command({ type: 'rebalance', moves, gainMin: 0 });
const used = (world: World, id = '/demo/ledger') =>
  world
    .app(id)
    .tasks.map(({ agentId }) => agentId)
    .sort();
const free = (world: World) => ['S1', 'S2', 'S3', 'S4', 'S5', 'S6'].filter((id) => !used(world).includes(id));
const zones = (world: World) => world.app('/demo/ledger').tasks.map(({ zone }) => zone);

const timesLeftOut = (world: World) => story(world).split('is left out').length - 1;

/** All replicas in one of two zones, after the other one was drained. */
function crowded(): World {
  const world = running({}, 6);
  const drain = world.command({ type: 'drain', wanted: { zone: ['z1'] } });
  world.until(settled);
  world.command({ type: 'cancelDeployment', deploymentId: (drain?.ok && drain.deploymentId) || '', force: false });
  return world;
}

/** While the framework is not connected: it is never told. */
function removeUnheard(world: World, agentIds: string[]): void {
  world.mesos.disconnect();
  world.feed({ type: 'disconnected', now: world.now });
  for (const id of agentIds) world.mesos.markGone(id);
  world.connect();
}

/** As an executor does when it begins. */
function tellHost(world: World, agentId: string): void {
  const data = Buffer.from(JSON.stringify({ host: hostFacts('/'), nowMs: world.now })).toString('base64');
  const message = { agent_id: { value: agentId }, executor_id: { value: 'some.task' }, data };
  world.feed({ type: 'mesos', now: world.now, event: { type: 'MESSAGE', message } });
}

describe('scheduler: rebalances', () => {
  it('move a replica to the agent that was planned, its successor first', () => {
    const world = running({}, 6);
    const group = world.mesos.groups.get('/demo/ledger@1');
    let fewest = 3;
    world.mesos.onKill = () => {
      fewest = Math.min(fewest, group?.active().length ?? 0);
    };
    const [from] = used(world) as [string];
    const [, , to] = free(world) as [string, string, string];
    const begun = rebalance(world, [move('/demo/ledger', from, to)]);
    assert.ok(begun?.ok);
    const busy = rebalance(world, [move('/demo/ledger', from, to)]);
    assert.deepEqual(busy?.ok === false && busy.reason, 'busy');
    world.until(settled);
    assert.deepEqual([used(world).includes(from), used(world).includes(to), fewest], [false, true, 3]);
    assert.match(story(world), /is to move: it is better placed on box\d: it gains/);
  });

  it('go on after a crash, one after another', () => {
    const world = running({}, 6);
    const [a, b] = used(world) as [string, string];
    const [x, y] = free(world) as [string, string];
    rebalance(world, [move('/demo/ledger', a, x), move('/demo/ledger', b, y)]);
    world.until(() => world.mesos.living('/demo/ledger').length === 4);
    assert.equal(
      world.view().deployments[0]?.waitingFor?.includes(`${named(a).hostname} -> ${named(x).hostname}`),
      true,
    );
    world.crash();
    world.until(settled);
    assert.deepEqual([used(world).includes(x), used(world).includes(y), used(world).length], [true, true, 3]);
  });

  it('leave out a move that does not stand as planned', () => {
    const world = running({}, 6);
    const [a, b] = used(world) as [string, string];
    const [x, y] = free(world) as [string, string];
    rebalance(world, [move('/demo/ledger', a, x), move('/demo/ledger', b, y)]);
    world.command({ type: 'drain', wanted: { agent: [x] } });
    world.until(settled);
    assert.match(
      story(world),
      new RegExp(`the move from .* to ${named(x).hostname} is left out: ${named(x).hostname} is closed`),
    );
    assert.doesNotMatch(story(world), new RegExp(named(y).hostname), 'nothing gains, so the rest is gone');
    assert.deepEqual(used(world).includes(a), true);
  });

  it('plan the rest anew when a move does not stand as planned', () => {
    const world = crowded();
    const { moves } = planRebalance(world.scheduler.cluster(world.now).cluster);
    world.command({ type: 'drain', wanted: { agent: [moves[0]?.to.hostname ?? ''] } });
    assert.ok(world.command({ type: 'rebalance', moves, gainMin: 0 })?.ok);
    world.until(settled);
    assert.match(story(world), new RegExp(`to ${moves[0]?.to.hostname} is left out`));
    assert.ok(zones(world).includes('z1'), `${zones(world)}`);
  });

  it('plan no second time with an agent that was removed unheard', () => {
    const world = crowded();
    const { moves } = planRebalance(world.scheduler.cluster(world.now).cluster);
    removeUnheard(world, [moves[0]?.to.agentId ?? '']);
    assert.ok(world.command({ type: 'rebalance', moves, gainMin: 0 })?.ok);
    world.until(settled, moveWaitMs / 1000 + 60);
    assert.equal(timesLeftOut(world), 1);
    assert.ok(zones(world).includes('z1'), `${zones(world)}`);
  });

  it('wait once for all agents that were removed unheard, and go on knowing those where tasks run', () => {
    const world = crowded();
    const before = used(world);
    const { moves } = planRebalance(world.scheduler.cluster(world.now).cluster);
    for (const agentId of world.mesos.agents.keys()) tellHost(world, agentId);
    removeUnheard(world, ['S1', 'S3', 'S5']);
    const full = world.mesos.agents.get(before[0] as string);
    Object.assign(full ?? {}, { takenUntilMs: Number.POSITIVE_INFINITY });
    assert.ok(world.command({ type: 'rebalance', moves, gainMin: 0 })?.ok);
    world.until(settled, moveWaitMs / 1000 + 60);
    assert.deepEqual([timesLeftOut(world), used(world)], [1, before]);
    const known = world.scheduler.cluster(world.now).cluster.agents.map(({ id }) => id);
    assert.deepEqual(known.sort(), before);
    const machines = world.scheduler.agents(world.now).flatMap(({ agentId, host }) => (host ? [agentId] : []));
    assert.deepEqual(machines.sort(), before, 'what was told of the machines that are gone is forgotten');
  });

  it('leave out a move whose agent has no room, after a while, and change nothing', () => {
    const world = running({}, 6);
    const [x] = free(world) as [string];
    world.mesos.setUp(x, false);
    const before = used(world);
    rebalance(world, [move('/demo/ledger', before[0] as string, x)]);
    world.until((view) => /a successor of replica \d waits for an agent/.test(view.deployments[0]?.waitingFor ?? ''));
    assert.equal(world.app('/demo/ledger').group?.state, 'whole', 'nothing is missing meanwhile');
    world.until(settled, moveWaitMs / 1000 + 60);
    assert.match(story(world), /is left out: no successor of replica \d .* within 10 minutes/);
    world.tick(1000);
    assert.deepEqual([used(world), replicas(world).length], [before, 3]);
  });

  it('are cancelled as deployments are', () => {
    const world = running({}, 6);
    const before = used(world);
    const [x] = free(world) as [string];
    const begun = rebalance(world, [move('/demo/ledger', before[0] as string, x)]);
    world.until(() => world.mesos.living('/demo/ledger').length === 4);
    world.command({ type: 'cancelDeployment', deploymentId: (begun?.ok && begun.deploymentId) || '', force: false });
    world.until((view) => settled(view) && used(world).length === 3);
    assert.deepEqual(used(world), before);
  });

  it('move tasks of plain apps, whose successors run first', () => {
    const world = running({ instances: 1 }, 6);
    world.command(put(appSpec('/web', { instances: 2 })));
    world.until(settled);
    const [from] = used(world, '/web') as [string];
    rebalance(world, [move('/web', from, 'S6')]);
    let fewest = 9;
    world.mesos.onKill = () => {
      fewest = Math.min(fewest, world.mesos.living('/web').length);
    };
    world.until(settled);
    assert.deepEqual([used(world, '/web').includes('S6'), used(world, '/web').length, fewest], [true, 2, 3]);
  });
});
