import assert from 'node:assert/strict';
import { toJson } from '../../../framework/spec.js';
import { accept, ledger, reject, web } from './bodies.js';

const volume = { containerPath: 'data', mode: 'RW', persistent: { size: 512 } };
const container = { type: 'MESOS', volumes: [volume] };
const residency = { taskLostBehavior: 'WAIT_FOREVER' };
const resident = { ...web, container, residency };
const onDisk = { ...ledger, replication: { durability: 'disk' }, container, residency };

/** [what is wrong, the body, path, word that the sentence must have] */
type Row = [name: string, json: object, path: string, word: RegExp];

describe('spec: apps with volumes', () => {
  it('waits for ever when nothing else is said', () => {
    const { residency: given } = accept({ ...web, container });
    assert.deepEqual([given?.taskLostBehavior, given?.relaunchEscalationTimeoutSeconds], ['WAIT_FOREVER', 3600]);
  });

  it("are Marathon's, with its defaults for residents", () => {
    const spec = accept(resident);
    assert.deepEqual(spec.residency, {
      volumes: [{ containerPath: 'data', sizeMb: 512 }],
      taskLostBehavior: 'WAIT_FOREVER',
      relaunchEscalationTimeoutSeconds: 3600,
    });
    assert.deepEqual(spec.upgradeStrategy, { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 });
    assert.equal(spec.unreachableStrategy, 'disabled');
  });

  it('are shown as they were given, and what is shown is accepted again', () => {
    const spec = accept(resident);
    const shown = toJson(spec);
    assert.deepEqual(shown.container, {
      type: 'MESOS',
      volumes: [{ containerPath: 'data', mode: 'RW', persistent: { type: 'root', size: 512 } }],
    });
    assert.deepEqual(accept(shown), spec);
  });

  it('an update that says nothing of volumes leaves them', () => {
    const existing = accept(resident);
    const spec = accept({ instances: 2 }, { mode: 'patch', existing });
    assert.deepEqual(spec.residency, existing.residency);
    const later = accept({ residency: { taskLostBehavior: 'RELAUNCH_AFTER_TIMEOUT' } }, { mode: 'patch', existing });
    assert.equal(later.residency?.taskLostBehavior, 'RELAUNCH_AFTER_TIMEOUT');
    assert.deepEqual(later.residency?.volumes, existing.residency?.volumes);
  });

  it('an update that names other volumes is taken at its word, so that it can be refused', () => {
    const existing = accept(resident);
    const other = { type: 'MESOS', volumes: [{ ...volume, persistent: { size: 1024 } }] };
    const spec = accept({ container: other }, { mode: 'patch', existing });
    assert.deepEqual(spec.residency, { ...existing.residency, volumes: [{ containerPath: 'data', sizeMb: 1024 }] });
  });

  it('an app without is as it was: no field of it says anything of volumes', () => {
    assert.equal('residency' in accept({ ...web, container: {} }), false);
  });

  const on = (change: object) => ({ ...resident, container: { type: 'MESOS', volumes: [{ ...volume, ...change }] } });
  const persistent = (change: object) => on({ persistent: { size: 512, ...change } });
  const rows: Row[] = [
    ['DOCKER', { ...web, container: { type: 'DOCKER', docker: { image: 'x' } } }, '/container', /"DOCKER".*"MESOS"/],
    [
      'an image',
      { ...resident, container: { ...container, docker: { image: 'x' } } },
      '/container/docker',
      /not supported/,
    ],
    ['no type', { ...resident, container: { volumes: [volume] } }, '/container', /"MESOS"/],
    [
      'a disk of type path',
      persistent({ type: 'path' }),
      '/container/volumes(0)/persistent/type',
      /"path".*give "root"/,
    ],
    ['a disk of type mount', persistent({ type: 'mount' }), '/container/volumes(0)/persistent/type', /"mount"/],
    ['a disk of type block', persistent({ type: 'block' }), '/container/volumes(0)/persistent/type', /"block"/],
    ['maxSize', persistent({ maxSize: 600 }), '/container/volumes(0)/persistent/maxSize', /not supported/],
    [
      'constraints',
      persistent({ constraints: [['path', 'LIKE', 'x']] }),
      '/container/volumes(0)/persistent/constraints',
      /Constraints on root volumes/,
    ],
    ['read only', on({ mode: 'RO' }), '/container/volumes(0)/mode', /"RO".*give "RW"/],
    ['a host path', on({ hostPath: '/x' }), '/container/volumes(0)/hostPath', /not supported/],
    [
      'a file of the sandbox',
      on({ containerPath: 'stdout' }),
      '/container/volumes(0)/containerPath',
      /"stdout".*choose another/,
    ],
    [
      'the same path twice',
      { ...resident, container: { type: 'MESOS', volumes: [volume, volume] } },
      '/container/volumes',
      /Volume names must be unique/,
    ],
    ['no volume', { ...web, residency }, '/residency', /no persistent volume/],
    ['a misspelt field', { ...resident, residency: { taskLost: 'x' } }, '/residency/taskLost', /no such field/],
    [
      'reserved resources',
      { ...resident, acceptedResourceRoles: ['gaia'] },
      '/acceptedResourceRoles',
      /A resident app must have/,
    ],
    [
      'a time when it is lost',
      { ...resident, unreachableStrategy: { inactiveAfterSeconds: 1, expungeAfterSeconds: 2 } },
      '/unreachableStrategy',
      /must be disabled for resident tasks/,
    ],
    [
      'more than all instances',
      { ...resident, upgradeStrategy: { minimumHealthCapacity: 0, maximumOverCapacity: 1 } },
      '/upgradeStrategy/maximumOverCapacity',
      /expected 0/,
    ],
    ['replicas in memory', { ...ledger, container, residency }, '/container/volumes', /durability "disk"/],
    [
      'replicas with two',
      { ...onDisk, container: { type: 'MESOS', volumes: [volume, { ...volume, containerPath: 'b' }] } },
      '/container/volumes',
      /give one/,
    ],
  ];
  for (const [name, json, path, word] of rows)
    it(`${name}: refused by field, value and remedy`, () => {
      const { status, body } = reject(json);
      assert.equal(status, 422, JSON.stringify(body));
      const detail = body.details.find((one) => one.path === path);
      assert.match(detail?.errors.join(' ') ?? JSON.stringify(body.details), word);
    });

  it('a size of 0, one in quotes and none: refused', () => {
    for (const [size, status] of [
      [0, 422],
      ['5', 400],
      [undefined, 400],
      [1.5, 422],
    ] as const)
      assert.equal(reject(persistent({ size })).status, status, String(size));
  });

  it('"a/b" is no folder: refused', () => {
    assert.equal(reject(on({ containerPath: 'a/b' })).body.details[0]?.path, '/container/volumes(0)/containerPath');
  });

  it('a framework without a principal has nobody to reserve for: refused', () => {
    const { body } = reject(resident, { principal: null });
    assert.match(body.details[0]?.errors.join() ?? '', /--principal/);
  });

  it('replicas with durability disk may have one', () => {
    assert.equal(accept(onDisk).residency?.volumes.length, 1);
  });
});
