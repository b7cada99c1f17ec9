/**
 * The bodies that Marathon's repository documents, by their fields: documentation, examples of its API description, and the apps
 * of its system tests; and what breaks the rules of its validation.
 */

export const sleep = { cmd: 'sleep 1000', cpus: 0.1, mem: 16 };
const server = { cmd: 'python3 -m http.server $PORT0', cpus: 0.5, mem: 32 };
const apiPort = { portDefinitions: [{ port: 0, protocol: 'tcp', name: 'api' }] };
const oneAtATime = { upgradeStrategy: { minimumHealthCapacity: 0, maximumOverCapacity: 0 } };
const image = { type: 'DOCKER', docker: { image: 'debian:12' } };
const volume = { containerPath: 'data', mode: 'RW', persistent: { size: 10, type: 'root', constraints: [] } };
const ready = { name: 'readiness', path: '/', portName: 'api', intervalSeconds: 2, timeoutSeconds: 1 };
const healthy = {
  protocol: 'HTTP',
  path: '/',
  portIndex: 0,
  gracePeriodSeconds: 10,
  intervalSeconds: 2,
  timeoutSeconds: 2,
};

type Accepted = [name: string, body: object, shown?: object];

/** The third column: fields that must be shown so. */
export const accepted: Accepted[] = [
  ['the simplest app', { id: '/simple', instances: 2, disk: 0, ...sleep }, { instances: 2, mem: 16 }],
  ['a relative id', { id: 'sleep', ...sleep, cpus: 3.5 }, { id: '/sleep' }],
  ['a program with arguments', { id: '/a', args: ['sleep', '100'] }, { args: ['sleep', '100'] }],
  [
    'nulls for what is left out',
    { id: '/a', ...sleep, args: null, user: null, container: null, acceptedResourceRoles: null },
  ],
  ['env as strings', { id: '/a', ...sleep, env: { LD_LIBRARY_PATH: '/usr/local/lib' } }],
  [
    'uris, which become fetch',
    { id: '/a', ...sleep, uris: ['https://x.example/a.tgz', 'https://x.example/b.py'] },
    {
      fetch: [
        { uri: 'https://x.example/a.tgz', extract: true, executable: false, cache: false },
        { uri: 'https://x.example/b.py', extract: false, executable: false, cache: false },
      ],
    },
  ],
  [
    'fetch with all of its fields',
    {
      id: '/a',
      ...sleep,
      fetch: [{ uri: 'https://x.example/a.zip', executable: false, extract: true, cache: true, destPath: 'b.zip' }],
    },
  ],
  [
    'ports, which become portDefinitions',
    { id: '/a', ...sleep, ports: [10_013, 10_015], requirePorts: false },
    {
      portDefinitions: [
        { port: 10_013, protocol: 'tcp', labels: {} },
        { port: 10_015, protocol: 'tcp', labels: {} },
      ],
    },
  ],
  [
    'a port that is required',
    { id: '/a', ...server, portDefinitions: [{ port: 7777, protocol: 'tcp', name: 'api' }], requirePorts: true },
  ],
  [
    'a port for both protocols',
    { id: '/a', ...server, portDefinitions: [{ port: 0, protocol: 'udp,tcp', labels: { VIP_0: '10.0.0.1:80' } }] },
  ],
  ['the deprecated executor //cmd', { id: '/a', ...sleep, executor: '//cmd' }, { executor: '' }],
  [
    'constraints of every kind',
    {
      id: '/a',
      ...sleep,
      constraints: [
        ['hostname', 'UNIQUE'],
        ['rack', 'CLUSTER', 'rack-1'],
        ['rack', 'CLUSTER'],
        ['rack', 'GROUP_BY'],
        ['rack', 'GROUP_BY', '3'],
        ['rack', 'LIKE', 'rack-[1-3]'],
        ['rack', 'UNLIKE', 'rack-[7-9]'],
        ['rack', 'MAX_PER', '2'],
        ['rack', 'IS', 'rack-1'],
        ['@zone', 'GROUP_BY', '2'],
      ],
    },
  ],
  [
    'operators in lower case',
    { id: '/a', ...sleep, constraints: [['hostname', 'unique']] },
    { constraints: [['hostname', 'UNIQUE']] },
  ],
  [
    'dependencies on apps and groups',
    { id: '/test/a', ...sleep, dependencies: ['/test/b', '/other/group', '../x'] },
    {
      dependencies: ['/test/b', '/other/group', '/x'],
    },
  ],
  [
    'an upgrade with half of the tasks',
    { id: '/a', ...sleep, upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0.2 } },
  ],
  ['a single instance app', { id: '/a', ...sleep, ...oneAtATime, labels: { MARATHON_SINGLE_INSTANCE_APP: 'true' } }],
  ['a back-off', { id: '/a', ...sleep, backoffSeconds: 1, backoffFactor: 1.15, maxLaunchDelaySeconds: 3600 }],
  [
    'patience with unreachable tasks',
    { id: '/a', ...sleep, unreachableStrategy: { inactiveAfterSeconds: 60, expungeAfterSeconds: 3600 } },
  ],
  ['no patience', { id: '/a', ...sleep, unreachableStrategy: 'disabled' }, { unreachableStrategy: 'disabled' }],
  ['who is killed first', { id: '/a', ...sleep, killSelection: 'OLDEST_FIRST', taskKillGracePeriodSeconds: 10 }],
  ['host networking by name', { id: '/a', ...sleep, networks: [{ mode: 'host' }] }],
  ['a Mesos container without an image', { id: '/a', ...sleep, container: { type: 'MESOS' } }],
  [
    'a persistent volume',
    {
      id: '/a',
      ...server,
      ...apiPort,
      disk: 0,
      acceptedResourceRoles: ['*'],
      container: { type: 'MESOS', volumes: [volume] },
      upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
    },
    {
      residency: { taskLostBehavior: 'WAIT_FOREVER', relaunchEscalationTimeoutSeconds: 3600 },
    },
  ],
  [
    'a health check',
    { id: '/a', ...server, healthChecks: [{ ...healthy, maxConsecutiveFailures: 0, ignoreHttp1xx: false }] },
  ],
  [
    'a health check by Mesos',
    { id: '/a', ...server, ...apiPort, healthChecks: [{ portIndex: 0, protocol: 'MESOS_HTTP', path: '/' }] },
  ],
  [
    'a check by Mesos',
    {
      id: '/a',
      ...server,
      ...apiPort,
      check: { http: { portIndex: 0, path: '/' }, intervalSeconds: 60, timeoutSeconds: 20 },
    },
  ],
  [
    'a readiness check',
    {
      id: '/a',
      ...server,
      ...apiPort,
      ...oneAtATime,
      readinessChecks: [{ ...ready, httpStatusCodesForReady: [200] }],
      healthChecks: [healthy],
    },
  ],
  [
    'what GET shows, sent back',
    {
      id: '/a',
      ...sleep,
      version: '2015-09-25T15:13:48.343Z',
      versionInfo: { lastScalingAt: '2015-09-25T15:13:48.343Z', lastConfigChangeAt: '2015-09-25T15:13:48.343Z' },
      tasksStaged: 0,
      tasksRunning: 0,
      tasksHealthy: 0,
      tasksUnhealthy: 0,
      deployments: [{ id: 'x' }],
    },
  ],
];

type Refused = [name: string, body: object, path: string, words: string];

/** With 422 by Marathon and here; types and ranges are in rejection.test.ts. */
export const refused: Refused[] = [
  [
    'cmd and args',
    { id: '/a', cmd: 'sleep 1', args: ['sleep'] },
    '/',
    "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.",
  ],
  [
    'nothing to run',
    { id: '/a' },
    '/',
    "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.",
  ],
  ['a command of one character', { id: '/a', cmd: 'a' }, '/cmd', 'must not be an empty string'],
  [
    'a reserved name',
    { id: '/a/tasks', ...sleep },
    '/id',
    'must not end with any of the following reserved keywords: restart, tasks, versions, ., ..',
  ],
  [
    'uris beside fetch',
    { id: '/a', ...sleep, uris: ['x'], fetch: [{ uri: 'y' }] },
    '/uris',
    'may not be set in conjunction with fetch',
  ],
  [
    'ports unlike portDefinitions',
    { id: '/a', ...sleep, ports: [1], portDefinitions: [{ port: 2 }] },
    '/ports',
    'cannot specify both ports and port definitions',
  ],
  [
    'one port twice',
    { id: '/a', ...sleep, portDefinitions: [{ port: 80 }, { port: 80 }] },
    '/portDefinitions',
    'Ports must be unique.',
  ],
  [
    'one port name twice',
    { id: '/a', ...sleep, portDefinitions: [{ name: 'x' }, { name: 'x' }] },
    '/portDefinitions',
    'Port names must be unique.',
  ],
  [
    'a unique value',
    { id: '/a', ...sleep, constraints: [['hostname', 'UNIQUE', '']] },
    '/constraints(0)',
    'UNIQUE does not accept a value',
  ],
  [
    'a constraint of one word',
    { id: '/a', ...sleep, constraints: [['hostname']] },
    '/constraints(0)',
    'Each constraint must have either 2 or 3 fields',
  ],
  [
    'an unknown operator',
    { id: '/a', ...sleep, constraints: [['hostname', 'NEAR']] },
    '/constraints(0)',
    'operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS',
  ],
  [
    'groups by a word',
    { id: '/a', ...sleep, constraints: [['rack', 'GROUP_BY', 'x']] },
    '/constraints(0)',
    'GROUP BY must define an integer value or else no value at all',
  ],
  [
    'a maximum that is none',
    { id: '/a', ...sleep, constraints: [['rack', 'MAX_PER']] },
    '/constraints(0)',
    'MAX_PER requires an integer value',
  ],
  [
    'no pattern',
    { id: '/a', ...sleep, constraints: [['rack', 'LIKE']] },
    '/constraints(0)',
    'LIKE and UNLIKE require a non-empty, regular expression value',
  ],
  [
    'a pattern that is none',
    { id: '/a', ...sleep, constraints: [['rack', 'LIKE', '(']] },
    '/constraints(0)',
    'is not a valid regular expression',
  ],
  [
    'inactive after expunge',
    { id: '/a', ...sleep, unreachableStrategy: { inactiveAfterSeconds: 2, expungeAfterSeconds: 1 } },
    '/unreachableStrategy',
    'inactiveAfterSeconds (2) must be less or equal to expungeAfterSeconds, which is 1',
  ],
  [
    'two of a single instance',
    { id: '/a', ...sleep, instances: 2, ...oneAtATime, labels: { MARATHON_SINGLE_INSTANCE_APP: 'true' } },
    '/instances',
    'Single instance app may only have one instance',
  ],
  ['no roles', { id: '/a', ...sleep, acceptedResourceRoles: [] }, '/acceptedResourceRoles', 'must not be empty'],
  [
    'roles of others',
    { id: '/a', ...sleep, acceptedResourceRoles: ['other'] },
    '/acceptedResourceRoles',
    'acceptedResourceRoles can only contain * and gaia',
  ],
  [
    'reserved resources for a volume',
    { id: '/a', ...sleep, acceptedResourceRoles: ['gaia'], container: { type: 'MESOS', volumes: [volume] } },
    '/acceptedResourceRoles',
    'A resident app must have `acceptedResourceRoles = ["*"]`.',
  ],
  [
    'more instances than volumes',
    {
      id: '/a',
      ...sleep,
      upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
      container: { type: 'MESOS', volumes: [volume] },
    },
    '/upgradeStrategy/maximumOverCapacity',
    'got 1, expected 0',
  ],
  [
    'a check of a port that is not there',
    { id: '/a', ...server, healthChecks: [{ ...healthy, portIndex: 7 }] },
    '/healthChecks(0)/portIndex',
    'Health check port indices must address an element of the ports array or container port mappings.',
  ],
  [
    'IPv6 without an image',
    { id: '/a', ...server, healthChecks: [{ ...healthy, protocol: 'MESOS_HTTP', ipProtocol: 'IPv6' }] },
    '/healthChecks(0)/ipProtocol',
    'IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks',
  ],
];

/** Marathon takes them; here they need what this version does not have. The last column: the fields that are named. */
export const notHere: [name: string, body: object, ...fields: string[]][] = [
  [
    'an image',
    { id: '/a', ...sleep, container: { ...image, volumes: [{ containerPath: '/x', hostPath: '/y', mode: 'RO' }] } },
    '/container',
  ],
  [
    'an image with ports of a bridge',
    {
      id: '/a',
      ...server,
      networks: [{ mode: 'container/bridge' }],
      container: { ...image, portMappings: [{ containerPort: 80, hostPort: 0 }] },
    },
    '/networks',
    '/container',
  ],
  [
    'the deprecated network of an image',
    {
      id: '/a',
      cpus: 1,
      mem: 128,
      container: { type: 'DOCKER', docker: { image: 'x', network: 'BRIDGE', portMappings: [{ containerPort: 80 }] } },
    },
    '/container',
  ],
  [
    'an image for Mesos',
    { id: '/a', ...sleep, container: { type: 'MESOS', docker: { image: 'x' } } },
    '/container/docker',
  ],
  [
    'seccomp',
    { id: '/a', ...sleep, container: { type: 'MESOS', linuxInfo: { seccomp: { profileName: 'x' } } } },
    '/container/linuxInfo',
  ],
  ['a network of containers', { id: '/a', ...sleep, networks: [{ mode: 'container', name: 'x' }] }, '/networks'],
  [
    'an address for each task',
    {
      id: '/a',
      ...sleep,
      ipAddress: { networkName: 'x', discovery: { ports: [{ name: 'p', number: 80, protocol: 'tcp' }] } },
    },
    '/ipAddress',
  ],
  [
    'an external volume',
    {
      id: '/a',
      ...sleep,
      container: {
        type: 'MESOS',
        volumes: [{ containerPath: 'x', mode: 'RW', external: { provider: 'dvdi', name: 'x', size: 1 } }],
      },
    },
    '/container/volumes(0)/external',
  ],
  ['an executor of its own', { id: '/a', ...sleep, executor: '/bin/executor' }, '/executor'],
  ['another role', { id: '/dev/a', ...sleep, role: 'slave_public' }, '/role'],
  ['a terminal', { id: '/a', ...sleep, tty: true }, '/tty'],
];
