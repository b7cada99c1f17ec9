/** What people are told: once, in order, and nothing that is not known. */
import assert from 'node:assert/strict';
import type { ReplicaReport } from '../../executor/assignment.js';
import type { FrameworkView } from '../../framework/service.js';
import type { FakeGroup } from './model/fake-group.js';
import type { FakeTask } from './model/fake-mesos.js';
import { replicatedSpec, World } from './model/world.js';

const APP = '/demo/ledger';
const whole = (view: FrameworkView) => view.deployments.length === 0 && view.apps[0]?.group?.state === 'whole';

function deployed(): World {
  const world = new World();
  world.connect();
  world.command({ type: 'putApps', specs: [replicatedSpec(APP)], create: true, force: false });
  return world;
}

/** Three replicas that run and elect a leader, and no report of them yet. */
function running(): World {
  const world = deployed();
  for (let i = 0; i < 10; i++) {
    for (const task of world.mesos.tasks.values()) world.mesos.progress(task);
    world.tick(500);
    world.deliverAll();
  }
  return world;
}

const story = (world: World) => world.app(APP).story.map(({ text }) => text);
const groupLines = (world: World) => story(world).filter((text) => text.startsWith('the group is'));
const groupOf = (world: World) => world.mesos.groups.get(`${APP}@1`) as FakeGroup;
const leaderOf = (world: World) => groupOf(world).leader;
const taskOf = (world: World, member: number) =>
  [...world.mesos.tasks.values()].find((task) => task.assignment.replica?.self.member === member) as FakeTask;

/** The report of a member as it is now, or changed, as a message of its executor. */
function report(world: World, member: number, change: (report: ReplicaReport) => ReplicaReport = (same) => same): void {
  const found = groupOf(world).report(member);
  assert.ok(found);
  const task = taskOf(world, member);
  const data = Buffer.from(JSON.stringify(change(found))).toString('base64');
  const message = { agent_id: { value: task.agentId }, executor_id: task.info.task_id, data };
  world.feed({ type: 'mesos', now: world.now, event: { type: 'MESSAGE', message } });
}

const withoutPeer = (member: number) => (found: ReplicaReport) => ({
  ...found,
  peers: found.peers.map((peer) => (peer.member === member ? { ...peer, connected: false } : peer)),
});

describe('story', () => {
  it('calls a group whole when its leader has said so, not when a follower has named the leader', () => {
    const world = running();
    const leader = leaderOf(world);
    const [first, second] = [1, 2, 3].filter((member) => member !== leader) as [number, number];
    report(world, first);
    assert.equal(world.app(APP).group?.leader?.member, leader);
    assert.notEqual(world.app(APP).group?.state, 'whole');
    report(world, leader, withoutPeer(second));
    assert.equal(world.view().deployments.length, 1, 'the deployment waits for the other follower');
    report(world, leader);
    assert.deepEqual(groupLines(world), ['the group is whole']);
    assert.deepEqual(world.view().deployments, []);
  });

  it('does not call a group degraded while leadership is handed over', () => {
    const world = deployed();
    world.until(whole);
    const leader = leaderOf(world);
    const [heir, other] = [1, 2, 3].filter((member) => member !== leader) as [number, number];
    groupOf(world).order(leader, { type: 'transferLeadership', toMember: heir });
    for (const member of [other, leader, heir]) report(world, member);
    assert.equal(world.app(APP).group?.leader?.member, heir);
    assert.deepEqual(groupLines(world), ['the group is whole']);
  });

  it('does not move leadership back for a late report of the first of two leaders of one term', () => {
    const world = deployed();
    world.until(whole);
    const leader = leaderOf(world);
    const [first, second] = [1, 2, 3].filter((member) => member !== leader) as [number, number];
    const term = Number(groupOf(world).report(leader)?.term);
    const leads = (member: number) =>
      report(world, member, (found) => ({ ...found, role: 'leader', leader: member, term: term + 1 }));
    for (const member of [first, second, first]) leads(member);
    assert.equal(world.app(APP).group?.leader?.member, second);
    assert.equal(story(world).filter((text) => text.endsWith(`leads since term ${term + 1}`)).length, 2);
  });

  it('calls only what comes after another member of its slot a replacement', () => {
    const world = deployed();
    world.until(whole);
    for (const instances of [5, 3, 5]) {
      const specs = [replicatedSpec(APP, { instances })];
      world.command({ type: 'putApps', specs, create: false, force: false });
      world.until(whole);
    }
    assert.doesNotMatch(story(world).join('\n'), /replacement/);
    world.mesos.end(taskOf(world, 1), 'TASK_FAILED');
    world.until(
      (view) => view.apps[0]?.tasks.length === 5 && whole(view) && story(world).join('\n').includes('replacement'),
    );
    assert.equal(story(world).filter((text) => text.startsWith('replacement: replica')).length, 1);
  });

  it('is not changed by a report that a newer one has overtaken', () => {
    const world = deployed();
    world.until(whole);
    const leader = leaderOf(world);
    report(world, leader, (found) => ({ ...found, committedIndex: 90, appliedIndex: 90 }));
    report(world, leader, (found) => withoutPeer((leader % 3) + 1)({ ...found, committedIndex: 80, appliedIndex: 80 }));
    assert.equal(world.app(APP).group?.state, 'whole');
    const task = world.app(APP).tasks.find(({ replica }) => replica?.member === leader);
    assert.equal(task?.replica?.report?.committedIndex, 90);
    assert.deepEqual(groupLines(world), ['the group is whole']);
  });

  it('has the first sentence of why a replica ended; the rest is in the last failure', () => {
    const world = deployed();
    world.until(whole);
    const { info, agentId } = taskOf(world, 3);
    const message =
      'The program was ended by SIGKILL after 25.9 s. If nobody killed it: raise "mem".\nIts last lines:\nReady.';
    const status = { task_id: info.task_id, agent_id: { value: agentId }, state: 'TASK_FAILED', message } as const;
    const before = story(world).length;
    world.feed({ type: 'mesos', now: world.now, event: { type: 'UPDATE', update: { status } } });
    const box = world.app(APP).lastTaskFailure?.host;
    assert.match(
      story(world)[before] as string,
      new RegExp(
        `^replica 2 \\(member 3\\) on ${box} \\(.*\\) has ended: the program was ended by SIGKILL after 25.9 s$`,
      ),
    );
    assert.equal(world.app(APP).lastTaskFailure?.message, message);
    assert.equal(
      story(world).some((text) => text.includes('\n')),
      false,
    );
  });
});
