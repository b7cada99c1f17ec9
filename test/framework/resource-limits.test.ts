import assert from 'node:assert/strict';
import { put, settled } from './model/running.js';
import { appSpec, replicatedSpec, World } from './model/world.js';
import { accept, reject, web } from './spec/bodies.js';

describe('resource limits', () => {
  const both = { resourceLimits: { cpus: 'unlimited' as const, mem: 512 } };

  it('are told to Mesos with each task, with room for its executor, and of apps without them nothing is', () => {
    const world = new World(3, 96);
    world.connect();
    world.command(put(appSpec('/plain'), appSpec('/limited', both), replicatedSpec('/group', both)));
    world.until(settled);
    const limits = (id: string) =>
      [...world.mesos.tasks.values()].filter(({ info }) => info.executor?.source === id).map(({ info }) => info.limits);
    const told = { cpus: { value: 'Infinity' }, mem: { value: 512 + 96 } };
    assert.deepEqual(limits('/limited'), [told, told, told]);
    assert.deepEqual(limits('/group'), [told, told, told]);
    assert.deepEqual(limits('/plain'), [undefined, undefined, undefined]);
  });

  it('are at least what is asked for, and of cpus and memory only', () => {
    const told = (resourceLimits: object) => {
      const { status, body } = reject({ ...web, cpus: 2, mem: 64, resourceLimits });
      return [status, body.details[0]?.path, body.details[0]?.errors[0]];
    };
    assert.deepEqual(told({ cpus: 1.5 }), [
      422,
      '/resourceLimits/cpus',
      'resource limit must be greater than or equal to requested resource (2)',
    ]);
    assert.deepEqual(told({ mem: 'lots' }), [
      422,
      '/resourceLimits/mem',
      "'lots' is an invalid resource limit. It must be 'unlimited' or a number",
    ]);
    assert.deepEqual(told({ disk: 1 }).slice(0, 2), [422, '/resourceLimits/disk']);
  });

  it('stay in an update that does not name them, and go with {}', () => {
    const existing = accept({ ...web, resourceLimits: { mem: 256 } });
    const patched = accept({ instances: 2 }, { mode: 'patch', existing });
    assert.deepEqual(patched.resourceLimits, { mem: 256 });
    assert.equal(accept({ resourceLimits: {} }, { mode: 'patch', existing }).resourceLimits, undefined);
    assert.equal(reject({ mem: 512 }, { mode: 'patch', existing }).body.details[0]?.path, '/resourceLimits/mem');
  });
});
