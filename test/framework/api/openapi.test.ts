/** The document of the API against the API: every route is in it, every route of it is there, and answers are what it says. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../../framework/api/openapi/document.js';
import { type Operation, paths } from '../../../framework/api/openapi/operations.js';
import { agent } from '../../placement/build.js';
import { replica, running } from '../../placement/clusters.js';
import { api, buildWith, call, freshApi, ledger, put, service, web } from './harness.js';
import { replicatedGuest, reportGuest } from './replicated-guest.js';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const document = openApiDocument();
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(document, 'api');

const schemaOf = (name: string) => ajv.getSchema(`api#/components/schemas/${name}`) as ValidateFunction;

function requireValid(name: string, value: unknown, what: string): void {
  const validate = schemaOf(name);
  assert.ok(validate(value), `${what} is no ${name}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
}

const operations = Object.entries(paths).flatMap(([path, byMethod]) =>
  Object.entries(byMethod).map(([method, operation]) => ({ name: `${method} ${path}`, path, method, operation })),
);

const version = '2026-01-01T00:00:00.000Z';
const names: Record<string, string> = { podId: 'shop/pod', appId: 'shop/web', groupId: 'shop', version };
const filled = (path: string, more: Record<string, string> = {}) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => more[name] ?? names[name] ?? 'none');

/** Where an operation needs another resource, a query, or another body than the example of its schema. */
const special: Record<
  string,
  { path?: () => string; query?: string; body?: object; headers?: Record<string, string> }
> = {
  'POST /v2/apps': { body: { ...web, id: '/fresh' } },
  'PUT /v2/apps': { body: [web] },
  'PATCH /v2/apps': { body: [{ id: web.id, instances: 1 }] },
  'GET /v2/apps/{appId}/tasks/{taskId}': { path: () => `/v2/apps/shop/web/tasks/${taskIds()[0]}` },
  'DELETE /v2/apps/{appId}/tasks/{taskId}': { path: () => `/v2/apps/shop/web/tasks/${taskIds()[0]}` },
  'GET /v2/apps/{appId}/tasks/{taskId}/log': { path: () => `/v2/apps/shop/web/tasks/${taskIds()[0]}/log` },
  'GET /v2/apps/{appId}/versions/{version}': { path: () => `/v2/apps/shop/web/versions/${appVersion()}` },
  'GET /v2/apps/{appId}/replicas': { path: () => '/v2/apps/demo/ledger/replicas' },
  'GET /v2/apps/{appId}/series': { path: () => '/v2/apps/demo/ledger/series' },
  'POST /v2/apps/{appId}/leader': { path: () => '/v2/apps/demo/ledger/leader' },
  'GET /v2/apps/{appId}/guest': { path: () => '/v2/apps/demo/guest/guest' },
  'POST /v2/apps/{appId}/guest/sync': { path: () => '/v2/apps/demo/guest/guest/sync' },
  'POST /v2/apps/{appId}/guest/failover': { path: () => '/v2/apps/demo/guest/guest/failover' },
  'POST /v2/groups': { body: { id: 'fresh', apps: [{ ...web, id: 'web' }] } },
  'POST /v2/groups/{groupId}': { path: () => '/v2/groups/fresh', body: { apps: [{ ...web, id: 'web' }] } },
  'PUT /v2/groups': { query: 'dryRun=true', body: { groups: [] } },
  'PATCH /v2/groups/{groupId}': { body: { enforceRole: false } },
  'GET /v2/groups/{groupId}': { query: 'embed=group.groups&embed=group.apps&embed=group.apps.taskStats' },
  'POST /v2/tasks/delete': { body: { ids: [] } },
  'GET /v2/deployments/{id}': { path: () => `/v2/deployments/${deploymentId()}` },
  'DELETE /v2/deployments/{id}': { path: () => `/v2/deployments/${deploymentId()}`, query: 'force=true' },
  'GET /v2/events': { query: 'follow=false', headers: { accept: 'text/event-stream' } },
  'GET /v2/watch': { query: 'follow=false', headers: { accept: 'text/event-stream' } },
  'GET /v1/executor/{file}': { path: () => '/v1/executor/1.tar.gz' },
  'GET /v2/placement/drain': { query: 'agent=a1' },
  'POST /v2/placement/drain': { query: 'agent=a1' },
  'DELETE /v2/placement/drain': { query: 'zone=a' },
};

const taskIds = () =>
  service
    .view()
    .apps.find(({ spec }) => spec.id === web.id)
    ?.tasks.map(({ id }) => id) ?? [];
const appVersion = () => service.view().apps.find(({ spec }) => spec.id === web.id)?.spec.version;
const deploymentId = () => service.view().deployments[0]?.id;

/** One of everything that paths may name. */
async function fill(): Promise<void> {
  const [a1, b1, c1] = ['a1', 'b1', 'c1'].map((id) => agent(id, { zone: id.slice(0, 1), text: {} })) as [
    Agent,
    Agent,
    Agent,
  ];
  const crowded = running({ replicas: [replica(0, a1), replica(1, b1)], leader: 0, spread: ['zone'] });
  const uneven = {
    ...running({ replicas: [replica(0, a1), replica(1, a1)], leader: 0, spread: ['zone'] }),
    id: '/uneven',
  };
  service.running = {
    cluster: { agents: [a1, b1, c1], groups: [crowded, uneven] },
    unknownAgents: [],
    oldestOfferSeconds: 1,
  };
  await put(web, ledger, replicatedGuest);
  reportGuest(service);
  service.treeChanges = [{ version, apps: {}, groups: {} }];
  const spec = service.view().apps.find((app) => app.spec.id === web.id)?.spec;
  assert.ok(spec);
  const waits = {
    count: 1,
    delaySecondsLeft: 0,
    since: version,
    processedOffersCount: 1,
    unusedOffersCount: 1,
    declinedFor: { cpus: 2, closed: 1 },
  };
  service.queue = [{ appId: web.id, spec, ...waits, refusals: [], sentence: null, waitsFor: 'cpus', earmark: null }];
  service.viewsPerDeployment = 1000;
  await call('POST', '/v2/apps/shop/web/restart');
  await call('POST', '/v2/placement/drain?zone=a');
}

type Agent = ReturnType<typeof agent>;

describe('api: OpenAPI', () => {
  freshApi();
  beforeEach(async () => {
    const leadership = { leading: true, leader: '127.0.0.1:1', abdicate: () => true };
    const executorArchive = { sha256: '1', bytes: 1, read: () => Readable.from(['1']) };
    const zooKeeper = { url: 'zk://none', sessionTimeoutMs: 1 };
    const readFile = async () => ({ size: 5, data: Buffer.from('hello') });
    buildWith({ readFile, executorArchive, leadership: { ...leadership, zooKeeper } });
    await fill();
  });

  it('is served, and has every route that there is but those of the page', async () => {
    assert.deepEqual((await call('GET', '/v2/openapi.json')).body, JSON.parse(JSON.stringify(document)));
    const routes = routesOf(api.printRoutes({ commonPrefix: false, includeHooks: false }));
    const urls = routes.filter((url) => !/^\/(ui\*?)?$/.test(url));
    assert.ok(urls.length >= 15, urls.join(' '));
    const covered = (url: string) => {
      const pattern = new RegExp(`^${url.replaceAll(/:\w+/g, '\\{\\w+\\}').replace('*', '.+')}$`);
      return Object.keys(paths).some((path) => pattern.test(path));
    };
    assert.deepEqual(
      urls.filter((url) => !covered(url)),
      [],
      'add them to framework/api/openapi/operations.ts',
    );
  });

  for (const [path, byMethod] of Object.entries(paths)) {
    it(`${path}: has the methods that it says`, async () => {
      const answer = await call('OPTIONS', special[`${Object.keys(byMethod)[0]} ${path}`]?.path?.() ?? filled(path));
      // Our own words below an app are ids of apps for all other methods (app-path.ts).
      const isOwnWord =
        /\{appId\}\/(placement|replicas|series|timeline|leader|guest|guest\/sync|guest\/failover)$/.test(path);
      const expected = Object.keys(isOwnWord ? (paths['/v2/apps/{appId}'] as object) : byMethod).sort();
      assert.deepEqual([answer.status, String(answer.headers.allow).split(', ').sort()], [405, expected]);
    });
  }

  for (const { name, path, method, operation } of operations) {
    it(`${name}: answers as it says`, async () => {
      const { path: place, query = '', body = exampleOf(operation), headers } = special[name] ?? {};
      if (operation.body) requireValid(operation.body, body, 'the body');
      const answer = await call(method, `${place?.() ?? filled(path)}?${query}`, body, headers);
      const statuses = Object.keys(operation.answers).map(Number);
      const refuses = statuses.every((status) => status >= 400);
      assert.ok(answer.status < (refuses ? 600 : 300), `${answer.status}: ${JSON.stringify(answer.body)}`);
      const schema = operation.answers[answer.status];
      assert.notEqual(schema, undefined, `${answer.status} is not documented`);
      if (schema === null) assert.equal(answer.body, '');
      else if (schema?.includes('/')) assert.ok(String(answer.headers['content-type']).startsWith(schema));
      else requireValid(schema as string, answer.body, 'the answer');
    });
  }

  it('has an error for everything else, and examples that are valid', async () => {
    for (const [method, url, body] of [
      ['GET', '/v2/apps/none'],
      ['POST', '/v2/apps', { id: '/x', cpus: '1' }],
      ['PUT', '/v2/groups/x', { apps: [{ id: 'a' }] }],
      ['DELETE', '/v2/deployments/none'],
      ['POST', '/v2/apps', web],
    ] as const) {
      const answer = await call(method, url, body);
      assert.ok(answer.status >= 400);
      requireValid('Error', answer.body, url);
    }
    for (const [name, { example }] of Object.entries(document.components.schemas))
      if (example !== undefined) requireValid(name, example, 'the example');
  });

  it('refuses answers that are wrong', () => {
    assert.equal(schemaOf('AppAnswer')({ app: { id: '/x' } }), false);
    assert.equal(schemaOf('DeploymentResult')({ version: 'now' }), false);
    assert.equal(schemaOf('App')({ id: '/x', cpus: '1' }), false);
    assert.deepEqual(
      methods.filter((method) => !operations.some((one) => one.method === method)),
      [],
    );
  });
});

function exampleOf({ body }: Operation): object | undefined {
  const schemas = document.components.schemas;
  return body === undefined ? undefined : (schemas[body as keyof typeof schemas]?.example as object);
}

/** Whole paths from Fastify's tree of them. */
function routesOf(tree: string): string[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methodsHere] = /^([│ ├└─]*)(\S+)(?: \((.*)\))?$/.exec(line) ?? [];
    const depth = indent.length / 4 - 1;
    above.splice(depth, above.length, part);
    return methodsHere === undefined ? [] : [above.join('')];
  });
}
