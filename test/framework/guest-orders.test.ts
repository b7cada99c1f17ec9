import assert from 'node:assert/strict';
import { guestWishMs } from '../../framework/scheduler/guest-orders.js';
import type { Command } from '../../framework/service.js';
import type { FakeGuest } from './model/fake-guest.js';
import { put, settled, story } from './model/running.js';
import { appSpec, guestSpec, World } from './model/world.js';

const id = '/demo/guest';
const sync = (request: number, appId = id): Command => ({ type: 'syncGuest', appId, request });
const failOver = (appId = id): Command => ({ type: 'failOverGuest', appId });

const guest = (world: World) => world.app(id).group?.guest;
const model = (world: World) => world.mesos.groups.get(`${id}@1`)?.guest as FakeGuest;
const primaryTask = (world: World) =>
  world.app(id).tasks.find(({ replica }) => replica?.member === guest(world)?.primary);
const synced = (world: World) => primaryTask(world)?.replica?.report?.guest?.synced ?? 0;

function covered(): World {
  const world = new World(5);
  world.connect();
  assert.equal(world.command(put(guestSpec(id)))?.ok, true);
  world.until(() => guest(world)?.covered === true && settled(world.view()), 120);
  return world;
}

function answer(world: World, command: Command): string {
  const result = world.command(command);
  return result?.ok === false ? `${result.reason}: ${result.message}` : 'ok';
}

function end(world: World, taskId: string | undefined): void {
  const task = world.mesos.tasks.get(taskId ?? '');
  assert.ok(task);
  world.mesos.end(task, 'TASK_FAILED');
  world.tick(500);
  world.deliverAll();
}

/** Orders of the kind that were sent. */
function orders(world: World, type: string): unknown[] {
  const sent = world.calls.flatMap((call) => (call.type === 'MESSAGE' ? [call.message.data] : []));
  return sent.map((data) => JSON.parse(Buffer.from(data, 'base64').toString())).filter((order) => order.type === type);
}

describe('scheduler: what operators want of a replicated guest', () => {
  it('has its primary begin a round, again until that says that it has ended, and then no more', () => {
    const world = covered();
    model(world).deaf = true;
    assert.equal(answer(world, sync(70)), 'ok');
    world.tick(10_000);
    world.tick(10_000);
    assert.equal(synced(world), 0);
    model(world).deaf = false;
    world.until(() => synced(world) === 70, 10);
    const sent = orders(world, 'syncGuest');
    assert.ok(sent.length >= 3, `${sent.length} orders`);
    assert.deepEqual(sent[0], { type: 'syncGuest', request: 70 });
    for (let second = 0; second < 20; second++) world.tick(1000);
    assert.equal(orders(world, 'syncGuest').length, sent.length);
    assert.equal(answer(world, sync(71)), 'ok');
    world.until(() => synced(world) === 71, 10);
  });

  it('has the backup become the primary; the old one ends without a failure and is replaced at once', () => {
    const world = covered();
    const before = primaryTask(world);
    assert.equal(answer(world, failOver()), 'ok');
    assert.equal(answer(world, failOver()), 'ok', 'that it is asked twice changes nothing');
    world.until(() => guest(world)?.primary !== before?.replica?.member, 20);
    world.until(() => guest(world)?.covered === true && settled(world.view()), 120);
    const told = story(world, id);
    assert.equal(told.match(/an operator asked for it/g)?.length, 1, told);
    assert.match(told, /replica 1 .*has become the primary/);
    assert.equal(world.app(id).lastTaskFailure, null);
    assert.equal(world.view().counts.tasksFailed, 0);
    assert.equal(
      world.app(id).tasks.find(({ id: task }) => task === before?.id),
      undefined,
    );
  });

  it('refuses where there is nobody to take over, and says what is missing', () => {
    const world = covered();
    world.command(put(appSpec('/plain')));
    world.until(settled);
    for (const command of [sync, (_: number, appId?: string) => failOver(appId)]) {
      assert.match(answer(world, command(1, '/none')), /^notFound/);
      assert.match(answer(world, command(1, '/plain')), /^invalid: "\/plain" is not a virtual machine/);
    }
    const alone = { ...guestSpec('/alone'), replication: null, instances: 1 };
    world.command(put(alone));
    assert.match(answer(world, failOver('/alone')), /^invalid: .*without a backup; create it again with "replication"/);
    model(world).stuck = true;
    const lost = world.app(id).tasks.find(({ replica }) => replica?.member === guest(world)?.backup);
    end(world, lost?.id);
    world.until(() => model(world).standings.get(model(world).primary) === 'seeding', 60);
    world.until(() => /being seeded/.test(answer(world, sync(1))), 5);
    assert.match(
      answer(world, failOver()),
      /^uncovered: no backup covers the guest of \/demo\/guest: its backup is being/,
    );
    const primary = primaryTask(world);
    end(world, primary?.id);
    assert.match(answer(world, failOver()), /^uncovered: no primary of \/demo\/guest is known/);
  });

  it('refuses when the primary cannot be reached', () => {
    const world = covered();
    world.mesos.setUp(primaryTask(world)?.agentId ?? '', false);
    world.deliverAll();
    assert.match(answer(world, sync(1)), /^uncovered: no primary of \/demo\/guest is known that could be reached/);
  });

  it('gives up in words when the primary does not do it in time or ends', () => {
    const world = covered();
    model(world).deaf = true;
    world.command(sync(5));
    world.command(failOver());
    world.tick(guestWishMs - 1);
    assert.doesNotMatch(story(world, id), /did not come about/);
    world.tick(1);
    assert.match(story(world, id), /the round that an operator asked for did not come about/);
    assert.match(story(world, id), /the fail-over that an operator asked for did not come about/);
    model(world).deaf = false;
    const sent = orders(world, 'failOver').length;
    for (let second = 0; second < 20; second++) world.tick(1000);
    assert.equal(orders(world, 'failOver').length, sent, 'nobody wants it any more');
  });

  it('has it done by a framework that starts anew, whatever it was that ended', () => {
    const world = covered();
    model(world).deaf = true;
    world.command(sync(7));
    world.command(failOver());
    const before = primaryTask(world);
    world.crash();
    world.deliverAll();
    model(world).deaf = false;
    world.until(() => guest(world)?.primary !== before?.replica?.member, 20);
    world.until(() => guest(world)?.covered === true && settled(world.view()), 120);
    assert.match(story(world, id), /replica 1 .*has become the primary/);
    assert.doesNotMatch(story(world, id), /did not come about/);
    world.crash();
    world.deliverAll();
    const sent = orders(world, 'failOver').length;
    for (let second = 0; second < 20; second++) world.tick(1000);
    assert.equal(orders(world, 'failOver').length, sent, 'what is done nobody wants any more');
  });

  it('has given up in time what a framework that ended was asked for', () => {
    const world = covered();
    model(world).deaf = true;
    world.command(sync(5));
    world.tick(guestWishMs / 2);
    world.crash();
    world.deliverAll();
    world.tick(guestWishMs / 2 - 1);
    assert.doesNotMatch(story(world, id), /did not come about/);
    world.tick(1);
    assert.match(story(world, id), /the round that an operator asked for did not come about/);
  });

  it('is not said to have failed when the end of the old primary is heard first', () => {
    const world = covered();
    const before = primaryTask(world);
    world.command(failOver());
    const isThere = () => world.app(id).tasks.some(({ id: task }) => task === before?.id);
    for (let second = 0; second < 20 && isThere(); second++) {
      world.mesos.reports(() => false);
      world.tick(1000);
      world.deliverAll();
    }
    assert.equal(isThere(), false);
    assert.doesNotMatch(story(world, id), /did not come about/);
    world.until(() => guest(world)?.covered === true && settled(world.view()), 120);
    assert.match(story(world, id), /has become the primary/);
  });

  it('is sent at once when it is asked for again after it was given up', () => {
    const world = covered();
    model(world).deaf = true;
    world.command(failOver());
    world.tick(guestWishMs - 1);
    world.tick(1);
    const sent = orders(world, 'failOver').length;
    world.command(failOver());
    assert.equal(orders(world, 'failOver').length, sent + 1);
  });
});
