/** What clients send. */
import { checks } from './checks.js';
import { anything, count, flag, list, mapOf, number, object, ref, type Schema, text, whole } from './types.js';

const share: Schema = { type: 'number', minimum: 0, maximum: 1 };
const limit: Schema = { oneOf: [{ type: 'number', minimum: 0 }, { enum: ['unlimited'] }] };
const row: Schema = { type: 'array', items: text };
const pathId: Schema = { type: 'string', pattern: '^[a-z0-9/._-]+$', description: 'a path, such as /shop/web' };
const port: Schema = { type: 'integer', minimum: 0, maximum: 65_535 };

const placement = {
  'constraints?': list(row),
  'acceptedResourceRoles?': list(text),
  'preferences?': list(row),
  'affinity?': list(object({ app: text, type: { enum: ['near', 'apart'] }, 'domain?': text, 'required?': flag })),
  'priority?': { type: 'integer', minimum: -1000, maximum: 1000 },
};

const change = {
  'upgradeStrategy?': object({
    'minimumHealthCapacity?': share,
    'maximumOverCapacity?': share,
    'replicasMissingMax?': count,
  }),
  'unreachableStrategy?': {
    oneOf: [{ enum: ['disabled'] }, object({ 'inactiveAfterSeconds?': count, 'expungeAfterSeconds?': count })],
  },
  'killSelection?': { enum: ['YOUNGEST_FIRST', 'OLDEST_FIRST'] },
  'backoffSeconds?': count,
  'backoffFactor?': { type: 'number', minimum: 1 },
  'maxLaunchDelaySeconds?': count,
  'taskKillGracePeriodSeconds?': count,
};

const program = {
  'cmd?': { type: 'string', minLength: 1 },
  'args?': list(text),
  'user?': text,
  'env?': mapOf(anything),
  'labels?': mapOf(text),
  'fetch?': list(object({ uri: text, 'extract?': flag, 'executable?': flag, 'cache?': flag, 'destPath?': text })),
  'container?': { type: 'object' },
  ...checks,
};

const portDefinition = object({
  'port?': port,
  'protocol?': { enum: ['tcp', 'udp', 'udp,tcp'] },
  'name?': text,
  'labels?': mapOf(text),
});

const fields = {
  ...program,
  'instances?': count,
  'cpus?': { type: 'number', minimum: 0.001 },
  'mem?': { type: 'number', minimum: 0, description: 'MB' },
  'disk?': { type: 'number', minimum: 0, description: 'MB' },
  'gpus?': count,
  'resourceLimits?': object({ 'cpus?': limit, 'mem?': limit }),
  ...placement,
  ...change,
  'portDefinitions?': list(portDefinition),
  'requirePorts?': flag,
  'dependencies?': list(pathId),
  'replication?': { type: 'object', description: 'exact replicas: docs/replication.md' },
  'residency?': { type: 'object' },
  'revocable?': flag,
};

const web = { id: '/shop/web', cmd: 'exec python3 -m http.server $PORT0', instances: 2, cpus: 0.1, mem: 32 };
const shop = { id: '/shop', groups: [{ id: 'front', dependencies: ['/shop/back'], apps: [{ ...web, id: 'web' }] }] };

export const requestSchemas: Record<string, Schema> = {
  App: object({ id: pathId, ...fields }, web),
  AppUpdate: object({ 'id?': pathId, 'version?': text, ...fields }, { instances: 3 }),
  AppUpdates: { ...list(ref('AppUpdate')), minItems: 1, example: [web] },
  GroupUpdate: object(
    {
      'id?': pathId,
      'apps?': list(ref('App')),
      'groups?': list(ref('GroupUpdate')),
      'dependencies?': list(pathId),
      'scaleBy?': { ...number, minimum: 0 },
      'version?': text,
      'enforceRole?': { enum: [false] },
    },
    shop,
  ),
  TaskIds: object({ ids: list(text) }, { ids: ['shop_web.instance-0._app.1'] }),
  LeaderWish: object({ 'slot?': { ...whole, minimum: 0, maximum: 8 } }, { slot: 1 }),
};
