import assert from 'node:assert/strict';
import type { AppSpec } from '../../framework/app.js';
import type { Command } from '../../framework/service.js';
import { put, replicas, running, settled, story } from './model/running.js';
import { appSpec, replicatedSpec, World } from './model/world.js';

describe('scheduler: replicated apps', () => {
  it('founds a group whole, on distinct agents, with numbered members', () => {
    const world = running();
    const app = world.app('/demo/ledger');
    assert.equal(app.group?.state, 'whole');
    assert.deepEqual(
      app.tasks.map(({ replica }) => replica?.slot),
      [0, 1, 2],
    );
    assert.deepEqual(
      app.tasks.map(({ replica }) => replica?.member),
      [1, 2, 3],
    );
    assert.equal(new Set(app.tasks.map(({ agentId }) => agentId)).size, 3);
    const assignment = [...world.mesos.tasks.values()][0]?.assignment;
    assert.equal(assignment?.replica?.join, false);
    assert.equal(assignment?.replica?.peers.length, 2);
    assert.equal(assignment?.ports.length, 1);
    assert.equal(assignment?.env.PORT0, String(assignment?.ports[0]));
    assert.notEqual(assignment?.replica?.self.consensusPort, assignment?.replica?.self.servicePort);
    assert.ok((app.tasks[0]?.placement?.parts.length ?? 0) > 0);
  });

  it('never shows secrets', () => {
    const world = running();
    const { secretHex, seedHex } = JSON.parse(world.stored.get('app:/demo/ledger') as string).group;
    assert.equal(secretHex.length, 64);
    for (const secret of [secretHex, seedHex]) assert.equal(JSON.stringify(world.view()).includes(secret), false);
  });

  it('replaces a leader that died with a new member on another agent, and tells the story', () => {
    const world = running();
    const leader = world.app('/demo/ledger').group?.leader?.member;
    const task = [...world.mesos.tasks.values()].find((one) => one.assignment.replica?.self.member === leader);
    assert.ok(task);
    world.mesos.end(task, 'TASK_FAILED');
    world.until((view) => view.apps[0]?.group?.state === 'whole' && view.apps[0].group.leader?.member !== leader);
    const joined = [...world.mesos.tasks.values()].at(-1);
    assert.equal(joined?.assignment.replica?.self.member, 4);
    assert.equal(joined?.assignment.replica?.join, true);
    assert.equal(joined?.assignment.replica?.peers.length, 2);
    assert.notEqual(joined?.agentId, task.agentId);
    assert.match(story(world), /leader, replica \d \(member \d\) on box\d .* has ended: TASK_FAILED/);
    assert.match(story(world), /leads since term 2/);
    const lost = world.app('/demo/ledger').lastTaskFailure?.host;
    const placed = new RegExp(
      `replacement: replica \\d \\(member 4\\) is placed on box\\d \\(.*\\), avoiding ${lost}, where`,
    );
    assert.match(story(world), placed);
    assert.match(story(world), /member 4\) on box\d .*has caught up and counts/);
    assert.match(story(world), /the group is whole again/);
  });

  it('founds a group that never fitted in the size that the app has then', () => {
    const world = new World(3);
    world.connect();
    world.command(put(replicatedSpec('/demo/ledger', { instances: 5 })));
    world.until(({ queue }) => /need 5 different agents/.test(queue[0]?.sentence ?? ''));
    world.command({ ...put(replicatedSpec('/demo/ledger', { instances: 3 })), force: true } as Command);
    world.until(settled);
    assert.equal(replicas(world).length, 3);
  });

  it('restarts nothing when a majority is gone, says so, and begins again only by force', () => {
    const world = running();
    for (const task of [...world.mesos.tasks.values()].slice(0, 2)) world.mesos.end(task, 'TASK_FAILED');
    for (let i = 0; i < 100; i++) {
      world.tick(500);
      world.deliverAll();
    }
    assert.equal(world.app('/demo/ledger').group?.state, 'lost');
    assert.equal(world.mesos.tasks.size, 3);
    assert.match(story(world), /Restart the app with force=true/);
    const restart = (force: boolean): Command => ({
      type: 'restartApp',
      appId: '/demo/ledger',
      version: new Date(world.now).toISOString(),
      force,
    });
    assert.deepEqual({ ...world.command(restart(false)), message: '' }, { ok: false, reason: 'quorum', message: '' });
    assert.equal(world.command(restart(true))?.ok, true);
    world.until((view) => settled(view) && view.apps[0]?.group?.state === 'whole');
    assert.equal(world.app('/demo/ledger').group?.generation, 2);
    assert.deepEqual(
      replicas(world).map(({ replica }) => replica?.member),
      [4, 5, 6],
    );
  });

  it('begins a generation that never had a leader again by itself', () => {
    const world = new World();
    world.connect();
    world.command(put(replicatedSpec('/demo/ledger')));
    for (let i = 0; world.mesos.tasks.size < 3 && i < 10; i++) {
      world.tick(500);
      world.deliverAll();
    }
    for (const task of world.mesos.tasks.values()) world.mesos.end(task, 'TASK_FAILED');
    world.until((view) => view.apps[0]?.group?.state === 'whole');
    assert.equal(world.app('/demo/ledger').group?.generation, 2);
  });

  it('replaces an unreachable replica after inactiveAfterSeconds and kills the old one when it is back', () => {
    const world = running();
    const old = [...world.mesos.tasks.values()][2];
    assert.ok(old);
    world.mesos.setUp(old.agentId, false);
    world.deliverAll();
    const before = world.now;
    world.until((view) => view.apps[0]?.group?.state === 'whole');
    assert.ok(world.now - before >= 60_000);
    assert.equal(old.ended, false);
    world.mesos.setUp(old.agentId, true);
    world.until(() => old.ended);
    assert.equal(world.app('/demo/ledger').group?.state, 'whole');
  });

  it('scales up one by one, and down by leaving the configuration before the kill', () => {
    const world = running();
    world.command(put({ ...replicatedSpec('/demo/ledger', { instances: 5 }), cmd: 'exec sleep 1000' }));
    world.until(settled);
    assert.deepEqual(
      replicas(world).map(({ replica }) => replica?.slot),
      [0, 1, 2, 3, 4],
    );
    world.mesos.onKill = (task) => {
      const group = world.mesos.groups.get('/demo/ledger@1');
      const member = task.assignment.replica?.self.member;
      assert.equal(
        group?.configuration.some((address) => address.member === member),
        false,
        `member ${member} still counted`,
      );
    };
    const led = world.app('/demo/ledger').group?.leader?.slot;
    world.command(put(replicatedSpec('/demo/ledger', { instances: 1 })));
    world.until(settled);
    assert.deepEqual(
      replicas(world).map(({ replica }) => replica?.slot),
      [led],
      'the leader stays',
    );
  });

  for (const instances of [1, 2, 3, 4]) {
    it(`restarts ${instances} replicas one at a time, the leader last, and never goes below a majority`, () => {
      const world = running({ instances });
      const leader = world.app('/demo/ledger').group?.leader?.member;
      const killed: (number | undefined)[] = [];
      world.mesos.onKill = (task) => {
        killed.push(task.assignment.replica?.self.member);
        const group = world.mesos.groups.get('/demo/ledger@1');
        const staying = group?.active().filter((member) => member !== task.assignment.replica?.self.member) ?? [];
        assert.ok(staying.length >= Math.floor((group?.configuration.length ?? 0) / 2) + 1);
      };
      const version = new Date(world.now + 1000).toISOString();
      assert.equal(world.command({ type: 'restartApp', appId: '/demo/ledger', version, force: false })?.ok, true);
      world.until(settled);
      assert.equal(killed.length, instances);
      assert.equal(killed.at(-1), leader);
      assert.ok(replicas(world).every((task) => task.version === version));
    });
  }

  it('refuses to kill what the majority needs, unless forced', () => {
    const world = running();
    const ids = world.app('/demo/ledger').tasks.map(({ id }) => id);
    const kill = (taskIds: string[], force = false): Command => ({ type: 'killTasks', taskIds, scale: false, force });
    const refused = world.command(kill(ids.slice(0, 2)));
    assert.equal(refused?.ok === false && refused.reason, 'quorum');
    assert.equal(world.command(kill(ids.slice(0, 1)))?.ok, true);
    assert.equal(world.command(kill(ids.slice(1, 2)))?.ok, false);
    world.until(
      (view) =>
        view.apps[0]?.group?.state === 'whole' && view.apps[0].tasks.every(({ state }) => state === 'TASK_RUNNING'),
    );
    assert.equal(
      world.command(
        kill(
          replicas(world).map(({ id }) => id),
          true,
        ),
      )?.ok,
      true,
    );
  });

  it('does not count on a member whose removal has been ordered, before any report shows it', () => {
    const world = running();
    const victim = world.app('/demo/ledger').tasks.find(({ replica }) => replica?.slot === 1);
    world.command(put(replicatedSpec('/demo/ledger', { instances: 2 })));
    world.tick(500);
    assert.equal(world.mesos.groups.get('/demo/ledger@1')?.configuration.length, 2);
    const kill: Command = { type: 'killTasks', taskIds: [victim?.id as string], scale: false, force: false };
    const refused = world.command(kill);
    assert.equal(refused?.ok === false && refused.reason, 'quorum');
  });

  it('holds back a kill that was allowed when the majority needs the replica by now', () => {
    const world = running();
    const [, second, third] = [...world.mesos.tasks.values()];
    assert.ok(second && third);
    world.mesos.disconnect();
    world.feed({ type: 'disconnected', now: world.now });
    const kill: Command = { type: 'killTasks', taskIds: [third.info.task_id.value], scale: false, force: false };
    assert.equal(world.command(kill)?.ok, true);
    world.mesos.end(second, 'TASK_FAILED');
    world.mesos.onKill = () => {
      const group = world.mesos.groups.get('/demo/ledger@1');
      assert.ok((group?.active().length ?? 0) - 1 >= Math.floor((group?.configuration.length ?? 0) / 2) + 1);
    };
    world.mesos.subscribe();
    world.until((view) => third.ended && view.apps[0]?.group?.state === 'whole');
  });

  it('explains with numbers why a group waits, and holds offers no longer than needed', () => {
    const world = new World(2);
    world.connect();
    world.command(put(replicatedSpec('/demo/ledger')));
    for (let i = 0; i < 20; i++) {
      world.tick(500);
      world.deliverAll();
    }
    assert.equal(world.mesos.tasks.size, 0);
    const [queued] = world.view().queue;
    assert.equal(queued?.count, 3);
    assert.ok(queued?.sentence);
    assert.match(world.view().deployments[0]?.waitingFor ?? '', /the group is forming/);
    assert.ok(world.calls.some((call) => call.type === 'DECLINE' && call.decline.filters?.refuse_seconds === 5));
  });
});

describe('scheduler: plain apps', () => {
  const plain = (change: Partial<AppSpec> = {}): World => {
    const world = new World();
    world.connect();
    world.command(put(appSpec('/web', change)));
    world.until(settled);
    return world;
  };

  it('starts, scales by killSelection, deletes', () => {
    const world = plain({ instances: 4 });
    const youngest = world.app('/web').tasks.at(-1)?.id;
    world.command(put(appSpec('/web', { instances: 3 })));
    world.until(settled);
    assert.equal(
      world.app('/web').tasks.some(({ id }) => id === youngest),
      false,
    );
    world.command({ type: 'deleteApp', appId: '/web', force: false });
    const version = new Date(world.now).toISOString();
    const restarted = world.command({ type: 'restartApp', appId: '/web', version, force: true });
    assert.equal(restarted?.ok === false && restarted.reason, 'notFound', 'what is being deleted does not come back');
    world.until((view) => settled(view) && view.apps.length === 0);
    assert.equal(world.mesos.living('/web').length, 0);
    const left = [...world.stored.keys()].filter((key) => !key.startsWith('treeChange:'));
    assert.deepEqual(left, ['framework:id'], 'nothing is left but what the changes replaced');
  });

  it('a change of instances alone restarts nothing; a change of env restarts within the capacities', () => {
    const world = plain({ instances: 4 });
    const ids = world.app('/web').tasks.map(({ id }) => id);
    world.command(put(appSpec('/web', { instances: 5 })));
    world.until(settled);
    assert.ok(ids.every((id) => world.app('/web').tasks.some((task) => task.id === id)));
    let most = 0;
    world.mesos.onLaunch = () => {
      most = Math.max(most, world.mesos.living('/web').length + 1);
    };
    const upgradeStrategy = { minimumHealthCapacity: 0.5, maximumOverCapacity: 0.2 };
    world.command(put(appSpec('/web', { instances: 5, env: { A: '1' }, upgradeStrategy })));
    world.until((view) => {
      assert.ok((view.apps[0]?.tasks.filter(({ state }) => state === 'TASK_RUNNING').length as number) >= 2);
      return settled(view);
    });
    assert.ok(most <= 6, `${most} tasks at once`);
    assert.equal(
      world.app('/web').tasks.some(({ id }) => ids.includes(id)),
      false,
    );
  });

  it('backs off after failures, longer each time, up to the cap, and forgets it on request', () => {
    const world = plain({ instances: 1, backoffSeconds: 10, backoffFactor: 2, maxLaunchDelaySeconds: 30 });
    const delays: number[] = [];
    for (let i = 0; i < 4; i++) {
      world.mesos.end([...world.mesos.tasks.values()].at(-1) as never, 'TASK_FAILED');
      world.tick(500);
      world.deliverAll();
      delays.push(world.view().queue[0]?.delaySecondsLeft ?? 0);
      world.until((view) => view.apps[0]?.tasks[0]?.state === 'TASK_RUNNING');
    }
    assert.deepEqual(delays, [10, 20, 30, 30]);
    world.mesos.end([...world.mesos.tasks.values()].at(-1) as never, 'TASK_FAILED');
    world.tick(500);
    world.deliverAll();
    world.command({ type: 'resetDelay', appId: '/web' });
    const before = world.now;
    world.until((view) => view.apps[0]?.tasks[0]?.state === 'TASK_RUNNING');
    assert.ok(world.now - before < 10_000);
    assert.match(world.app('/web').lastTaskFailure?.taskId ?? '', /^web\.instance-.*\._app\.1$/);
  });

  it('locks an app while a deployment runs, cancels back to what was, and forces through', () => {
    const world = plain({ instances: 1 });
    const before = world.app('/web').spec;
    const huge = appSpec('/web', { instances: 1, mem: 100_000 });
    const first = world.command(put(huge));
    const locked = world.command(put(appSpec('/web', { instances: 2 })));
    assert.equal(locked?.ok === false && locked.reason, 'locked');
    const id = (first?.ok && first.deploymentId) as string;
    const rollback = world.command({ type: 'cancelDeployment', deploymentId: id, force: false });
    assert.ok(rollback?.ok && rollback.deploymentId);
    world.until(settled);
    assert.equal(world.app('/web').spec.mem, before.mem);
    world.command(put({ ...huge, version: new Date(world.now).toISOString() }));
    const forced = world.command({
      type: 'putApps',
      specs: [appSpec('/web', { instances: 2, version: new Date(world.now + 1).toISOString() })],
      create: false,
      force: true,
    });
    assert.equal(forced?.ok, true);
    world.until(settled);
  });

  it('waits for what an app depends on', () => {
    const world = new World();
    world.connect();
    world.command(
      put(appSpec('/front', { dependencies: ['/back'] }), appSpec('/back', { instances: 1, mem: 100_000 })),
    );
    for (let i = 0; i < 20; i++) {
      world.tick(500);
      world.deliverAll();
    }
    assert.equal(world.mesos.tasks.size, 0);
    assert.equal(world.view().deployments[0]?.currentStep, 2);
  });

  it('asks for no offers and keeps none when nothing is wanted', () => {
    const world = plain({ instances: 1 });
    for (let i = 0; i < 10; i++) {
      world.tick(500);
      world.deliverAll();
    }
    assert.equal(world.calls.at(-1)?.type === 'SUPPRESS' || world.calls.some(({ type }) => type === 'SUPPRESS'), true);
    const declined = world.calls.filter((call) => call.type === 'DECLINE');
    assert.ok(declined.some((call) => call.type === 'DECLINE' && call.decline.filters?.refuse_seconds === 120));
  });

  it('persists before it accepts, acknowledges or answers', () => {
    const world = new World();
    const kinds: string[][] = [];
    const step = world.scheduler.step.bind(world.scheduler);
    world.scheduler.step = (...events) => {
      const actions = step(...events);
      kinds.push(actions.map((action) => (action.type === 'call' ? action.call.type : action.type)));
      return actions;
    };
    world.connect();
    world.command(put(appSpec('/web', { instances: 1 })));
    world.until(settled);
    const decided = kinds.filter((list) => list.includes('ACCEPT') || list.includes('reply'));
    assert.ok(decided.length >= 2);
    for (const list of decided) assert.equal(list[0], 'persist');
  });
});
