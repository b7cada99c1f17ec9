/** Each field of Marathon's App is taken, rewritten, refused by name or read only, as docs/marathon-fields.md tells users. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import _ from 'lodash';
import { parse, toJson } from '../../../framework/spec.js';
import { options } from './bodies.js';

type Verdict = 'taken' | 'rewritten' | 'refused' | 'read only';

const base = {
  id: '/a',
  cmd: 'sleep 100',
  cpus: 0.5,
  mem: 64,
  portDefinitions: [{ port: 0, protocol: 'tcp', name: 'http', labels: {} }],
};
const check = { protocol: 'HTTP', portIndex: 0 };
const ready = { portName: 'http' };
const volume = (more: object) => ({ container: { type: 'MESOS', volumes: [{ containerPath: 'data', ...more }] } });
const kept = (more: object) => volume({ mode: 'RW', persistent: { size: 8, ...more } });
const port = (more: object) => ({ portDefinitions: [{ port: 0, ...more }] });
const health = (more: object) => ({ healthChecks: [{ ...check, ...more }] });
const readiness = (more: object) => ({ readinessChecks: [{ ...ready, ...more }] });
const fetch = (more: object) => ({ fetch: [{ uri: 'https://x.example/a', ...more }] });
const whenLost = { taskLostBehavior: 'RELAUNCH_AFTER_TIMEOUT', relaunchEscalationTimeoutSeconds: 7 };

/** Bodies that ask for something other than the default, by field. */
const samples: Record<string, object> = {
  id: { id: '/b' },
  cmd: { cmd: 'sleep 200' },
  args: { cmd: null, args: ['sleep', '1'] },
  user: { user: 'nobody' },
  env: { env: { A: 'b' } },
  secrets: { secrets: { a: { source: 'b' } }, env: { A: { secret: 'a' } } },
  labels: { labels: { a: 'b' } },
  instances: { instances: 3 },
  cpus: { cpus: 2 },
  mem: { mem: 256 },
  disk: { disk: 10 },
  gpus: { gpus: 1 },
  'resourceLimits.cpus': { resourceLimits: { cpus: 'unlimited' } },
  'resourceLimits.mem': { resourceLimits: { mem: 512 } },
  executor: { executor: '/bin/executor' },
  executorResources: { executorResources: { cpus: 0.2, mem: 64, disk: 20 } },
  constraints: { constraints: [['hostname', 'UNIQUE']] },
  acceptedResourceRoles: { acceptedResourceRoles: ['*', 'gaia'] },
  role: { role: 'other' },
  networks: { networks: [{ mode: 'container/bridge' }] },
  ipAddress: { ipAddress: { groups: ['a'] } },
  portDefinitions: port({ protocol: 'udp', labels: { a: 'b' } }),
  'portDefinitions[].port': port({ port: 8080 }),
  'portDefinitions[].protocol': port({ protocol: 'udp,tcp' }),
  'portDefinitions[].name': port({ name: 'web' }),
  'portDefinitions[].labels': port({ labels: { VIP_0: 'x' } }),
  ports: { portDefinitions: null, ports: [8080] },
  requirePorts: { requirePorts: true },
  'container.type': { container: { type: 'DOCKER' } },
  'container.docker': { container: { type: 'MESOS', docker: { image: 'debian' } } },
  'container.portMappings': { container: { type: 'MESOS', portMappings: [{ containerPort: 80 }] } },
  'container.linuxInfo': { container: { type: 'MESOS', linuxInfo: { ipcInfo: { mode: 'PRIVATE' } } } },
  'container.volumes[].persistent': kept({ type: 'root' }),
  'container.volumes[].persistent.size': kept({ size: 9 }),
  'container.volumes[].persistent.type': kept({ type: 'mount' }),
  'container.volumes[].persistent.maxSize': kept({ maxSize: 9 }),
  'container.volumes[].persistent.profileName': kept({ profileName: 'fast' }),
  'container.volumes[].persistent.constraints': kept({ constraints: [['path', 'LIKE', '/x']] }),
  'container.volumes[].mode': volume({ mode: 'RO', persistent: { size: 8 } }),
  'container.volumes[].hostPath': volume({ hostPath: '/etc', mode: 'RO' }),
  'container.volumes[].external': volume({ external: { provider: 'dvdi', name: 'x', size: 1 }, mode: 'RW' }),
  'container.volumes[].secret': volume({ secret: 'x' }),
  'residency.taskLostBehavior': { ...kept({}), residency: whenLost },
  'residency.relaunchEscalationTimeoutSeconds': { ...kept({}), residency: whenLost },
  healthChecks: { healthChecks: [{ ...check, path: '/', ...failing(), delaySeconds: 15, ignoreHttp1xx: false }] },
  'healthChecks[].protocol': health({ protocol: 'TCP' }),
  'healthChecks[].path': health({ path: '/x' }),
  'healthChecks[].port': { healthChecks: [{ protocol: 'TCP', port: 80 }] },
  'healthChecks[].portIndex': health({}),
  'healthChecks[].command': { healthChecks: [{ protocol: 'COMMAND', command: { value: 'true' } }] },
  'healthChecks[].gracePeriodSeconds': health({ gracePeriodSeconds: 7 }),
  'healthChecks[].intervalSeconds': health({ intervalSeconds: 7 }),
  'healthChecks[].timeoutSeconds': health({ timeoutSeconds: 7 }),
  'healthChecks[].maxConsecutiveFailures': health({ maxConsecutiveFailures: 7 }),
  'healthChecks[].delaySeconds': health({ delaySeconds: 7 }),
  'healthChecks[].ignoreHttp1xx': health({ ignoreHttp1xx: true }),
  'healthChecks[].ipProtocol': health({ ipProtocol: 'IPv6' }),
  check: { check: { tcp: { portIndex: 0 }, intervalSeconds: 7, timeoutSeconds: 3, delaySeconds: 1 } },
  readinessChecks: readiness({ ...probing(), name: 'x', path: '/r', preserveLastResponse: true }),
  'readinessChecks[].name': readiness({ name: 'x' }),
  'readinessChecks[].protocol': readiness({ protocol: 'HTTPS' }),
  'readinessChecks[].path': readiness({ path: '/r' }),
  'readinessChecks[].portName': readiness({}),
  'readinessChecks[].intervalSeconds': readiness({ intervalSeconds: 77 }),
  'readinessChecks[].timeoutSeconds': readiness({ timeoutSeconds: 7 }),
  'readinessChecks[].httpStatusCodesForReady': readiness({ httpStatusCodesForReady: [204] }),
  'readinessChecks[].preserveLastResponse': readiness({ preserveLastResponse: true }),
  backoffSeconds: { backoffSeconds: 7 },
  backoffFactor: { backoffFactor: 2 },
  maxLaunchDelaySeconds: { maxLaunchDelaySeconds: 7 },
  'upgradeStrategy.minimumHealthCapacity': {
    upgradeStrategy: { minimumHealthCapacity: 0.2, maximumOverCapacity: 0.3 },
  },
  'upgradeStrategy.maximumOverCapacity': { upgradeStrategy: { minimumHealthCapacity: 0.2, maximumOverCapacity: 0.3 } },
  unreachableStrategy: { unreachableStrategy: { inactiveAfterSeconds: 7, expungeAfterSeconds: 9 } },
  killSelection: { killSelection: 'OLDEST_FIRST' },
  taskKillGracePeriodSeconds: { taskKillGracePeriodSeconds: 7 },
  dependencies: { dependencies: ['/c'] },
  fetch: fetch({ extract: false, executable: true, cache: true, destPath: 'x' }),
  'fetch[].uri': fetch({}),
  'fetch[].extract': fetch({ extract: false }),
  'fetch[].executable': fetch({ executable: true }),
  'fetch[].cache': fetch({ cache: true }),
  'fetch[].destPath': fetch({ destPath: 'x' }),
  uris: { uris: ['https://x.example/a.tgz'] },
  tty: { tty: true },
  version: { version: '2020-01-01T00:00:00.000Z' },
  versionInfo: { versionInfo: { lastScalingAt: 'x', lastConfigChangeAt: 'y' } },
  tasksStaged: { tasksStaged: 7 },
  tasksRunning: { tasksRunning: 7 },
  tasksHealthy: { tasksHealthy: 7 },
  tasksUnhealthy: { tasksUnhealthy: 7 },
  deployments: { deployments: [{ id: 'x' }] },
  readinessCheckResults: { readinessCheckResults: [{}] },
  tasks: { tasks: [{}] },
  lastTaskFailure: { lastTaskFailure: {} },
  taskStats: { taskStats: {} },
};

function failing() {
  return { gracePeriodSeconds: 1, intervalSeconds: 2, timeoutSeconds: 1, maxConsecutiveFailures: 1 };
}

function probing() {
  return { protocol: 'HTTP', intervalSeconds: 3, timeoutSeconds: 2, httpStatusCodesForReady: [200] };
}

const everything = { ...options, secrets: true };
/** `a[].b` as lodash has it: of the first. */
const at = (field: string) => field.replaceAll('[]', '[0]');
/** As details name it. */
const pathOf = (field: string) => `/${field.replaceAll('[]', '(0)').replaceAll('.', '/')}`;

/** What is done with the body, judged by the result alone. */
function verdictOf(field: string, sample: object): Verdict | string {
  const result = parse({ ...base, ...sample }, everything);
  if (!result.ok) {
    const { status, body } = result;
    const told = body.details.find(({ path }) => path === pathOf(field) || path === '/container');
    if (!told || status !== 422) return `another refusal: ${status} ${JSON.stringify(body.details)}`;
    return told.errors.some((sentence) => /[:;,] /.test(sentence)) ? 'refused' : `without a remedy: ${told.errors}`;
  }
  if (result.ignored.length > 0) return `ignored: ${result.ignored}`;
  const plain = parse(base, everything);
  assert.ok(plain.ok);
  if (_.isEqual(result.spec, plain.spec)) return 'read only';
  const [shown, given] = [_.get(toJson(result.spec), at(field)), _.get(sample, at(field))];
  return _.isEqual(shown, given) || _.isMatch(shown as object, given as object) ? 'taken' : 'rewritten';
}

const page = readFileSync(new URL('../../../../docs/marathon-fields.md', import.meta.url), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| `([^`]+)` \| (taken|rewritten|refused|read only) \|/gm)].map(
    ([, field, verdict]) => [field as string, verdict as Verdict] as const,
  ),
);

describe("spec: every field of Marathon's App", () => {
  it('is in the table for users', () => {
    assert.deepEqual([...rows.keys()].sort(), Object.keys(samples).sort());
  });

  for (const [field, sample] of Object.entries(samples)) {
    it(`${field} is ${rows.get(field)}`, () => {
      assert.equal(verdictOf(field, sample), rows.get(field));
    });
  }

  it('passes where it is refused otherwise and asks for nothing', () => {
    const nothing = {
      executor: '//cmd',
      executorResources: {},
      role: 'gaia',
      networks: [{ mode: 'host' }],
      ipAddress: null,
      tty: false,
      container: { type: 'MESOS', portMappings: [], docker: null, volumes: [] },
    };
    const result = parse({ ...base, ...nothing }, options);
    assert.ok(result.ok, JSON.stringify(result));
    assert.deepEqual(result.ignored, []);
  });

  it('is named when it is unknown, at any depth', () => {
    const body = {
      ...base,
      storeUrls: ['https://x.example/a'],
      ...port({ name: 'http', x: 1 }),
      ...health({ x: 1 }),
      ...readiness({ x: 1 }),
      ...fetch({ x: 1 }),
      check: { tcp: { portIndex: 0, x: 1 }, x: 1 },
      upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1, x: 1 },
      unreachableStrategy: { inactiveAfterSeconds: 1, expungeAfterSeconds: 1, x: 1 },
      secrets: { a: { source: 'b', x: 1 } },
      env: { A: { secret: 'a', x: 1 } },
    };
    const result = parse(body, everything);
    assert.ok(result.ok, JSON.stringify(result));
    const within = ['portDefinitions(0)', 'healthChecks(0)', 'readinessChecks(0)', 'fetch(0)', 'check', 'check/tcp'];
    const more = ['upgradeStrategy', 'unreachableStrategy', 'secrets/a', 'env/A'];
    const expected = ['/storeUrls', ...[...within, ...more].map((path) => `/${path}/x`)];
    assert.deepEqual([...result.ignored].sort(), expected.sort());
  });
});
