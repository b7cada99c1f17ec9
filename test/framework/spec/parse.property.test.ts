import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parse, toJson } from '../../../framework/spec.js';

const version = '2026-01-02T03:04:05.678Z';
const options = { mode: 'create', existing: null, version } as const;

const FIELDS = [
  ...['id', 'cmd', 'args', 'user', 'env', 'labels', 'instances', 'cpus', 'mem', 'disk', 'gpus', 'constraints', 'ports'],
  ...['acceptedResourceRoles', 'portDefinitions', 'requirePorts', 'fetch', 'uris', 'backoffSeconds', 'backoffFactor'],
  ...[
    'upgradeStrategy',
    'unreachableStrategy',
    'killSelection',
    'dependencies',
    'replication',
    'version',
    'container',
    'affinity',
    'preferences',
    'priority',
  ],
];

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const texts = fc.dictionary(
  name,
  fc.string({ maxLength: 20 }).filter((text) => !text.includes('\0')),
  { maxKeys: 4 },
);
const constraint = fc.oneof(
  fc.tuple(name, fc.constantFrom('UNIQUE', 'unique', 'CLUSTER')),
  fc.tuple(name, fc.constantFrom('MAX_PER', 'group_by'), fc.integer({ min: 1, max: 99 }).map(String)),
  fc.tuple(name, fc.constantFrom('LIKE', 'UNLIKE', 'IS', 'CLUSTER'), name),
);
const affinity = fc.record({
  app: name.map((one) => `/other/${one}`),
  domain: fc.constantFrom('zone', 'rack', 'host'),
  type: fc.constantFrom('near', 'apart'),
  required: fc.boolean(),
});
const replication = fc.record(
  {
    transport: fc.constantFrom('auto', 'shm', 'verbs', 'tcp'),
    suspicionMs: fc.integer({ min: 50, max: 60_000 }),
    spread: fc.subarray(['zone', { domain: 'rack', required: true, maxPerDomain: 2 }, 'host']),
  },
  { requiredKeys: [] },
);
const app = fc.record(
  {
    id: fc
      .array(
        name.filter((one) => !['tasks', 'restart', 'versions'].includes(one)),
        { minLength: 1, maxLength: 4 },
      )
      .map((parts) => `/${parts.join('/')}`),
    cmd: fc.string({ minLength: 2, maxLength: 30 }).map((text) => `ls ${text.replaceAll('\0', '')}`),
    env: texts,
    labels: texts,
    instances: fc.integer({ min: 1, max: 9 }),
    cpus: fc.double({ min: 0.001, max: 100, noNaN: true }),
    mem: fc.double({ min: 0, max: 1e6, noNaN: true }),
    constraints: fc.uniqueArray(constraint, { maxLength: 3, selector: (row) => JSON.stringify(row).toUpperCase() }),
    preferences: fc.uniqueArray(constraint, { maxLength: 3, selector: (row) => JSON.stringify(row).toUpperCase() }),
    affinity: fc.uniqueArray(affinity, { maxLength: 3, selector: (row) => JSON.stringify(row) }),
    priority: fc.integer({ min: -1000, max: 1000 }),
    ports: fc.uniqueArray(fc.integer({ min: 1, max: 65535 }), { minLength: 1, maxLength: 3 }),
    uris: fc.array(fc.webUrl(), { maxLength: 2 }),
    unreachableStrategy: fc.constantFrom('disabled', { inactiveAfterSeconds: 1, expungeAfterSeconds: 2 }),
    taskKillGracePeriodSeconds: fc.nat(100),
    replication: fc.option(replication, { nil: null }),
  },
  { requiredKeys: ['id', 'cmd'] },
);

describe('spec: properties', () => {
  it('parse(toJson(parse(x))) is parse(x)', () => {
    fc.assert(
      fc.property(app, (json) => {
        const first = parse(json, options);
        assert.ok(first.ok, JSON.stringify(first));
        const again = parse(JSON.parse(JSON.stringify(toJson(first.spec))), options);
        assert.ok(again.ok, JSON.stringify(again));
        assert.deepEqual(again, { ...first, ignored: [] });
      }),
      { numRuns: 300 },
    );
  });

  it('any JSON is accepted or refused with details that name a path and say something', () => {
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.dictionary(fc.constantFrom(...FIELDS), fc.jsonValue({ maxDepth: 3 })),
      fc
        .tuple(app, fc.constantFrom(...FIELDS), fc.jsonValue({ maxDepth: 3 }))
        .map(([good, field, bad]) => ({ ...good, [field]: bad })),
    );
    fc.assert(
      fc.property(anything, fc.constantFrom('create', 'put', 'patch'), (json, mode) => {
        const result = parse(json, { ...options, mode });
        if (result.ok) return;
        assert.ok(result.status === 400 || result.status === 422);
        assert.ok(result.body.details.length > 0);
        for (const { path, errors } of result.body.details) {
          assert.match(path, /^\//);
          assert.ok(errors.length > 0 && errors.every((error) => error.length > 0));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
