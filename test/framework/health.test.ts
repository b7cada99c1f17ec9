import assert from 'node:assert/strict';
import type { AppSpec, HealthCheck } from '../../framework/app.js';
import type { ProbeOutcome } from '../../framework/probes/types.js';
import { probesAtOnceMax } from '../../framework/scheduler/probes.js';
import { pass, put, runningTasks, settled, started, story } from './model/running.js';
import { answered, appSpec, replicatedSpec, type World } from './model/world.js';

const check: HealthCheck = {
  protocol: 'HTTP',
  path: '/ready',
  gracePeriodSeconds: 10,
  intervalSeconds: 5,
  timeoutSeconds: 2,
  maxConsecutiveFailures: 3,
  delaySeconds: 0,
  ignoreHttp1xx: false,
};
const refused: ProbeOutcome = { type: 'failed', of: 'http', cause: 'connection refused' };
const web = (change: Partial<AppSpec> = {}) => appSpec('/web', { healthChecks: [check], ...change });
const ledger = (change: Partial<AppSpec> = {}) => replicatedSpec('/demo/ledger', { healthChecks: [check], ...change });

function deployed(...specs: AppSpec[]): World {
  const world = started(...specs);
  world.until(settled);
  return world;
}

/** Probes of these tasks fail. */
const failing = (world: World, isFailing: (taskId: string) => boolean) => {
  world.onProbe = (id) => (isFailing(id.split(' ')[0] as string) ? refused : answered(200));
};
const tasks = (world: World, id = '/web') => runningTasks(world, id);

describe('scheduler: events of health checks', () => {
  const told = (world: World) =>
    world.published.splice(0).flatMap((event) => {
      if (event.eventType === 'add_health_check_event')
        return [`add ${(event.healthCheck as HealthCheck).path} of ${event.version}`];
      return event.eventType === 'remove_health_check_event' ? [`remove of ${event.appId}`] : [];
    });
  const change = (world: World, spec: AppSpec) => {
    world.command(put(spec));
    world.until(settled);
    return told(world);
  };

  it('tell which checks an app has got, and that it has lost some', () => {
    const other = { ...check, path: '/other' };
    const first = web();
    const world = deployed(first);
    assert.deepEqual(told(world), [`add /ready of ${first.version}`]);
    assert.deepEqual(change(world, web({ instances: 2 })), [], 'the checks are the same');
    const second = web({ healthChecks: [other, check], version: '2099-11-22T10:00:00.000Z' });
    assert.deepEqual(change(world, second), ['add /other of 2099-11-22T10:00:00.000Z']);
    assert.deepEqual(change(world, web({ healthChecks: [other] })), ['remove of /web']);
    world.command({ type: 'deleteApp', appId: '/web', force: false });
    world.until(settled);
    assert.deepEqual(told(world), ['remove of /web']);
  });
});

describe('scheduler: health checks', () => {
  it('probe each task where it listens, at every interval', () => {
    const world = started(web({ instances: 2 }));
    const probed: { ms: number; id: string; url: string }[] = [];
    world.onProbe = (id, { target, timeoutMs }) => {
      assert.equal(target.type, 'http');
      assert.equal(timeoutMs, 2000);
      probed.push({ ms: world.now, id, url: `${target.host}:${target.port}${target.type === 'http' && target.path}` });
      return answered(200);
    };
    world.until(settled);
    pass(world, 20);
    for (const { id, host, ports } of tasks(world)) {
      const own = probed.filter((one) => one.id === `${id} 0`);
      const gaps = own.slice(1).map(({ ms }, index) => ms - (own[index]?.ms ?? 0));
      assert.ok(gaps.length >= 3 && gaps.every((gap) => gap >= 5000 && gap < 6500), String(gaps));
      const task = world.mesos.tasks.get(id);
      const address = task && `127.0.1.${task.agentId.slice(1)}`;
      assert.deepEqual([...new Set(own.map(({ url }) => url))], [`${address}:${ports[0]}/ready`], host);
    }
  });

  it('a deployment waits until its tasks are healthy, and says for what', () => {
    const world = started(web({ instances: 2 }));
    failing(world, () => true);
    pass(world, 8);
    assert.equal(tasks(world).length, 2);
    assert.match(world.view().deployments[0]?.waitingFor ?? '', /2 of 2 that run are not healthy yet/);
    assert.equal(world.app('/web').tasks[0]?.health?.healthy, null);
    failing(world, () => false);
    world.until(settled, 30);
    assert.equal(
      tasks(world).every(({ health }) => health?.healthy),
      true,
    );
  });

  it('replaces a task that fails as often as is allowed, and no sooner', () => {
    const world = deployed(web({ instances: 2 }));
    const [sick] = tasks(world);
    assert.ok(sick);
    pass(world, 20);
    let failures = 0;
    world.onProbe = (id) => {
      if (id !== `${sick.id} 0`) return answered(200);
      assert.equal(world.mesos.tasks.get(sick.id)?.ended, false);
      failures += 1;
      return refused;
    };
    world.until(() => world.mesos.tasks.get(sick.id)?.ended === true, 60);
    assert.equal(failures, 3);
    world.until(() => tasks(world).length === 2, 60);
    const ofSick = world.published.filter((event) => 'instanceId' in event && sick.id.startsWith(event.instanceId));
    const told = ofSick.map(({ eventType }) => eventType).filter((type) => /health/.test(type));
    assert.deepEqual(told.slice(0, 2), ['health_status_changed_event', 'instance_health_changed_event']);
    assert.deepEqual(told.slice(2).sort(), [
      ...['failed_health_check_event', 'failed_health_check_event', 'failed_health_check_event'],
      ...['health_status_changed_event', 'instance_health_changed_event', 'unhealthy_instance_kill_event'],
    ]);
    assert.match(story(world, '/web'), /is unhealthy: connection refused/);
    assert.match(
      story(world, '/web'),
      /was stopped: its HTTP health check has failed 3 times in a row: connection refused/,
    );
    assert.match(
      world.app('/web').lastTaskFailure?.message ?? '',
      /killed because its HTTP health check has failed 3 times/,
    );
  });

  it('forgives failures of the grace period, until the first success', () => {
    const world = started(web({ instances: 1, healthChecks: [{ ...check, gracePeriodSeconds: 60 }] }));
    failing(world, () => true);
    pass(world, 50);
    const [task] = tasks(world);
    assert.ok(task);
    assert.deepEqual(task.health, { healthy: null, results: [] });
    failing(world, () => false);
    world.until(settled, 10);
    failing(world, () => true);
    world.until(() => world.mesos.tasks.get(task.id)?.ended === true, 30);
  });

  it('never replaces where 0 failures are allowed', () => {
    const world = deployed(web({ instances: 1, healthChecks: [{ ...check, maxConsecutiveFailures: 0 }] }));
    const [task] = tasks(world);
    failing(world, () => true);
    pass(world, 120);
    assert.equal(world.mesos.tasks.get(task?.id ?? '')?.ended, false);
    assert.equal(world.app('/web').tasks[0]?.health?.healthy, false);
  });

  it('goes on after a restart of the framework', () => {
    const world = deployed(web({ instances: 1 }));
    const [task] = tasks(world);
    failing(world, () => true);
    world.crash();
    world.until(() => world.mesos.tasks.get(task?.id ?? '')?.ended === true, 60);
  });

  it('tell an executor what it is to probe', () => {
    const healthChecks: HealthCheck[] = [check, { ...check, protocol: 'MESOS_HTTPS', timeoutSeconds: 0 }];
    const command = { exec: { command: { shell: 'true' } }, intervalSeconds: 1, timeoutSeconds: 2, delaySeconds: 3 };
    const world = started(web({ instances: 1, healthChecks, check: command }));
    pass(world, 5);
    const { assignment } = [...world.mesos.tasks.values()][0] ?? {};
    assert.deepEqual(assignment?.health, {
      probe: { type: 'http', secure: true, port: assignment?.ports[0], path: '/ready' },
      delayMs: 0,
      intervalMs: 5000,
      timeoutMs: 1000,
      gracePeriodMs: 10_000,
      failuresToldMax: 3,
    });
    assert.deepEqual(assignment?.check, {
      probe: { type: 'command', shell: 'true' },
      delayMs: 3000,
      intervalMs: 1000,
      timeoutMs: 2000,
    });
  });

  it('believe an executor that probes, and its count', () => {
    const onAgent: HealthCheck = { ...check, protocol: 'MESOS_HTTP' };
    const world = started(web({ instances: 1, healthChecks: [onAgent] }));
    pass(world, 5);
    assert.equal(world.view().deployments.length, 1);
    const task = [...world.mesos.tasks.values()][0];
    assert.ok(task);
    world.mesos.tellHealth(task, true);
    world.until(settled, 10);
    world.crash();
    world.connect();
    assert.equal(world.app('/web').tasks[0]?.health?.healthy, true);
    world.mesos.tellHealth(task, false, 2);
    world.deliverAll();
    pass(world, 2);
    assert.equal(world.app('/web').tasks[0]?.health?.results[0]?.consecutiveFailures, 2);
    assert.equal(task.ended, false);
    world.mesos.tellHealth(task, false, 2);
    pass(world, 2);
    const failures = world.published.filter(({ eventType }) => eventType === 'failed_health_check_event');
    assert.equal(failures.length, 1, 'an update of other things repeats it');
    world.mesos.tellHealth(task, false, 3);
    world.until(() => task.ended, 10);
  });

  it('is not probed again before there is an answer, and there is a bounded number of probes under way', () => {
    for (const [instances, expected] of [
      [2, 20],
      [60, probesAtOnceMax],
    ] as const) {
      const world = started(web({ instances, cpus: 0.1, mem: 10, healthChecks: Array(10).fill(check) }));
      let ordered = 0;
      const step = world.scheduler.step.bind(world.scheduler);
      world.scheduler.step = (...events) => {
        const actions = step(...events);
        ordered += actions.filter(({ type }) => type === 'probe').length;
        return actions.filter(({ type }) => type !== 'probe');
      };
      pass(world, 12);
      assert.equal(tasks(world).length, instances);
      assert.equal(ordered, expected);
    }
  });
});

describe('scheduler: health checks in upgrades', () => {
  it('keep the old version up until the new one is healthy', () => {
    const world = deployed(web({ instances: 3 }));
    const before = new Set(tasks(world).map(({ id }) => id));
    failing(world, (id) => !before.has(id));
    world.command(put(web({ instances: 3, env: { A: '1' } })));
    pass(world, 60);
    assert.equal(tasks(world).filter(({ id }) => before.has(id)).length, 3);
    failing(world, () => false);
    world.until(settled, 120);
    assert.equal(tasks(world).filter(({ id }) => before.has(id)).length, 0);
  });

  it('replace an old version that is not healthy itself', () => {
    const upgradeStrategy = { minimumHealthCapacity: 1, maximumOverCapacity: 0 };
    const never = { ...check, maxConsecutiveFailures: 0 };
    const world = deployed(web({ instances: 3, healthChecks: [never], upgradeStrategy }));
    const before = new Set(tasks(world).map(({ id }) => id));
    failing(world, (id) => before.has(id));
    pass(world, 30);
    world.command(put(web({ instances: 3, healthChecks: [never], upgradeStrategy, env: { A: '1' } })));
    world.until(settled, 120);
  });
});

describe('scheduler: health checks of replicas', () => {
  it('replace a member through its leave, never below the majority', () => {
    const world = deployed(ledger());
    pass(world, 10);
    const sick = tasks(world, '/demo/ledger').find(({ replica }) => replica?.member === 2);
    assert.ok(sick);
    world.mesos.onKill = (task) => {
      const group = world.mesos.groups.get('/demo/ledger@1');
      const isIn = group?.configuration.some(({ member }) => member === task.assignment.replica?.self.member);
      assert.equal(isIn, false, 'killed while it counted');
    };
    failing(world, (id) => id === sick.id);
    world.until(
      (view) => world.mesos.tasks.get(sick.id)?.ended === true && view.apps[0]?.group?.state === 'whole',
      200,
    );
    assert.match(
      story(world),
      /replica 1 \(member 2\) .* is taken out: its HTTP health check has failed 3 times in a row/,
    );
    assert.equal(world.mesos.tasks.size, 4);
  });

  it('replace nobody when most fail: that is the program, not a member', () => {
    const world = deployed(ledger());
    pass(world, 10);
    failing(world, () => true);
    pass(world, 60);
    assert.equal(world.mesos.tasks.size, 3);
    assert.equal(world.app('/demo/ledger').group?.state, 'whole');
  });

  it('hold an upgrade of a group until the new member is healthy', () => {
    const world = deployed(ledger());
    pass(world, 10);
    const before = new Set(tasks(world, '/demo/ledger').map(({ id }) => id));
    failing(world, (id) => !before.has(id));
    const slow = [{ ...check, gracePeriodSeconds: 1000 }];
    world.command(put(ledger({ env: { A: '1' }, healthChecks: slow })));
    pass(world, 90);
    assert.equal(tasks(world, '/demo/ledger').filter(({ id }) => before.has(id)).length, 2);
    failing(world, () => false);
    world.until(settled, 200);
  });
});
