import assert from 'node:assert/strict';
import type { GuestReport } from '../../executor/assignment.js';
import { fromPlain, type SchedulerCallBody, toPlain } from '../../framework/mesos-http-client/index.js';
import { bridgeOf, pairMb } from '../../framework/replicated-guest.js';
import { requestOf } from '../../framework/scheduler/demand.js';
import type { TaskView } from '../../framework/service.js';
import { FakeGroup } from './model/fake-group.js';
import { FakeGuest } from './model/fake-guest.js';
import {
  backup,
  covered,
  fail,
  guest,
  id,
  model,
  posted,
  primary,
  running,
  uncovered,
  witness,
} from './model/guest-world.js';
import { pass, put, settled, story } from './model/running.js';
import { appSpec, guestSpec, World } from './model/world.js';

function textOf(call: SchedulerCallBody): string {
  return call.type === 'MESSAGE' ? Buffer.from(call.message.data, 'base64').toString() : '';
}

function refusalOf(world: World, command: Parameters<World['command']>[0]): string {
  const result = world.command(command);
  return result?.ok === false ? `${result.reason}: ${result.message}` : 'ok';
}

describe('scheduler: a replicated guest', () => {
  it('is placed as two members with a guest and a witness that asks for little, and each is told its part', () => {
    const world = covered(posted());
    const tasks = [...world.mesos.tasks.values()];
    assert.equal(new Set(tasks.map(({ agentId }) => agentId)).size, 3);
    const parts = tasks.map(({ assignment: { command, replica, ports }, info }) => {
      assert.ok('vm' in command && replica);
      const { servicePort, consensusPort } = replica.self;
      const doors = command.vm.doors.map(({ hostPort }) => hostPort);
      assert.deepEqual([doors, new Set([...doors, servicePort, consensusPort]).size], [ports, 3]);
      const { mem, disk } = toPlain(info.resources ?? []);
      return { slot: replica.self.slot, ...command.vm.group, mem, disk };
    });
    const firstPrimary = tasks.find(({ assignment }) => assignment.replica?.self.slot === 0)?.assignment.replica?.self
      .member;
    assert.deepEqual(
      parts.sort((a, b) => a.slot - b.slot),
      [
        { slot: 0, firstPrimary, witness: false, mem: 2 * 128 + pairMb, disk: 128 },
        { slot: 1, firstPrimary, witness: false, mem: 2 * 128 + pairMb, disk: 128 },
        { slot: 2, firstPrimary, witness: true, mem: 192, disk: 0 },
      ],
    );
  });

  it('has counted what lies beside its disk at primary and backup, of a large disk no more than is kept', () => {
    const disks = (disk: number) => {
      const spec = guestSpec(id);
      const vm = { ...(spec.container as NonNullable<typeof spec.container>).vm, disk };
      const { demand, witness } = requestOf({ ...spec, disk, container: { type: 'VM', vm } });
      return [demand.disk, witness?.disk];
    };
    assert.deepEqual(disks(100), [100 + 128 + 2 * 100, 0]);
    assert.deepEqual(disks(5000), [5000 + 128 + 2 * 1024, 0]);
  });

  it('has its members on one bridge with one card, later ones too', () => {
    const world = new World(5);
    world.mesos.groups.set(`${id}@1`, Object.assign(new FakeGroup(`${id}@1`), { guest: new FakeGuest() }));
    world.connect();
    const { container } = guestSpec(id);
    assert.ok(container);
    const vm = { ...container.vm, ports: [], network: { bridge: 'br0' } };
    const onBridge = guestSpec(id, { container: { type: 'VM', vm }, portDefinitions: [] });
    assert.equal(world.command(put(onBridge))?.ok, true);
    covered(world);
    fail(world, backup(world));
    world.until(() => world.mesos.tasks.size > 3, 120);
    const bridges = [...world.mesos.tasks.values()].map(({ assignment: { command } }) => {
      assert.ok('vm' in command);
      return JSON.stringify([command.vm.bridge, command.vm.doors]);
    });
    assert.deepEqual(new Set(bridges), new Set([JSON.stringify([bridgeOf(onBridge), []])]));
  });

  it('is placed whole or not at all, and what is missing is said', () => {
    const world = posted(2);
    world.tick(20_000);
    world.tick(20_000);
    assert.deepEqual([...world.mesos.tasks.values()], []);
    assert.match(world.scheduler.view(world.now).queue[0]?.sentence ?? '', /agent/);
    const planned = (agents: number) => {
      const other = posted(agents);
      pass(other, 5);
      return other.scheduler.plan(guestSpec('/other'));
    };
    assert.equal(new Set(planned(3).assigned.map(({ agentId }) => agentId)).size, 3);
    const { assigned, unplaced } = planned(2);
    assert.deepEqual([assigned, unplaced.map(({ slots }) => slots)], [[], [[0, 1, 2]]]);
  });

  /** Two agents of the usual size that are full, and one that has room for no more than a witness. */
  function crowded(): World {
    const world = new World(3);
    const small = world.mesos.agents.get('S3');
    assert.ok(small);
    small.resources = fromPlain({ cpus: 0.2, mem: 256, disk: 100, gpus: 0, ports: [{ begin: 31_000, end: 31_009 }] });
    world.connect();
    world.command(put(appSpec('/low', { cpus: 1, mem: 1024, instances: 8 })));
    world.until(() => world.app('/low').tasks.filter(({ state }) => state === 'TASK_RUNNING').length === 8);
    return world;
  }

  it('has room kept for it as its members need it, the witness where nobody else fits', () => {
    const world = crowded();
    world.command(put(guestSpec(id)));
    world.until(() => world.view().queue.some(({ earmark }) => earmark !== null), 60);
    const earmark = world.view().queue.find(({ appId }) => appId === id)?.earmark;
    assert.deepEqual(earmark?.agents.map(({ agentId }) => agentId).sort(), ['S1', 'S2', 'S3']);
    world.command(put(appSpec('/beside', { cpus: 0.1, mem: 64, instances: 1 })));
    world.until(() => world.app('/beside').tasks.some(({ agentId }) => agentId === 'S3'), 60);
    world.command(put(appSpec('/within', { cpus: 0.1, mem: 65, instances: 1 })));
    pass(world, 20);
    assert.deepEqual(world.app('/within').tasks, []);
  });

  it("of a higher priority makes nobody leave who is not in its members' way", () => {
    const world = crowded();
    world.command(put(guestSpec(id, { priority: 1 })));
    world.until(() => running(world).length === 3, 120);
    assert.equal(witness(world).agentId, 'S3');
    const room = guestSpec(id).mem / 1024;
    assert.equal(
      world.app('/low').tasks.filter(({ state }) => state === 'TASK_RUNNING').length,
      8 - 2 * Math.ceil(room),
    );
  });

  it('runs before it is covered: the deployment is done, and that it is not covered is said', () => {
    const world = posted(5, { stuck: true, dead: true });
    pass(world, 30);
    assert.match(world.scheduler.view(world.now).deployments[0]?.waitingFor ?? '', /its guest does not run yet/);
    model(world).dead = false;
    world.until(settled, 120);
    assert.equal(guest(world)?.covered, false);
    model(world).stuck = false;
    covered(world);
    assert.match(story(world, id), /its guest is covered/);
  });

  it('has a lost backup, witness or primary replaced, in the same slot, and is covered again', () => {
    for (const lose of [backup, witness, primary]) {
      const world = covered(posted());
      const lost = lose(world);
      const { slot, member } = lost.replica as NonNullable<TaskView['replica']>;
      const [was, other] = [guest(world)?.primary, guest(world)?.backup];
      fail(world, lost);
      world.until(() => running(world).every(({ id: one }) => one !== lost.id));
      covered(world);
      const successor = running(world).find(({ replica }) => replica?.slot === slot)?.replica?.member;
      assert.ok((successor ?? 0) > 3, lose.name);
      assert.equal(guest(world)?.primary, member === was ? other : was, lose.name);
    }
  });

  it('is booted anew by itself when its primary ends before a backup has ever covered it: first, or in the first seed', () => {
    for (const model of [{ dead: true }, { stuck: true }]) {
      const world = posted(5, model);
      pass(world, 30);
      const first = running(world).find(({ replica }) => replica?.slot === 0) as TaskView;
      assert.equal(first.replica?.report?.guest?.standing, model.stuck ? 'seeding' : undefined);
      fail(world, first);
      world.until(() => world.app(id).group?.generation === 2, 60);
      covered(world);
      assert.match(
        story(world, id),
        /ended with its primary before a backup had ever covered it, and is booted anew: generation 2 begins/,
      );
    }
  });

  it('is booted anew less and less often when it ends again and again before it is covered', () => {
    const world = posted(5, { stuck: true });
    for (let generation = 2; generation <= 30; generation++) {
      const group = new FakeGroup(`${id}@${generation}`);
      group.guest = Object.assign(new FakeGuest(), { stuck: true });
      world.mesos.groups.set(group.name, group);
    }
    const generations = () => world.app(id).group?.generation ?? 0;
    for (let second = 0; second < 120; second++) {
      for (const task of running(world)) if (task.replica?.report?.guest?.standing === 'seeding') fail(world, task);
      pass(world, 1);
    }
    assert.ok(generations() > 2 && generations() < 14, `${generations()}`);
  });

  it('knows after a crash of the framework what it knew', () => {
    const world = covered(posted());
    const before = guest(world);
    world.crash();
    assert.deepEqual(guest(world), before);
  });

  it('tells the primary of a backup only once that counts', () => {
    const world = covered(posted());
    const group = world.mesos.groups.get(`${id}@1`);
    group?.stuck.add(4);
    fail(world, backup(world));
    world.calls.length = 0;
    world.until(() => running(world).some(({ replica }) => replica?.report?.guest?.standing === 'awaiting'), 120);
    pass(world, 10);
    const offers = () => world.calls.filter((call) => call.type === 'MESSAGE' && textOf(call).includes('offerBackup'));
    assert.deepEqual(offers(), []);
    group?.stuck.delete(4);
    group?.connect(4, true);
    covered(world);
    assert.equal(offers().length, 1);
  });

  it('is lost with primary and backup, or with a primary that nobody covers: nothing is restarted before a user says so', () => {
    for (const before of ['both', 'seeding', 'awaiting'] as const) {
      const world = covered(posted());
      if (before !== 'both') fail(world, uncovered(world, { stuck: true, dead: before === 'awaiting' }));
      else for (const task of [primary(world), backup(world)]) fail(world, task);
      world.until(() => world.app(id).group?.state === 'lost', 120);
      const { generation } = world.app(id).group as { generation: number };
      pass(world, 60);
      assert.equal(world.app(id).group?.generation, generation);
      const version = new Date(world.now).toISOString();
      const restart = { type: 'restartApp' as const, appId: id, version };
      assert.match(refusalOf(world, { ...restart, force: false }), /quorum: .*the memory of its guest/);
      const { lost } = world.app(id).group as { lost: string | null };
      assert.match(lost ?? '', /^too many members of .* with force=true to begin a new, empty generation$/);
      assert.ok(`${refusalOf(world, { type: 'failOverGuest', appId: id })}`.includes(lost as string));
      assert.equal(refusalOf(world, { ...restart, force: true }), 'ok');
      world.until(() => world.app(id).group?.generation === generation + 1 && guest(world)?.covered === true, 200);
    }
  });

  it('is not lost with the primary that alone has told of a backup which has the whole seed', () => {
    const world = covered(posted());
    const guests = model(world);
    guests.stuck = true;
    fail(world, backup(world));
    const waits = () => running(world).find(({ replica }) => replica?.report?.guest?.standing === 'awaiting')?.replica;
    world.until(() => waits() !== undefined, 120);
    const { member, report } = waits() as NonNullable<TaskView['replica']>;
    guests.behind.set(member, report?.guest as GuestReport);
    world.until(() => guest(world)?.backup === member, 120);
    guests.stuck = false;
    guests.advance();
    fail(world, primary(world));
    for (let seconds = 0; seconds < 10; seconds++) {
      pass(world, 1);
      assert.notEqual(world.app(id).group?.state, 'lost');
    }
    guests.behind.clear();
    world.until(() => guest(world)?.primary === member, 60);
    assert.doesNotMatch(story(world, id), /too many members/);
    assert.equal(covered(world).app(id).group?.generation, 1);
  });

  it('is lost while a primary that nobody covers cannot be reached, after the bound for that, and goes on when it is back', () => {
    const world = covered(posted());
    const only = uncovered(world, { dead: true });
    world.mesos.setUp(only.agentId, false);
    pass(world, 50);
    assert.notEqual(world.app(id).group?.state, 'lost');
    pass(world, 20);
    assert.equal(world.app(id).group?.state, 'lost');
    assert.match(story(world, id), /the only member of .* with its guest cannot be reached; when its agent is back/);
    const restart = { type: 'restartApp' as const, appId: id, version: new Date(world.now).toISOString() };
    assert.match(refusalOf(world, { ...restart, force: false }), /quorum: .*cannot be reached/);
    pass(world, 600);
    assert.equal(world.app(id).group?.generation, 1);
    world.mesos.setUp(only.agentId, true);
    Object.assign(model(world), { dead: false });
    covered(world);
    assert.equal(primary(world).id, only.id);
  });

  it('is not lost but has no majority while only its backup can be reached', () => {
    const world = covered(posted());
    for (const { agentId } of [witness(world), primary(world)]) world.mesos.setUp(agentId, false);
    pass(world, 90);
    assert.equal(world.app(id).group?.state, 'noQuorum');
    for (const agentId of world.mesos.agents.keys()) world.mesos.setUp(agentId, true);
    covered(world);
    assert.equal(world.app(id).group?.generation, 1);
  });

  it('begins again, empty, when a user wants that rather than wait for a primary that cannot be reached', () => {
    const world = covered(posted());
    const only = uncovered(world, { dead: true });
    world.mesos.setUp(only.agentId, false);
    world.until(() => world.app(id).group?.state === 'lost', 90);
    const restart = { type: 'restartApp' as const, appId: id, version: new Date(world.now).toISOString() };
    assert.equal(refusalOf(world, { ...restart, force: true }), 'ok');
    world.until(() => world.app(id).group?.generation === 2 && guest(world)?.covered === true, 200);
    world.mesos.setUp(only.agentId, true);
    world.until(() => world.mesos.tasks.get(only.id)?.ended === true, 60);
    assert.equal(guest(world)?.covered, true);
  });

  it('keeps the only member that has its guest from users, drains and restarts', () => {
    const world = covered(posted());
    const kill = (task: TaskView, scale = false) =>
      refusalOf(world, { type: 'killTasks', taskIds: [task.id], scale, force: false });
    assert.match(kill(witness(world), true), /invalid: .*keeps its three members/);
    const only = uncovered(world, { stuck: true });
    assert.match(kill(only), /quorum: .*no backup covers the primary/);
    const other = witness(world);
    world.command({ type: 'drain', wanted: { agent: [only.host, other.host] } });
    pass(world, 60);
    assert.deepEqual([primary(world).id, witness(world).id], [only.id, other.id]);
    model(world).stuck = false;
    world.until(() => running(world).every(({ host }) => host !== only.host && host !== other.host), 600);
    covered(world);
    assert.deepEqual(
      running(world)
        .map(({ replica }) => replica?.slot)
        .sort(),
      [0, 1, 2],
    );
    assert.equal(world.app(id).group?.generation, 1);
  });

  it('is restarted member by member, the primary last, and never without cover', () => {
    const world = covered(posted());
    const first = running(world).map(({ id: one }) => one);
    const version = new Date(world.now + 1).toISOString();
    assert.equal(refusalOf(world, { type: 'restartApp', appId: id, version, force: false }), 'ok');
    model(world).stuck = true;
    pass(world, 60);
    const left = () => running(world).filter(({ id: one }) => first.includes(one));
    assert.equal(left().length, 2, 'the next one waits until the first one is covered');
    assert.ok(left().some(({ id: one }) => one === primary(world).id));
    model(world).stuck = false;
    world.until((view) => settled(view) && running(world).every(({ id: one }) => !first.includes(one)), 300);
    covered(world);
    assert.equal(world.app(id).group?.generation, 1);
  });

  it('is left where it is by a rebalance', () => {
    const world = covered(posted());
    const before = running(world).map(({ id: one }) => one);
    const nameOf = ({ agentId, host }: { agentId: string; host: string }) => ({ agentId, hostname: host });
    const free = [...world.mesos.agents.values()].find(({ id: one }) =>
      running(world).every(({ agentId }) => agentId !== one),
    );
    assert.ok(free);
    const move = { group: id, from: nameOf(primary(world)), to: { agentId: free.id, hostname: free.hostname } };
    world.command({ type: 'rebalance', moves: [{ ...move, sentence: 'it would be better' }], gainMin: 0 });
    pass(world, 30);
    assert.match(story(world, id), /left out: a member of a replicated guest moves only when its agent is drained/);
    assert.deepEqual(
      running(world).map(({ id: one }) => one),
      before,
    );
  });

  it('refuses by name what it cannot do', () => {
    const world = covered(posted());
    const { container } = guestSpec(id);
    assert.ok(container);
    const other = put(guestSpec(id, { container: { ...container, vm: { ...container.vm, vcpus: 2 } } }));
    assert.match(refusalOf(world, other), /invalid: container\.vm: the guest of .* stays/);
    const transfer = { type: 'transferLeadership' as const, appId: id, slot: 1 };
    assert.match(refusalOf(world, transfer), /invalid: .*use gaia vm failover \/demo\/guest/);
  });
});
