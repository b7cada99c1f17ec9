import assert from 'node:assert/strict';
import type { AppSpec } from '../../framework/app.js';
import { isVolume, labelsOf, reservationsOf } from '../../framework/mesos-http-client/index.js';
import { end, keeper, kept, pass, records, residency, running, tasks, volumes } from './model/residents.js';
import { put, settled, story } from './model/running.js';
import { appSpec, World } from './model/world.js';

describe('scheduler: apps with volumes', () => {
  it('leave nothing behind on agents when the store does not know them any more', () => {
    const world = running({ backoffSeconds: 30 });
    end(world);
    world.deliverAll();
    assert.ok(kept(world).length > 0);
    for (const key of world.stored.keys()) if (!key.startsWith('framework:')) world.stored.delete(key);
    world.crash();
    pass(world, 8, 500);
    assert.deepEqual(kept(world), []);
  });

  it('begin anew elsewhere when an operator gives up the agent that keeps what they wait for', () => {
    const world = running({ backoffSeconds: 30 });
    const agent = tasks(world)[0]?.agentId as string;
    end(world);
    pass(world, 4, 500);
    world.mesos.markGone(agent);
    world.until(() => world.mesos.living('/keep').length === 1, 300);
    assert.deepEqual([records(world).length, records(world)[0]?.agent.id === agent], [1, false]);
    assert.match(story(world, '/keep'), /is gone, and with it what it kept/);
  });

  it('reserve, create and launch in one ACCEPT; labels name framework, app and instance, and the principal is told', () => {
    const world = running();
    const accept = world.calls.find((call) => call.type === 'ACCEPT');
    assert.deepEqual(
      accept?.accept.operations.map(({ type }) => type),
      ['RESERVE', 'CREATE', 'LAUNCH'],
    );
    const [record] = records(world);
    for (const resource of kept(world)) {
      const labels = { gaia_framework_id: 'fw-1', gaia_app_id: '/keep', gaia_instance_id: record?.id };
      assert.deepEqual(labelsOf(resource), labels);
      assert.deepEqual(
        [reservationsOf(resource).at(-1)?.principal, reservationsOf(resource).at(-1)?.role],
        ['gaia', 'gaia'],
      );
    }
    const [task] = world.mesos.living('/keep');
    const disks = (task?.info.resources ?? []).filter(({ name }) => name === 'disk');
    assert.deepEqual(disks.map((one) => one.type === 'SCALAR' && one.scalar.value).sort(), [10, 100]);
    assert.ok(task?.info.task_id.value.startsWith(`${record?.id}._app.1`));
  });

  it('a task that ends comes back to its agent, its ports and its volume', () => {
    const world = running();
    const [before] = tasks(world);
    const [volume] = volumes(world);
    end(world);
    world.until(() => tasks(world)[0]?.state === 'TASK_RUNNING' && tasks(world)[0]?.id !== before?.id);
    const [after] = tasks(world);
    assert.deepEqual([after?.agentId, after?.ports], [before?.agentId, before?.ports]);
    assert.equal(after?.id, before?.id.replace(/1$/, '2'));
    assert.deepEqual(volumes(world), [volume]);
  });

  it('waits for its agent, says so, and comes back when it does; nobody else gets what is kept', () => {
    const world = running({ cpus: 3.9 }, 1);
    const [agent] = world.mesos.agents.keys();
    end(world);
    pass(world, 1, 100);
    world.mesos.setUp(agent as string, false);
    world.command(put(appSpec('/greedy', { instances: 1, cpus: 1 })));
    pass(world, 20, 1000);
    const queue = world.view().queue.find(({ appId }) => appId === '/keep');
    assert.match(queue?.sentence ?? '', /box1 keeps what keep\.instance-.* needs/);
    world.mesos.setUp(agent as string, true);
    world.until(() => tasks(world)[0]?.state === 'TASK_RUNNING');
    assert.equal(world.app('/greedy').tasks.length, 0);
  });

  it('a deleted app leaves nothing behind', () => {
    const world = running({ instances: 2 });
    world.command({ type: 'deleteApp', appId: '/keep', force: false });
    world.until((view) => view.apps.length === 0 && kept(world).length === 0 && records(world).length === 0);
  });

  it('a deleted app leaves nothing behind on an agent that was away', () => {
    const world = running({ instances: 2, constraints: [{ field: 'hostname', operator: 'UNIQUE', value: null }] });
    const [away] = tasks(world);
    world.mesos.setUp(away?.agentId as string, false);
    world.deliverAll();
    world.command({ type: 'deleteApp', appId: '/keep', force: false });
    world.until((view) => view.apps.length === 0 && kept(world).filter(isVolume).length === 1);
    world.crash();
    pass(world, 200, 1000);
    assert.equal(records(world).length, 1);
    world.mesos.setUp(away?.agentId as string, true);
    world.until(() => kept(world).length === 0 && records(world).length === 0);
  });

  it('nor on one that Mesos has given up meanwhile, though nothing else is wanted', () => {
    const world = running();
    pass(world, 5, 1000);
    const [away] = tasks(world);
    const agent_id = { value: away?.agentId as string };
    world.mesos.setUp(agent_id.value, false);
    world.mesos.events.push({ type: 'FAILURE', failure: { agent_id } });
    world.deliverAll();
    world.command({ type: 'deleteApp', appId: '/keep', force: false });
    pass(world, 100, 1000);
    assert.equal(records(world).length, 1);
    world.mesos.setUp(agent_id.value, true);
    world.until(() => kept(world).length === 0 && records(world).length === 0);
  });

  for (const [told, keeps] of [
    ['is told of', () => true],
    ['is not told of', ({ type }: { type: string }) => type !== 'UPDATE'],
  ] as const)
    it(`nor what a task uses that it ${told}: the launch was never answered, the app is gone, and the agent is back`, () => {
      const world = new World(3);
      world.connect();
      world.command(put(keeper()));
      for (let i = 0; i < 100 && world.mesos.tasks.size === 0; i++) {
        world.deliverAll();
        world.tick(100);
      }
      const [task] = world.mesos.tasks.values();
      world.mesos.setUp(task?.agentId as string, false);
      world.deliverAll();
      world.command({ type: 'deleteApp', appId: '/keep', force: true });
      pass(world, 5, 1000);
      assert.deepEqual([world.view().apps.length, kept(world).length > 0], [0, true]);
      world.mesos.setUp(task?.agentId as string, true);
      world.mesos.events = world.mesos.events.filter(keeps);
      world.until(() => kept(world).length === 0 && records(world).length === 0);
    });

  it('nor a record of what was never asked for: the framework ended before it could, and the agents were away', () => {
    const world = new World(3);
    world.connect();
    world.command(put(keeper()));
    const turn = (up: boolean) => [...world.mesos.agents.keys()].forEach((id) => void world.mesos.setUp(id, up));
    const crash = world.crash.bind(world);
    world.crash = () => {
      crash();
      if (records(world).length > 0) turn(false);
    };
    for (let i = 0; i < 100 && records(world).length === 0; i++) {
      world.crashNext = 'afterWrite';
      world.deliverAll();
      world.tick(100);
    }
    world.crashNext = null;
    pass(world, 5, 1000);
    assert.equal(tasks(world)[0]?.state, 'TASK_UNREACHABLE');
    world.command({ type: 'deleteApp', appId: '/keep', force: true });
    pass(world, 5, 1000);
    assert.deepEqual([world.view().apps.length, records(world).length, world.mesos.tasks.size], [0, 1, 0]);
    turn(true);
    world.until(() => records(world).length === 0);
  });

  it('an instance whose first launch never reached Mesos is begun again, and its record goes', () => {
    const world = new World(3);
    world.connect();
    world.command(put(keeper()));
    world.mesos.advance(0);
    const [before] = [records(world)];
    for (let i = 0; i < 100 && records(world).length === 0; i++) {
      world.crashNext = 'afterWrite';
      world.deliverAll();
      world.tick(100);
    }
    assert.deepEqual([before, world.mesos.tasks.size], [[], 0]);
    const [lost] = records(world);
    world.until(settled);
    world.until(() => records(world).length === 1);
    assert.notEqual(records(world)[0]?.id, lost?.id);
    assert.equal(volumes(world).length, 1);
  });

  it('scaled down it keeps the volumes of those that stay', () => {
    const world = running({ instances: 3 });
    world.command(put(keeper({ instances: 1 })));
    world.until(settled);
    world.until(() => records(world).length === 1);
    assert.deepEqual(
      volumes(world),
      records(world).flatMap((one) => one.volumes.map(({ persistenceId }) => persistenceId)),
    );
    assert.equal(tasks(world)[0]?.id.startsWith(records(world)[0]?.id as string), true);
  });

  it('a new version starts on the same volumes, never with more instances than there are', () => {
    const world = running({ instances: 3 });
    const before = volumes(world).sort();
    let most = 0;
    world.mesos.onLaunch = () => {
      most = Math.max(most, world.mesos.living('/keep').length);
    };
    world.command(put(keeper({ instances: 3, env: { A: '2' } })));
    world.until(settled);
    assert.deepEqual(volumes(world).sort(), before);
    assert.ok(most < 3, `${most} ran when another was launched`);
    assert.ok(tasks(world).every(({ id }) => id.endsWith('._app.2')));
  });

  it('of one instance, too', () => {
    const world = running();
    world.command(put(keeper({ env: { A: '2' } })));
    world.until(settled);
    assert.ok(tasks(world)[0]?.id.endsWith('._app.2'));
  });

  it('with RELAUNCH_AFTER_TIMEOUT an instance is given up that stays away; its volume goes when the agent is back', () => {
    const lost = { taskLostBehavior: 'RELAUNCH_AFTER_TIMEOUT' as const, relaunchEscalationTimeoutSeconds: 60 };
    const world = running({ residency: residency(lost) });
    const [before] = tasks(world);
    world.mesos.setUp(before?.agentId as string, false);
    world.deliverAll();
    world.until(() =>
      tasks(world).some(({ state, agentId }) => state === 'TASK_RUNNING' && agentId !== before?.agentId),
    );
    assert.match(story(world, '/keep'), /out of reach for 60 s/);
    world.mesos.setUp(before?.agentId as string, true);
    world.until(() => volumes(world).length === 1 && records(world).length === 1);
    assert.equal(records(world)[0]?.agent.id, tasks(world)[0]?.agentId);
  });

  it('with WAIT_FOREVER it never is', () => {
    const world = running();
    world.mesos.setUp(tasks(world)[0]?.agentId as string, false);
    world.deliverAll();
    pass(world, 100, 60_000);
    assert.deepEqual([records(world).length, tasks(world).length], [1, 1]);
  });

  it('volumes and resources cannot change', () => {
    const world = running();
    const other = residency({ volumes: [{ containerPath: 'data', sizeMb: 200 }] });
    for (const [change, words] of [
      [{ residency: other }, /^container\.volumes: Persistent volumes can not be changed!/],
      [{ cpus: 1 }, /may not change resource requirements/],
    ] as const) {
      const result = world.command(put(keeper(change)));
      assert.match(result?.ok === false ? result.message : '', words);
    }
  });

  it('a plan reckons with the disk of the volumes', () => {
    const world = running();
    const large = keeper({
      id: '/large',
      residency: residency({ volumes: [{ containerPath: 'd', sizeMb: 20_000 }] }),
    } as Partial<AppSpec>);
    assert.match(world.scheduler.plan(large).unplaced[0]?.sentence ?? '', /no agent offers 20010 MB of disk/);
  });
});
