import assert from 'node:assert/strict';
import { deploymentJson } from '../../framework/api/answers.js';
import type { AppSpec, ReadinessCheck } from '../../framework/app.js';
import { bodyBytesMax } from '../../framework/scheduler/readiness.js';
import type { DeploymentView } from '../../framework/service.js';
import { pass, put, runningTasks, settled, started } from './model/running.js';
import { answered, appSpec, readinessCheck, replicatedSpec, type World } from './model/world.js';

const check: ReadinessCheck = { ...readinessCheck, preserveLastResponse: true };
const web = (change: Partial<AppSpec> = {}) => appSpec('/web', { readinessChecks: [check], ...change });

const isIn = (ids: Set<string>, id: string) => ids.has(id.split(' ')[0] as string);
const tasks = (world: World, id = '/web') => runningTasks(world, id);
const idsOf = (world: World, id = '/web') => new Set(tasks(world, id).map((task) => task.id));

describe('scheduler: readiness checks', () => {
  it('hold a deployment, which shows the last answers', () => {
    const world = started(web({ instances: 2 }));
    world.onProbe = (_id, { bodyBytesMax: bytes, target }) => {
      assert.equal(bytes, bodyBytesMax);
      assert.equal(target.type === 'http' && target.path, '/ready');
      return { type: 'answered', status: 503, contentType: 'text/plain', body: 'warming up' };
    };
    pass(world, 20);
    const [deployment] = world.view().deployments;
    assert.match(deployment?.waitingFor ?? '', /2 of 2 that run are not ready: HTTP status 503/);
    const readiness = deployment?.currentActions[0]?.readiness;
    assert.deepEqual(readiness?.map(({ taskId }) => taskId).sort(), [...idsOf(world)].sort());
    assert.deepEqual(readiness?.[0], {
      name: 'warm',
      taskId: readiness?.[0]?.taskId,
      ready: false,
      lastResponse: { status: 503, contentType: 'text/plain', body: 'warming up' },
    });
    const [action] = deploymentJson(deployment as DeploymentView).currentActions as Record<string, unknown>[];
    assert.deepEqual(action?.readinessCheckResults, readiness);
    world.onProbe = () => answered(200);
    world.until(settled, 20);
  });

  it('are over when a task has passed once, also for a framework that starts again', () => {
    const world = started(web({ instances: 2 }));
    world.until(settled, 30);
    let probes = 0;
    world.onProbe = () => {
      probes += 1;
      return answered(500);
    };
    pass(world, 20);
    world.crash();
    pass(world, 20);
    assert.equal(probes, 0);
    assert.equal(
      tasks(world).every(({ readiness }) => readiness?.ready),
      true,
    );
  });

  it('keep the old version until the new one is ready', () => {
    const world = started(web({ instances: 2 }));
    world.until(settled, 30);
    const before = idsOf(world);
    world.onProbe = (id) => answered(isIn(before, id) ? 200 : 500);
    world.command(put(web({ instances: 2, env: { A: '1' } })));
    pass(world, 60);
    assert.equal(tasks(world).filter(({ id }) => before.has(id)).length, 2);
    world.onProbe = () => answered(200);
    world.until(settled, 60);
  });

  it('hold an upgrade of a group at its first new member', () => {
    const ledger = (change: Partial<AppSpec> = {}) =>
      replicatedSpec('/demo/ledger', { readinessChecks: [check], ...change });
    const world = started(ledger());
    world.until(settled, 60);
    const before = idsOf(world, '/demo/ledger');
    world.onProbe = (id) => answered(isIn(before, id) ? 200 : 500);
    world.command(put(ledger({ env: { A: '1' } })));
    pass(world, 60);
    assert.equal(tasks(world, '/demo/ledger').filter(({ id }) => before.has(id)).length, 2);
    assert.equal(world.app('/demo/ledger').group?.state, 'whole');
    world.onProbe = () => answered(200);
    world.until(settled, 200);
  });
});
