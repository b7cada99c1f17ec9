import assert from 'node:assert/strict';
import type { AppSpec } from '../../../framework/app.js';
import { toJson } from '../../../framework/spec.js';
import { accept, ledger, options, reject, web } from './bodies.js';

const guest = { type: 'VM', vm: { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.gz', ports: [80] } };
const checked = (...healthChecks: unknown[]) => accept({ ...web, healthChecks }).healthChecks;

describe('spec: health checks', () => {
  it("have Marathon's defaults", () => {
    assert.deepEqual(checked({}), [
      {
        protocol: 'HTTP',
        path: '/',
        gracePeriodSeconds: 300,
        intervalSeconds: 60,
        timeoutSeconds: 20,
        maxConsecutiveFailures: 3,
        delaySeconds: 15,
        ignoreHttp1xx: false,
      },
    ]);
  });

  it('keep what their protocol has a use for', () => {
    const [tcp, fixed] =
      checked({ protocol: 'TCP', path: '/x', portIndex: 0 }, { port: 8080, portIndex: 7, path: 'x' }) ?? [];
    assert.deepEqual([tcp?.path, tcp?.portIndex], [undefined, 0]);
    assert.deepEqual([fixed?.path, fixed?.port, fixed?.portIndex], ['x', 8080, undefined]);
  });

  it('come back as they are shown, and go with an empty list', () => {
    const app = accept({ ...web, healthChecks: [{ portIndex: 0 }] });
    assert.deepEqual(accept(toJson(app)), app);
    const patch = { ...options, mode: 'patch', existing: app } as const;
    assert.equal(accept({ healthChecks: [] }, patch).healthChecks, undefined);
    assert.deepEqual(accept({ mem: 64 }, patch).healthChecks, app.healthChecks);
    const plain: AppSpec = accept(web);
    const same = accept({ healthChecks: [] }, { ...options, mode: 'patch', existing: plain });
    assert.deepEqual(same.versionInfo, plain.versionInfo);
  });

  it("`check` is Marathon's", () => {
    const app = accept({ ...web, check: { http: { path: '/x' } } });
    assert.deepEqual(app.check, {
      http: { path: '/x', scheme: 'HTTP' },
      intervalSeconds: 60,
      timeoutSeconds: 20,
      delaySeconds: 15,
    });
    assert.deepEqual(accept(toJson(app)), app);
    assert.deepEqual(accept({ ...web, check: { exec: { command: { shell: 'true' } } } }).check?.exec?.command, {
      shell: 'true',
    });
  });

  const refused: [name: string, json: object, path: string, words: RegExp][] = [
    [
      'a port that is not there',
      { ...web, healthChecks: [{ portIndex: 1 }] },
      '/healthChecks(0)/portIndex',
      /port indices/,
    ],
    ['no port of two', { ...web, ports: [0, 0], healthChecks: [{}] }, '/healthChecks(0)/portIndex', /port indices/],
    ['IPv6', { ...web, healthChecks: [{ ipProtocol: 'IPv6' }] }, '/healthChecks(0)/ipProtocol', /^IPv6 can only/],
    [
      'COMMAND without one',
      { ...web, healthChecks: [{ protocol: 'COMMAND' }] },
      '/healthChecks(0)',
      /without a command/,
    ],
    [
      'COMMAND in a guest',
      { id: '/vm', container: guest, healthChecks: [{ protocol: 'COMMAND', command: { value: 'true' } }] },
      '/healthChecks(0)/protocol',
      /inside a guest/,
    ],
    [
      'two on the agent',
      { ...web, healthChecks: [{ protocol: 'MESOS_TCP' }, { protocol: 'MESOS_HTTP' }] },
      '/healthChecks',
      /at most one Mesos health check/,
    ],
    ['a check of nothing', { ...web, check: { delaySeconds: 1 } }, '/check', /none of http, tcp and exec; give one/],
    ['a check of two kinds', { ...web, check: { http: {}, tcp: {} } }, '/check', /http and tcp; give one/],
    ['a check of no port', { ...web, check: { tcp: { portIndex: 3 } } }, '/check/tcp/portIndex', /port indices/],
    ['too many', { ...ledger, healthChecks: Array(11).fill({}) }, '/healthChecks', /has 11 checks; use at most 10/],
    [
      'replicated guests',
      { id: '/vm', container: guest, replication: { protocol: 'vm' }, healthChecks: [{ protocol: 'TCP' }] },
      '/healthChecks',
      /a replicated guest has no health checks/,
    ],
  ];
  for (const [name, json, path, words] of refused) {
    it(`refuse ${name}`, () => {
      const { status, body } = reject(json);
      assert.equal(status, 422);
      const detail = body.details.find((one) => one.path === path && one.errors.some((error) => words.test(error)));
      assert.ok(detail, JSON.stringify(body.details));
    });
  }
});
