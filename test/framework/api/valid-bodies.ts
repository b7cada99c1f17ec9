/** Bodies that the API takes, by the schema of their operation. */
import { requestSchemas } from '../../../framework/api/openapi/requests.js';
import { ledger, web } from './harness.js';
import { replicatedGuest } from './replicated-guest.js';

/** With each field that goes with the others. */
export const fullApp = {
  id: '/full/app',
  cmd: 'exec serve --port $PORT0',
  user: 'nobody',
  env: { STAGE: 'test', DEEP: 'a=b' },
  labels: { tier: 'front', owner: 'shop' },
  fetch: [{ uri: 'https://example.test/serve.tar.gz', extract: true, executable: false, cache: true }],
  healthChecks: [{ protocol: 'HTTP', path: '/health', portIndex: 0, intervalSeconds: 5, maxConsecutiveFailures: 3 }],
  readinessChecks: [
    { name: 'ready', protocol: 'HTTP', path: '/ready', portName: 'http', httpStatusCodesForReady: [200] },
  ],
  instances: 2,
  cpus: 0.5,
  mem: 64,
  disk: 10,
  gpus: 0,
  resourceLimits: { cpus: 1, mem: 'unlimited' },
  constraints: [
    ['zone', 'GROUP_BY', '3'],
    ['rack', 'LIKE', 'r[0-9]+'],
  ],
  acceptedResourceRoles: ['*'],
  preferences: [['disk', 'CLUSTER', 'ssd']],
  affinity: [{ app: '/shop/web', type: 'near', domain: 'zone', required: false }],
  priority: 10,
  upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0.2 },
  unreachableStrategy: { inactiveAfterSeconds: 10, expungeAfterSeconds: 60 },
  killSelection: 'YOUNGEST_FIRST',
  backoffSeconds: 1,
  backoffFactor: 1.5,
  maxLaunchDelaySeconds: 300,
  taskKillGracePeriodSeconds: 5,
  portDefinitions: [{ port: 10_001, protocol: 'tcp', name: 'http', labels: { proto: 'http' } }],
  requirePorts: false,
  dependencies: ['/shop/web'],
  revocable: false,
};

const { id: _id, ...changes } = fullApp;
const child = { ...web, id: 'child', instances: 1 };

const more: Record<string, object[]> = {
  App: [fullApp, { ...ledger, id: '/fresh/ledger' }, { ...replicatedGuest, id: '/fresh/guest' }],
  AppUpdate: [changes, { cmd: 'sleep 7', env: { A: 'b' } }],
  AppUpdates: [[{ ...web, instances: 3 }, fullApp]],
  GroupUpdate: [
    { apps: [child, { ...fullApp, id: 'full' }], groups: [{ id: 'inner', apps: [child] }] },
    { scaleBy: 2 },
    { enforceRole: false },
  ],
  TaskIds: [{ ids: ['shop_web.instance-0._app.1', 'demo_ledger.instance-1._app.1'] }],
  LeaderWish: [{}],
};

export function validBodies(schema: string): unknown[] {
  const example = requestSchemas[schema]?.example;
  return [...(more[schema] ?? []), ...(example === undefined ? [] : [example])];
}
