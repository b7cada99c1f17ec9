import assert from 'node:assert/strict';
import { absoluteId, parse, toJson } from '../../../framework/spec.js';
import { accept, options, reject, version, web } from './bodies.js';

describe('spec: canonical form', () => {
  it("has Marathon's defaults", () => {
    const { versionInfo, ...app } = toJson(accept(web));
    assert.deepEqual(versionInfo, { lastScalingAt: version, lastConfigChangeAt: version });
    assert.deepEqual(app, {
      id: '/web',
      cmd: 'sleep 100',
      env: {},
      labels: {},
      instances: 1,
      cpus: 1,
      mem: 128,
      disk: 0,
      gpus: 0,
      executor: '',
      networks: [{ mode: 'host' }],
      portDefinitions: [{ port: 0, protocol: 'tcp', name: 'default', labels: {} }],
      requirePorts: false,
      backoffSeconds: 1,
      backoffFactor: 1.15,
      maxLaunchDelaySeconds: 300,
      upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
      unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
      killSelection: 'YOUNGEST_FIRST',
      version,
    });
  });

  it('rewrites what is deprecated', () => {
    const app = accept({
      ...web,
      id: 'web/',
      ports: [0, 80],
      uris: ['http://h/a.tgz', 'http://h/b'],
      constraints: [['rack', 'group_by', '2']],
    });
    assert.equal(app.id, '/web');
    assert.deepEqual(
      app.portDefinitions.map(({ port, name }) => [port, name]),
      [
        [0, null],
        [80, null],
      ],
    );
    assert.deepEqual(
      app.fetch.map(({ uri, extract }) => [uri, extract]),
      [
        ['http://h/a.tgz', true],
        ['http://h/b', false],
      ],
    );
    assert.deepEqual(app.constraints, [{ field: 'rack', operator: 'GROUP_BY', value: '2' }]);
  });

  it('takes null for absent and asks of nothing for nothing', () => {
    const app = accept({
      ...web,
      instances: null,
      container: null,
      healthChecks: [],
      secrets: {},
      networks: [{ mode: 'host' }],
    });
    assert.equal(app.instances, 1);
  });

  it('names what it ignores', () => {
    const result = parse({ ...web, colour: 'red', version, tasksRunning: 3 }, options);
    assert.deepEqual(result.ok && result.ignored, ['/colour']);
  });

  it('resolves ids', () => {
    const cases = [
      ['a', '/a'],
      ['/a//b/', '/a/b'],
      ['/a/../b', '/b'],
    ] as const;
    for (const [id, expected] of cases) assert.equal(absoluteId(id), expected);
    assert.equal(absoluteId('../db', '/shop/web'), '/db');
    assert.equal(absoluteId('db', '/shop/web'), '/shop/db');
    assert.deepEqual(accept({ ...web, id: '/shop/web', dependencies: ['../db', 'cache'] }).dependencies, [
      '/db',
      '/shop/cache',
    ]);
  });
});

describe('spec: updates', () => {
  const existing = accept({ ...web, env: { A: '1' }, cpus: 2 });
  const later = '2026-01-02T03:05:00.000Z';
  const patch = { mode: 'patch', existing, version: later } as const;

  it('keeps what an update leaves out and clears what it empties', () => {
    const app = accept({ mem: 64, env: {} }, patch);
    assert.deepEqual([app.cpus, app.mem, app.env, app.version], [2, 64, {}, later]);
    assert.deepEqual(app.versionInfo, { lastScalingAt: later, lastConfigChangeAt: later });
  });

  it('replaces the whole app on put', () => {
    assert.deepEqual([accept({ cmd: 'sleep 5' }, { ...patch, mode: 'put' }).cpus, existing.cpus], [1, 2]);
  });

  it('knows scaling from a change of configuration', () => {
    assert.deepEqual(accept({ instances: 4 }, patch).versionInfo, {
      lastScalingAt: later,
      lastConfigChangeAt: version,
    });
    assert.deepEqual(accept({}, patch).versionInfo, { lastScalingAt: version, lastConfigChangeAt: version });
    const strategy = { upgradeStrategy: { minimumHealthCapacity: 0.25, maximumOverCapacity: 0 } };
    assert.deepEqual(accept(strategy, patch).versionInfo, existing.versionInfo);
  });

  it('lets args take the place of cmd', () => {
    const app = accept({ args: ['sleep', '1'] }, patch);
    assert.deepEqual([app.cmd, app.args], [null, ['sleep', '1']]);
  });

  it('refuses another id and a version beside changes', () => {
    assert.equal(reject({ id: '/other' }, patch).body.details[0]?.path, '/id');
    const words = reject({ version, mem: 5 }, patch).body.details[0]?.errors[0];
    assert.equal(words, "The 'version' field may only be combined with the 'id' field.");
  });
});
