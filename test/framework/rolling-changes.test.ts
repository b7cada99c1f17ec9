/** Every change of a replicated group, step by step: who leaves, who leads, and what is there at each moment. */
import assert from 'node:assert/strict';
import type { AppSpec } from '../../framework/app.js';
import { majorityOf } from '../../placement/index.js';
import type { FakeGroup } from './model/fake-group.js';
import { pass, put, replicas, running, settled, story } from './model/running.js';
import { replicatedSpec, type World } from './model/world.js';

const id = '/demo/ledger';

/** What the scheduler orders, in its order, with what was true at that moment. */
interface Step {
  what: 'handOver' | 'takeOut' | 'kill';
  member: number;
  leader: number;
  /** Members of the configuration that work. */
  working: number[];
  configuration: number[];
}

function recorded(world: World): { group: FakeGroup; steps: Step[] } {
  const group = world.mesos.groups.get(`${id}@1`);
  assert.ok(group);
  const steps: Step[] = [];
  const note = (what: Step['what'], member: number) => {
    const configuration = group.configuration.map((one) => one.member);
    const last = steps.at(-1);
    // Orders are repeated until they have been obeyed.
    if (last?.what === what && last.member === member) return;
    steps.push({ what, member, leader: group.leader, working: group.active(), configuration });
  };
  const order = group.order.bind(group);
  group.order = (to, body) => {
    if (body.type === 'removeMember') note('takeOut', body.member);
    if (body.type === 'transferLeadership') note('handOver', body.toMember);
    order(to, body);
  };
  world.mesos.onKill = (task) => note('kill', task.assignment.replica?.self.member ?? 0);
  return { group, steps };
}

/** What holds of every change: `missingMax` of `size` may be missing at a time. */
function judge(steps: Step[], size: number, missingMax: number): void {
  for (const { what, member, leader, working, configuration } of steps) {
    const left = working.filter((one) => one !== member);
    if (what === 'takeOut') {
      assert.notEqual(member, leader, 'leadership is handed over before the leader leaves');
      assert.equal(working.length, configuration.length, 'all that count work when one is taken out');
      assert.ok(left.length >= majorityOf(configuration.length - 1));
      assert.ok(left.length >= size - missingMax, `${left.length} of ${size} are left`);
    }
    if (what === 'kill') assert.ok(!configuration.includes(member), 'nobody is killed who counts');
    if (what === 'kill') assert.ok(working.length >= majorityOf(size), `${working.length} of ${size} work`);
  }
}

const takenOut = (steps: Step[]) => steps.filter(({ what }) => what === 'takeOut').map(({ member }) => member);
const members = (world: World) => replicas(world).map(({ replica }) => replica?.member ?? 0);

/** Sends the change and waits for its end; the members before, what happened, who led. */
function changed(world: World, send: () => unknown): { before: number[]; led: number; steps: Step[] } {
  const { group, steps } = recorded(world);
  const before = members(world);
  const led = group.leader;
  send();
  world.until((view) => settled(view) && view.apps[0]?.group?.state === 'whole');
  return { before, led, steps };
}

const budget = (replicasMissingMax: number): Partial<AppSpec> => ({
  upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1, replicasMissingMax },
});

describe('scheduler: rolling changes of a replicated group', () => {
  for (const [size, missingMax, ...names] of [
    [3, 1, 'a new version', 'a restart', 'a rollback'],
    [3, 0, 'a new version'],
    [5, 2, 'a restart'],
  ] as const) {
    const change = { instances: size, ...budget(missingMax) };
    const next = { ...change, env: { A: '1' } };
    const ways: Record<string, (world: World) => () => unknown> = {
      'a new version': (world) => () => world.command(put(replicatedSpec(id, next))),
      'a restart': (world) => () =>
        world.command({ type: 'restartApp', appId: id, version: new Date(2e12).toISOString(), force: false }),
      'a rollback': (world) => {
        world.command(put(replicatedSpec(id, next)));
        world.until((view) => settled(view) && view.apps[0]?.group?.state === 'whole');
        const earlier = world.app(id).versions.at(-1) as AppSpec;
        return () => world.command(put({ ...earlier, version: new Date(2e12).toISOString() }));
      },
    };
    for (const [name, prepare] of Object.entries(ways).filter(([one]) => names.some((name) => name === one)))
      it(`${name} of ${size} with ${missingMax} missing at most: followers first, then the leader, which hands over`, () => {
        const world = running(change, 9);
        const { before, led, steps } = changed(world, prepare(world));
        judge(steps, size, missingMax);
        assert.deepEqual([...takenOut(steps)].sort(), [...before].sort(), 'every earlier member leaves, once');
        assert.equal(takenOut(steps).at(-1), led, 'the leader is the last');
        const handOver = steps.findIndex(({ what }) => what === 'handOver');
        assert.ok(handOver >= 0 && !before.includes(steps[handOver]?.member ?? 0), 'to a member of the new version');
        assert.ok(members(world).every((member) => !before.includes(member)));
      });
  }

  it('up adds one after another, down takes one after another, the leader last of those that go', () => {
    const world = running({}, 9);
    const up = changed(world, () => world.command(put(replicatedSpec(id, { instances: 7 }))));
    assert.deepEqual([takenOut(up.steps), members(world).length], [[], 7]);
    const down = changed(world, () => world.command(put(replicatedSpec(id, { instances: 3 }))));
    judge(down.steps, 3, 0);
    assert.deepEqual([takenOut(down.steps).length, members(world).length], [4, 3]);
    assert.ok(members(world).includes(down.led), 'whoever leads stays');
  });

  it('wait for each successor to catch up, however long that takes', () => {
    const world = running({}, 9);
    const { group, steps } = recorded(world);
    const successor = Math.max(...members(world)) + 1;
    group.stuck.add(successor);
    world.command(put(replicatedSpec(id, { env: { A: '1' } })));
    pass(world, 200);
    assert.equal(takenOut(steps).length, 1, 'nobody else leaves while the first successor has not caught up');
    assert.match(world.view().deployments[0]?.waitingFor ?? '', /2 members count, 3 are wanted, 2 are to be replaced/);
    group.stuck.delete(successor);
    group.connect(successor, true);
    world.until((view) => settled(view) && view.apps[0]?.group?.state === 'whole');
    judge(steps, 3, 1);
    assert.equal(takenOut(steps).length, 3);
  });

  it('that cannot end say why at their deadline, and leave a majority that serves', () => {
    const world = running({}, 9);
    const { group, steps } = recorded(world);
    for (let member = 4; member < 20; member++) group.stuck.add(member);
    const startMs = world.now;
    const command = put(replicatedSpec(id, { env: { A: '1' } }));
    world.command({ ...command, deadline: { seconds: 120, rollBack: false } } as typeof command);
    world.until(settled);
    assert.ok(world.now - startMs < 130_000, `${world.now - startMs} ms`);
    judge(steps, 3, 1);
    assert.ok(group.active().length >= 2 && group.leader !== 0);
    const failed = world.published.find(({ eventType }) => eventType === 'deployment_failed');
    assert.ok(failed?.eventType === 'deployment_failed');
    assert.match(failed.reason, /has not ended within 120 s: \/demo\/ledger: /);
    assert.match(story(world), /has not ended within 120 s/);
  });
});
