/** Changes of a living group: transports by force, scaling and restarting under a client that writes all the time. */
import assert from 'node:assert/strict';
import { leader, redisSpec, System, until } from './system.js';
import { Writer } from './writer.js';

const longestPauseMaxMs = 2000;

describe('a group that is changed', function () {
  this.timeout(120_000);
  let system: System;

  before(async () => {
    system = await System.start();
  });
  after(() => system?.stop());

  const remove = async (id: string) => {
    await system.request('DELETE', `/v2/apps${id}`);
    await until('the servers have ended', 60_000, async () => system.servers().length === 0);
  };

  for (const transport of ['tcp', 'shm']) {
    it(`heals over ${transport}, and is shown with it`, async () => {
      const id = `/changes/over-${transport}`;
      await system.deploy(redisSpec(id, { replication: { transport } }));
      const before = await system.whole(id);
      const writer = new Writer(system, id);
      const lost = leader(before);
      process.kill(lost.pid, 'SIGKILL');
      const group = await system.replaced(id, lost.member);
      const used = group.replicas.flatMap(({ transports }) => transports?.filter(({ connected }) => connected) ?? []);
      assert.deepEqual([...new Set(used.map((one) => one.transport))], [transport]);
      const rows = (await system.gaia('app', 'show', id)).stdout
        .split('\n')
        .filter((line) => /TASK_RUNNING/.test(line));
      assert.equal(rows.length, 3);
      for (const row of rows) assert.match(row, new RegExp(`\\b${transport}\\b`));
      assert.deepEqual(await writer.stop(), []);
      await remove(id);
    });
  }

  it('moves leadership under load at once, without a lost write', async () => {
    const id = '/changes/led';
    await system.deploy(redisSpec(id));
    const before = leader(await system.whole(id));
    const writer = new Writer(system, id);
    const slot = (before.slot + 1) % 3;
    for (const args of [['--to', String(slot)], ['--to', String(before.slot)], []]) {
      const moved = await system.gaia('app', 'transfer', id, ...args);
      assert.equal(moved.status, 0, moved.stdout + moved.stderr);
    }
    assert.notEqual(leader(await system.whole(id)).slot, before.slot);
    assert.deepEqual(await writer.stop(), []);
    assert.ok(writer.longestPauseMs < longestPauseMaxMs, `${Math.round(writer.longestPauseMs)} ms`);
    await remove(id);
  });

  it('waits for tasks to be ready and healthy, and replaces one that is not any more', async () => {
    const id = '/changes/checked';
    const program = `let status = 200;
      require('http').createServer((request, answer) => {
        if (request.url === '/fall-ill') status = 500;
        answer.statusCode = status;
        answer.end();
      }).listen(process.env.PORT0, '127.0.0.1');`;
    const times = { intervalSeconds: 1, timeoutSeconds: 1, gracePeriodSeconds: 10, delaySeconds: 0 };
    const command = { value: 'test -n "$PORT0" -a -n "$MESOS_SANDBOX"' };
    await system.deploy({
      id,
      args: [process.execPath, '-e', program],
      ...{ cpus: 0.1, mem: 32, backoffSeconds: 0 },
      healthChecks: [
        { protocol: 'HTTP', path: '/health', maxConsecutiveFailures: 1, ...times },
        { protocol: 'COMMAND', command, ...times },
      ],
      readinessChecks: [{ portName: 'default', path: '/ready', intervalSeconds: 2, timeoutSeconds: 1 }],
      check: { tcp: {}, intervalSeconds: 1, delaySeconds: 0 },
    });
    const healthy = (notTask: string) =>
      until('a healthy task, and no deployment', 30_000, async () => {
        const { app } = (await system.request('GET', `/v2/apps${id}`)).body;
        assert.deepEqual([app.tasksHealthy, app.tasksUnhealthy, app.deployments], [1, 0, []]);
        assert.notEqual(app.tasks[0].id, notTask);
        assert.equal(app.tasks[0].healthCheckResults.length, 2);
        assert.deepEqual(app.tasks[0].checkResult, { tcp: { succeeded: true } });
        return app.tasks[0];
      });
    const first = await healthy('');
    assert.match((await system.gaia('app', 'show', id)).stdout, /health: 1 healthy\n/);
    await fetch(`http://127.0.0.1:${first.ports[0]}/fall-ill`);
    await healthy(first.id);
    const { app } = (await system.request('GET', `/v2/apps${id}`)).body;
    assert.match(app.lastTaskFailure.message, /its HTTP health check has failed 1 times in a row: HTTP status 500/);
    await system.request('DELETE', `/v2/apps${id}`);
  });

  it('scales 3, 5, 3 and restarts without a lost write or a long pause', async () => {
    const id = '/changes/scaled';
    await system.deploy(redisSpec(id));
    const first = await system.whole(id);
    const writer = new Writer(system, id);
    for (const instances of ['5', '3']) {
      const scaled = await system.gaia('app', 'scale', id, instances, '--timeout', '60');
      assert.equal(scaled.status, 0, scaled.stdout + scaled.stderr);
      await system.whole(id, Number(instances));
    }
    const restarted = await system.gaia('app', 'restart', id, '--timeout', '60');
    assert.equal(restarted.status, 0, restarted.stdout + restarted.stderr);
    const last = await system.whole(id);
    const old = new Set(first.replicas.map(({ member }) => member));
    assert.ok(
      last.replicas.every(({ member }) => !old.has(member)),
      'every replica is a new one',
    );
    assert.deepEqual(await writer.stop(), []);
    assert.ok(writer.acknowledged.length > 1000, `${writer.acknowledged.length} writes`);
    assert.ok(
      writer.longestPauseMs < longestPauseMaxMs,
      `the longest pause was ${Math.round(writer.longestPauseMs)} ms`,
    );
    await remove(id);
  });
});
