import assert from 'node:assert/strict';
import { ledger, reject, web } from './bodies.js';

/** [what is wrong, the body, status, path, first error (Marathon's), word that the sentence after it must have] */
type Row = [name: string, json: unknown, status: number, path: string, words: string, remedy?: string];

describe('spec: bodies that are not acceptable', () => {
  const typed: Row[] = [
    ['no object', 5, 400, '/', 'error.expected.jsobject', 'object'],
    ['a list', [], 400, '/', 'error.expected.jsobject'],
    ['no id', { cmd: 'sleep 1' }, 400, '/id', 'error.path.missing', 'give a path'],
    ['cmd is a number', { ...web, cmd: 5 }, 400, '/cmd', 'error.expected.jsstring', 'cmd is 5'],
    ['instances in quotes', { ...web, instances: '2' }, 400, '/instances', 'error.expected.jsnumber', '"2"'],
    [
      'env is a number',
      { ...web, env: { A: 5 } },
      400,
      '/env/A',
      'error.expected.jsstring',
      'A is a number; give a string: put it into quotes',
    ],
    ['env is a list', { ...web, env: [] }, 400, '/env', 'error.expected.jsobject'],
    [
      'constraint value is a number',
      { ...web, constraints: [['rack', 'MAX_PER', 2]] },
      400,
      '/constraints(0)(2)',
      'error.expected.jsstring',
    ],
    ['constraints are no list', { ...web, constraints: 'rack' }, 400, '/constraints', 'error.expected.jsarray'],
    ['requirePorts is a string', { ...web, requirePorts: 'yes' }, 400, '/requirePorts', 'error.expected.jsboolean'],
    [
      'half an upgradeStrategy',
      { ...web, upgradeStrategy: { minimumHealthCapacity: 1 } },
      400,
      '/upgradeStrategy/maximumOverCapacity',
      'error.path.missing',
    ],
    ['fetch without uri', { ...web, fetch: [{}] }, 400, '/fetch(0)/uri', 'error.path.missing'],
    ['negative instances', { ...web, instances: -1 }, 422, '/instances', 'error.min', '0 or more'],
    ['half an instance', { ...web, instances: 1.5 }, 422, '/instances', 'error.expected.int', 'whole number'],
    ['no cpus', { ...web, cpus: 0 }, 422, '/cpus', 'error.min', '0.001 or more'],
    ['endless memory', JSON.parse('{"id":"/web","cmd":"ls","mem":1e999}'), 400, '/mem', 'error.expected.jsnumber'],
    ['upper case id', { ...web, id: '/Web' }, 422, '/id', 'error.pattern', 'lower-case'],
    ['port 70000', { ...web, portDefinitions: [{ port: 70000 }] }, 422, '/portDefinitions(0)/port', 'error.max'],
    [
      'unknown protocol',
      { ...web, portDefinitions: [{ protocol: 'sctp' }] },
      422,
      '/portDefinitions(0)/protocol',
      'error.unknown.enum.literal',
      'udp,tcp',
    ],
    ['backoff factor', { ...web, backoffFactor: 0.5 }, 422, '/backoffFactor', 'error.min'],
    ['too long a cmd', { ...web, cmd: 'x'.repeat(200_000) }, 422, '/cmd', 'error.maxLength', '122880'],
    [
      'too many variables',
      { ...web, env: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`E${i}`, ''])) },
      422,
      '/env',
      'error.maxLength',
      'at most 1000',
    ],
    [
      'too many constraints',
      { ...web, constraints: Array.from({ length: 1001 }, () => ['a', 'UNIQUE']) },
      422,
      '/constraints',
      'error.maxLength',
    ],
    ['empty cmd', { ...web, cmd: '' }, 422, '/cmd', 'error.minLength'],
    [
      'replication over carrier pigeon',
      { ...ledger, replication: { transport: 'pigeon' } },
      422,
      '/replication/transport',
      'error.unknown.enum.literal',
      'auto, shm, verbs, tcp',
    ],
  ];
  for (const [name, json, status, path, words, remedy] of typed) {
    it(name, () => {
      const { status: found, body } = reject(json);
      assert.deepEqual([found, body.message], [status, 'Invalid JSON']);
      expectDetail(body.details, path, words, remedy);
    });
  }

  const rules: Row[] = [
    [
      'nothing to run',
      { id: '/web' },
      422,
      '/',
      "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.",
      'both missing',
    ],
    [
      'cmd and args',
      { ...web, args: ['ls'] },
      422,
      '/',
      "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.",
      'drop one',
    ],
    ['cmd of one character', { ...web, cmd: 'x' }, 422, '/cmd', 'must not be an empty string'],
    ['cmd of blanks', { ...web, cmd: '   ' }, 422, '/cmd', 'must not be an empty string'],
    [
      'NUL in cmd',
      { ...web, cmd: 'sleep\0 1' },
      422,
      '/',
      'cmd, args or user has a NUL character, which no program can be given; remove it',
    ],
    ['root as id', { ...web, id: '/' }, 422, '/id', 'Path must contain at least one path element'],
    [
      'reserved id',
      { ...web, id: '/a/tasks' },
      422,
      '/id',
      'must not end with any of the following reserved keywords: restart, tasks, versions, ., ..',
      'another last segment',
    ],
    [
      'unknown operator',
      { ...web, constraints: [['rack', 'NEAR', 'x']] },
      422,
      '/constraints(0)',
      'operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS',
      '["rack","NEAR","x"]',
    ],
    [
      'operator named like a method',
      { ...web, constraints: [['rack', 'toString']] },
      422,
      '/constraints(0)',
      'operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS',
    ],
    [
      'second constraint has one field',
      { ...web, constraints: [['rack', 'UNIQUE'], ['rack']] },
      422,
      '/constraints(1)',
      'Each constraint must have either 2 or 3 fields',
    ],
    [
      'no field',
      { ...web, constraints: [['', 'UNIQUE']] },
      422,
      '/constraints(0)',
      'missing field for constraint declaration',
    ],
    [
      'UNIQUE with a value',
      { ...web, constraints: [['rack', 'UNIQUE', 'x']] },
      422,
      '/constraints(0)',
      'UNIQUE does not accept a value',
    ],
    [
      'MAX_PER without',
      { ...web, constraints: [['rack', 'MAX_PER']] },
      422,
      '/constraints(0)',
      'MAX_PER requires an integer value',
    ],
    [
      'GROUP_BY x',
      { ...web, constraints: [['rack', 'GROUP_BY', 'x']] },
      422,
      '/constraints(0)',
      'GROUP BY must define an integer value or else no value at all',
    ],
    [
      'LIKE nothing',
      { ...web, constraints: [['rack', 'LIKE']] },
      422,
      '/constraints(0)',
      'LIKE and UNLIKE require a non-empty, regular expression value',
    ],
    [
      'LIKE an open bracket',
      { ...web, constraints: [['rack', 'LIKE', 'r(']] },
      422,
      '/constraints(0)',
      'is not a valid regular expression',
    ],
    [
      'IS a star',
      { ...web, constraints: [['rack', 'IS', '*']] },
      422,
      '/constraints(0)',
      'IS only supports Mesos text and float values (see http://mesos.apache.org/documentation/latest/attributes-resources/)',
    ],
    [
      'same port twice',
      { ...web, portDefinitions: [{ port: 80 }, { port: 80 }] },
      422,
      '/portDefinitions',
      'Ports must be unique.',
      '80',
    ],
    [
      'same port name twice',
      { ...web, portDefinitions: [{ name: 'a' }, { name: 'a' }] },
      422,
      '/portDefinitions',
      'Port names must be unique.',
    ],
    [
      'ports against portDefinitions',
      { ...web, ports: [1], portDefinitions: [{ port: 2 }] },
      422,
      '/ports',
      'cannot specify both ports and port definitions',
    ],
    [
      'uris and fetch',
      { ...web, uris: ['http://x/y'], fetch: [] },
      422,
      '/uris',
      'may not be set in conjunction with fetch',
    ],
    [
      'inactive after expunge',
      { ...web, unreachableStrategy: { inactiveAfterSeconds: 9, expungeAfterSeconds: 3 } },
      422,
      '/unreachableStrategy',
      'inactiveAfterSeconds (9) must be less or equal to expungeAfterSeconds, which is 3',
    ],
    [
      'two of a single one',
      { ...web, instances: 2, labels: { MARATHON_SINGLE_INSTANCE_APP: 'true' } },
      422,
      '/instances',
      'Single instance app may only have one instance',
    ],
    [
      'a foreign role',
      { ...web, acceptedResourceRoles: ['prod'] },
      422,
      '/acceptedResourceRoles',
      'acceptedResourceRoles can only contain * and gaia',
      'prod',
    ],
    [
      'secret',
      { ...web, env: { A: { secret: 's' } } },
      422,
      '/env/A',
      'env A refers to the secret "s", but secrets is missing; give {"s": {"source": "..."}}',
    ],
    [
      'env name with =',
      { ...web, env: { 'A=B': 'x' } },
      422,
      '/env/A=B',
      'env names may have no "=", and neither names nor values a NUL character',
    ],
    [
      'env named __proto__',
      { ...web, env: JSON.parse('{"__proto__":"x"}') },
      422,
      '/env/__proto__',
      'env must not use the name __proto__; choose another',
    ],
  ];
  for (const [name, json, , path, words, remedy] of rules) {
    it(name, () => {
      const { status, body } = reject(json);
      assert.deepEqual([status, body.message], [422, 'Object is not valid']);
      expectDetail(body.details, path, words, remedy);
    });
  }

  for (const [name, more] of [
    ['replicated', { replication: {} }],
    [
      'resident',
      {
        container: { type: 'MESOS', volumes: [{ containerPath: 'data', persistent: { size: 1 } }] },
        residency: { taskLostBehavior: 'WAIT_FOREVER' },
      },
    ],
  ] as const)
    it(`refuses revocable resources for a ${name} app`, () => {
      const { body } = reject({ ...web, revocable: true, ...more });
      assert.equal(body.details[0]?.path, '/revocable');
      assert.match(body.details[0]?.errors[0] ?? '', /^revocable is true, but .*; leave it out$/);
    });

  const unsupported: Record<string, unknown> = {
    container: { type: 'DOCKER', docker: { image: 'redis' } },
    networks: [{ mode: 'container', name: 'x' }],
    ipAddress: { networkName: 'x' },
    executor: '/opt/executor',
    executorResources: { cpus: 1 },
    role: 'prod',
    tty: true,
  };
  for (const [name, value] of Object.entries(unsupported)) {
    it(`refuses ${name}, which would change what runs`, () => {
      const { status, body } = reject({ ...web, [name]: value });
      assert.equal(status, 422);
      assert.equal(body.details[0]?.path, `/${name}`);
      assert.match(body.details[0]?.errors[0] ?? '', new RegExp(`^${name} .* is not supported by this version: `));
    });
  }

  it('tells all at once, types before rules', () => {
    const { body } = reject({ id: '/web', instances: 'x', cpus: -1, constraints: [['a', 'NEAR']] });
    assert.deepEqual(body.details.map((detail) => detail.path).sort(), ['/cpus', '/instances']);
  });
});

function expectDetail(
  details: { path: string; errors: string[] }[],
  path: string,
  words: string,
  remedy?: string,
): void {
  const detail = details.find((one) => one.path === path);
  assert.ok(detail, `nothing about ${path} in ${JSON.stringify(details)}`);
  assert.equal(detail.errors[0], words);
  if (remedy !== undefined) assert.ok(detail.errors.slice(1).join(' ').includes(remedy), detail.errors.join(' | '));
}
