import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { buildApi } from '../../../framework/api/index.js';
import { MemoryService } from './memory-service.js';

const web = { id: '/shop/web', cmd: 'sleep 100', instances: 2, labels: { tier: 'front' } };
const ledger = { id: '/demo/ledger', cmd: 'exec redis-server', instances: 3, replication: {} };

let service: MemoryService;
let api: FastifyInstance;

beforeEach(() => {
  service = new MemoryService();
  api = buildApi(service);
});
afterEach(() => api.close());

async function call(method: string, url: string, payload?: unknown, headers: Record<string, string> = {}) {
  const body = payload === undefined ? {} : { payload: payload as object };
  const answer = await api.inject({ method, url, headers, ...body } as InjectOptions);
  const isJson = String(answer.headers['content-type']).includes('json');
  return { status: answer.statusCode, headers: answer.headers, body: isJson ? answer.json() : answer.body };
}

async function raw(url: string, payload: string, contentType = 'application/json') {
  const answer = await api.inject({ method: 'POST', url, payload, headers: { 'content-type': contentType } });
  return { status: answer.statusCode, body: answer.json() };
}

async function put(...apps: object[]) {
  for (const app of apps) assert.equal((await call('POST', '/v2/apps', app)).status, 201);
}

describe('api: creating apps', () => {
  it('answers 201 with the app, its place and its deployment', async () => {
    const { status, headers, body } = await call('POST', '/v2/apps', web);
    assert.equal(status, 201);
    assert.equal(headers.location, '/v2/apps/shop/web');
    assert.equal(headers['marathon-deployment-id'], body.deployments[0].id);
    assert.equal(headers.etag, `"${body.version}"`);
    assert.deepEqual([body.id, body.instances, body.tasksRunning, body.tasksStaged], ['/shop/web', 2, 0, 0]);
    assert.deepEqual(service.commands[0]?.type === 'putApps' && service.commands[0].create, true);
  });

  it('answers 409 in the words of Marathon when the id exists', async () => {
    await put(web);
    const { status, body } = await call('POST', '/v2/apps', web);
    assert.deepEqual([status, body.message], [409, 'An app with id [/shop/web] already exists.']);
    assert.match(body.remedy, /PUT \/v2\/apps\/shop\/web/);
  });

  it('answers 400 to what is no JSON, to nothing and to wrong types; 422 to broken rules', async () => {
    const broken = await raw('/v2/apps', '{"id": ');
    assert.deepEqual([broken.status, broken.body.message, typeof broken.body.details], [400, 'Invalid JSON', 'string']);
    assert.deepEqual((await raw('/v2/apps', '')).status, 400);
    const typed = await call('POST', '/v2/apps', { ...web, instances: '2' });
    assert.deepEqual([typed.status, typed.body.details[0].errors[0]], [400, 'error.expected.jsnumber']);
    const ruled = await call('POST', '/v2/apps', { ...web, constraints: [['rack', 'NEAR']] });
    assert.deepEqual(
      [ruled.status, ruled.body.message, ruled.body.details[0].path],
      [422, 'Object is not valid', '/constraints(0)'],
    );
    assert.equal(service.commands.length, 0);
  });

  it('names ignored fields in a header, whatever their characters', async () => {
    const { status, headers } = await call('POST', '/v2/apps', { ...web, 'colo\u00fcr\r\n': 1 });
    assert.deepEqual([status, headers['x-gaia-ignored-fields']], [201, '/colo?r??']);
  });

  it('refuses bodies nested without bound, wherever the nest is', async () => {
    const nest = '['.repeat(200_000) + ']'.repeat(200_000);
    for (const body of [nest, `{"id":"/x","cmd":${nest}}`, `{"id":"/x","cmd":"ls","container":${nest}}`]) {
      const { status, body: answer } = await raw('/v2/apps', body);
      assert.deepEqual([status, answer.details], [400, 'nested deeper than 64 levels']);
    }
    const quoted = await raw('/v2/apps', JSON.stringify({ ...web, cmd: `echo "\\" ${'['.repeat(1000)}` }));
    assert.equal(quoted.status, 201);
  });

  it('answers 415 to another content type and 413 to a body that is too large', async () => {
    const form = await raw('/v2/apps', 'id=x', 'application/x-www-form-urlencoded');
    assert.deepEqual([form.status, form.body.message], [415, 'Unsupported Media Type']);
    const large = await raw('/v2/apps', `{"id":"${'x'.repeat(5 * 1024 * 1024)}"}`);
    assert.equal(large.status, 413);
  });

  it('refuses a path of another app and cycles of dependencies', async () => {
    await put(web, { id: '/a', cmd: 'sleep 1', dependencies: ['/b'] });
    const child = await call('POST', '/v2/apps', { id: '/shop/web/x', cmd: 'sleep 1' });
    assert.equal(child.body.details[0].errors[0], 'Groups and Applications may not have the same identifier.');
    const cycle = await call('POST', '/v2/apps', { id: '/b', cmd: 'sleep 1', dependencies: ['/a'] });
    assert.deepEqual(
      [cycle.status, cycle.body.details[0].errors[0]],
      [422, 'Dependency graph has cyclic dependencies.'],
    );
  });
});

describe('api: reading apps', () => {
  beforeEach(() => put(web, ledger));

  it('lists and filters', async () => {
    const ids = async (query: string) =>
      (await call('GET', `/v2/apps${query}`)).body.apps.map((app: { id: string }) => app.id);
    assert.deepEqual(await ids(''), ['/shop/web', '/demo/ledger']);
    assert.deepEqual(await ids('?id=SHOP'), ['/shop/web']);
    assert.deepEqual(await ids('?cmd=redis'), ['/demo/ledger']);
    assert.deepEqual(await ids('?label=tier%3D%3Dfront'), ['/shop/web']);
    assert.deepEqual(await ids('?label=tier%20notin%20(back)'), ['/shop/web']);
    assert.deepEqual(await ids('?label=tier!%3Dfront'), []);
    const bad = await call('GET', '/v2/apps?label=tier%20in%20front');
    assert.deepEqual([bad.status, bad.body.message], [422, 'Can not parse label selector tier in front']);
  });

  it('shows an app with tasks, group and story', async () => {
    const { body, headers } = await call('GET', '/v2/apps/demo/ledger');
    assert.equal(headers.etag, `"${body.app.version}"`);
    assert.deepEqual([body.app.tasksRunning, body.app.tasks.length, body.app.group.state], [3, 3, 'whole']);
    assert.equal(body.app.tasks[0].slaveId, 'S1');
    assert.equal(body.app.story[0].text, 'replica 0 leads in term 1');
  });

  it('finds ids however they are written', async () => {
    for (const url of [
      '/v2/apps//demo//ledger',
      '/v2/apps/demo/ledger/',
      '/v2/apps/%2Fdemo%2Fledger',
      '/v2//apps/demo%2Fledger',
    ]) {
      assert.equal((await call('GET', url)).status, 200, url);
    }
    assert.equal((await call('GET', '/v2/apps/demo%252Fledger')).status, 404);
    assert.equal((await call('GET', '/v2/apps/demo%zz')).status, 400);
    assert.equal((await call('GET', '/v2/apps/demo%ff')).status, 400);
  });

  it('says 404 in the words of Marathon', async () => {
    const { status, body } = await call('GET', '/v2/apps/none');
    assert.deepEqual([status, body.message], [404, "App '/none' does not exist"]);
  });

  it('lists a group', async () => {
    const { body } = await call('GET', '/v2/apps/demo/*');
    assert.deepEqual(
      body['*'].map((app: { id: string }) => app.id),
      ['/demo/ledger'],
    );
    assert.equal((await call('GET', '/v2/apps/nothing/*')).status, 404);
  });

  it('tells replicas and placement', async () => {
    const replicas = (await call('GET', '/v2/apps/demo/ledger/replicas')).body;
    assert.deepEqual(
      replicas.replicas.map((row: { role: string }) => row.role),
      ['leader', 'follower', 'follower'],
    );
    assert.equal((await call('GET', '/v2/apps/shop/web/replicas')).status, 404);
    const placed = (await call('GET', '/v2/apps/shop/web/placement')).body;
    assert.match(placed.tasks[0].placement.others[0].sentence, /0.1 are free/);
    assert.equal(placed.survives, null);
    const { survives } = (await call('GET', '/v2/apps/demo/ledger/placement')).body;
    assert.match(survives.sentence, /survives the loss of any one rack.*not of zone a, which holds 2 of 3/);
  });

  it('takes no ids away by its own words', async () => {
    await put({ id: '/team/placement', cmd: 'sleep 1' });
    assert.equal((await call('GET', '/v2/apps/team/placement')).body.app.id, '/team/placement');
    assert.equal((await call('PUT', '/v2/apps/team/replicas', { cmd: 'sleep 1' })).status, 201);
  });

  it('serves endpoints as text', async () => {
    const { body } = await call('GET', '/v2/tasks', undefined, { accept: 'text/plain' });
    assert.equal(body.split('\n')[0], 'shop_web\t0\tagent-1:31000\tagent-2:31010\t');
  });
});

describe('api: changing apps', () => {
  beforeEach(() => put(web));

  it('PUT changes what it names, PATCH wants the app to exist', async () => {
    const { status, body, headers } = await call('PUT', '/v2/apps/shop/web', { instances: 5 });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).sort(), ['deploymentId', 'version']);
    assert.equal(headers['marathon-deployment-id'], body.deploymentId);
    assert.equal((await call('GET', '/v2/apps/shop/web')).body.app.cmd, 'sleep 100');
    assert.equal((await call('PATCH', '/v2/apps/none', { instances: 5 })).status, 404);
  });

  it('PUT creates, replaces with partialUpdate=false, and rolls back', async () => {
    const made = await call('PUT', '/v2/apps/new', { cmd: 'sleep 1' });
    assert.deepEqual([made.status, made.headers.location], [201, '/v2/apps/new']);
    const first = (await call('GET', '/v2/apps/shop/web')).body.app.version;
    assert.equal((await call('PUT', '/v2/apps/shop/web?partialUpdate=false', { cmd: 'sleep 2' })).status, 200);
    const replaced = (await call('GET', '/v2/apps/shop/web')).body.app;
    assert.deepEqual([replaced.cmd, replaced.labels], ['sleep 2', {}]);
    assert.equal((await call('PUT', '/v2/apps/shop/web', { version: first })).status, 200);
    const back = (await call('GET', '/v2/apps/shop/web')).body.app;
    assert.deepEqual([back.cmd, back.labels], ['sleep 100', { tier: 'front' }]);
    assert.notEqual(back.version, first);
    const versions = (await call('GET', '/v2/apps/shop/web/versions')).body.versions;
    assert.deepEqual([versions.length, versions.at(-1)], [3, first]);
    assert.equal((await call('GET', `/v2/apps/shop/web/versions/${first}`)).body.cmd, 'sleep 100');
    assert.equal((await call('GET', '/v2/apps/shop/web/versions/yesterday')).status, 422);
    assert.equal((await call('GET', '/v2/apps/shop/web/versions/2020-01-01T00:00:00.000Z')).status, 404);
  });

  it('honours If-Match, also between requests that race', async () => {
    const tag = String((await call('GET', '/v2/apps/shop/web')).headers.etag);
    const answers = await Promise.all(
      [3, 4, 5].map((instances) => call('PATCH', '/v2/apps/shop/web', { instances }, { 'if-match': tag })),
    );
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 412, 412]);
    assert.equal((await call('DELETE', '/v2/apps/shop/web', undefined, { 'if-match': tag })).status, 412);
    assert.equal((await call('PUT', '/v2/apps/none', { cmd: 'sleep 1' }, { 'if-match': '*' })).status, 412);
    assert.equal((await call('DELETE', '/v2/apps/shop/web', undefined, { 'if-match': '*' })).status, 200);
  });

  it('loses no update of two that race', async () => {
    await Promise.all([
      call('PATCH', '/v2/apps/shop/web', { mem: 64 }),
      call('PATCH', '/v2/apps/shop/web', { cpus: 2 }),
    ]);
    const { app } = (await call('GET', '/v2/apps/shop/web')).body;
    assert.deepEqual([app.mem, app.cpus], [64, 2]);
  });

  it('gives every change its own version, even when the clock stands still', async () => {
    await api.close();
    api = buildApi(service, { now: () => 0 });
    const versions = [];
    for (const mem of [1, 2, 3]) versions.push((await call('PATCH', '/v2/apps/shop/web', { mem })).body.version);
    assert.deepEqual([...new Set(versions)].sort(), versions);
  });

  it('changes lists whole or not at all', async () => {
    const half = await call('PATCH', '/v2/apps', [
      { id: '/shop/web', mem: 1 },
      { id: '/none', mem: 1 },
    ]);
    assert.equal(half.status, 404);
    const twice = await call('PUT', '/v2/apps', [
      { id: '/shop/web', mem: 1 },
      { id: 'shop/web', mem: 2 },
    ]);
    assert.equal(twice.status, 422);
    assert.equal((await call('PUT', '/v2/apps', { id: '/shop/web' })).status, 400);
    assert.equal((await call('GET', '/v2/apps/shop/web')).body.app.mem, 128);
    assert.equal(
      (
        await call('PUT', '/v2/apps', [
          { id: '/shop/web', mem: 1 },
          { id: '/b', cmd: 'sleep 1' },
        ])
      ).status,
      200,
    );
  });

  it('restarts and deletes', async () => {
    assert.equal((await call('POST', '/v2/apps/shop/web/restart')).status, 200);
    assert.deepEqual(service.commands.at(-1)?.type, 'restartApp');
    assert.equal((await call('POST', '/v2/apps/none/restart')).status, 404);
    assert.equal((await call('DELETE', '/v2/apps/shop/web')).status, 200);
    const last = service.commands.at(-1);
    assert.deepEqual(last?.type === 'deleteApp' && last.force, true);
    assert.equal((await call('DELETE', '/v2/apps/shop/web')).status, 404);
  });

  it('says why the framework refused', async () => {
    service.refusals.push({ ok: false, reason: 'locked', message: 'locked', deploymentIds: ['d-1'] });
    const locked = await call('PATCH', '/v2/apps/shop/web', { mem: 1 });
    assert.equal(locked.status, 409);
    assert.deepEqual(locked.body.deployments, [{ id: 'd-1' }]);
    assert.match(
      locked.body.message,
      /^App is locked by one or more deployments\. Override with the option '\?force=true'\./,
    );
    service.refusals.push({ ok: false, reason: 'quorum', message: 'only 2 of 3 replicas are in the group' });
    assert.deepEqual((await call('POST', '/v2/apps/shop/web/restart')).status, 409);
    service.refusals.push({ ok: false, reason: 'invalid', message: 'instances is wrong' });
    assert.deepEqual((await call('PATCH', '/v2/apps/shop/web', {})).status, 422);
  });

  it('refuses flags that are neither true nor false', async () => {
    assert.equal((await call('DELETE', '/v2/apps/shop/web?force=yes')).status, 400);
  });
});

describe('api: tasks', () => {
  beforeEach(() => put(web, ledger));

  it('kills one, all, and by list', async () => {
    const [task] = (await call('GET', '/v2/apps/shop/web/tasks')).body.tasks;
    const killed = await call('DELETE', `/v2/apps/shop/web/tasks/${task.id}`);
    assert.deepEqual([killed.status, killed.body.task.id], [200, task.id]);
    assert.equal((await call('DELETE', `/v2/apps/shop/web/tasks/${task.id}`)).status, 404);
    const scaled = await call('DELETE', '/v2/apps/shop/web/tasks?scale=true');
    assert.ok(scaled.body.deploymentId);
    const ids = (await call('GET', '/v2/tasks?status=running')).body.tasks.map((one: { id: string }) => one.id);
    assert.equal(ids.length, 3);
    const listed = await call('POST', '/v2/tasks/delete', { ids: [ids[0], 'unknown'] });
    assert.deepEqual([listed.status, listed.body.tasks.length], [200, 1]);
    assert.equal((await call('POST', '/v2/tasks/delete', { ids: 'x' })).status, 400);
  });

  it('refuses wipe, and wipe with scale as Marathon does', async () => {
    assert.equal((await call('DELETE', '/v2/apps/shop/web/tasks?wipe=true&scale=true')).status, 400);
    assert.equal((await call('DELETE', '/v2/apps/shop/web/tasks?wipe=true')).status, 422);
    assert.equal((await call('GET', '/v2/tasks?status=odd')).status, 400);
  });
});

describe('api: the rest', () => {
  it('shows and cancels deployments', async () => {
    service.viewsPerDeployment = 1000;
    await put(web);
    const [deployment] = (await call('GET', '/v2/deployments')).body;
    assert.deepEqual([deployment.affectedApps, deployment.totalSteps, deployment.affectedPods], [['/shop/web'], 1, []]);
    assert.equal((await call('DELETE', `/v2/deployments/${deployment.id}`)).status, 200);
    const gone = await call('DELETE', `/v2/deployments/${deployment.id}?force=true`);
    assert.deepEqual([gone.status, gone.body.message], [404, `DeploymentPlan ${deployment.id} does not exist`]);
    await call('POST', '/v2/apps/shop/web/restart');
    const forced = await call(
      'DELETE',
      `/v2/deployments/${(await call('GET', '/v2/deployments')).body.at(-1).id}?force=true`,
    );
    assert.deepEqual([forced.status, forced.body], [202, '']);
  });

  it('explains the queue', async () => {
    await put(web);
    const spec = service.view().apps[0]?.spec;
    assert.ok(spec);
    const refusal = (agentId: string, rule: string) => {
      return { agentId, hostname: agentId, rule, asked: 2, free: 1, missing: 1, sentence: `${rule}: 1 is missing` };
    };
    const refusals = [refusal('a', 'cpus'), refusal('b', 'distinctAgents'), refusal('c', 'cpus')];
    const counts = { processedOffersCount: 9, unusedOffersCount: 9 };
    service.queue = [
      {
        appId: spec.id,
        spec,
        count: 1,
        delaySecondsLeft: 0,
        since: spec.version,
        ...counts,
        refusals,
        sentence: 'cpus',
      },
    ];
    const [item] = (await call('GET', '/v2/queue')).body.queue;
    assert.deepEqual(item.delay, { timeLeftSeconds: 0, overdue: true });
    const stages = item.processedOffersSummary.rejectSummaryLastOffers;
    const find = (reason: string) => stages.find((stage: { reason: string }) => stage.reason === reason);
    assert.deepEqual(find('UnfulfilledConstraint'), { reason: 'UnfulfilledConstraint', declined: 1, processed: 3 });
    assert.deepEqual(find('InsufficientCpus'), { reason: 'InsufficientCpus', declined: 2, processed: 2 });
    assert.equal((await call('GET', '/v2/apps/shop/web')).body.app.waiting.sentence, 'cpus');
    assert.equal((await call('DELETE', '/v2/queue/shop/web/delay')).status, 204);
    assert.equal((await call('DELETE', '/v2/queue/none/delay')).status, 404);
  });

  it('plans without changing anything', async () => {
    const { status, body } = await call('POST', '/v2/plan', { ...ledger, instances: 7 });
    assert.deepEqual([status, body.plan.assigned.length, body.plan.unplaced[0].slots], [200, 5, [5, 6]]);
    assert.equal(service.commands.length, 0);
    assert.equal((await call('POST', '/v2/plan', { id: '/x' })).status, 422);
  });

  it('says who it is', async () => {
    const info = (await call('GET', '/v2/info')).body;
    assert.deepEqual([info.name, info.frameworkId, info.elected], ['gaia', 'framework-1', true]);
    assert.deepEqual((await call('GET', '/v2/leader')).body.message, 'There is no leader');
    assert.equal((await call('GET', '/ping')).body, 'pong\n');
    assert.equal((await call('GET', '/health')).status, 200);
    service.master = { connected: false, address: null };
    assert.equal((await call('GET', '/health')).status, 503);
  });

  it('answers 404 to unknown paths and 405 to unknown methods', async () => {
    const none = await call('GET', '/v3/apps');
    assert.deepEqual([none.status, none.body.message], [404, 'URI not found']);
    const wrong: [string, string, string][] = [
      ['DELETE', '/v2/apps', 'GET, POST, PUT, PATCH'],
      ['POST', '/v2/apps/x', 'GET, PUT, PATCH, DELETE'],
      ['GET', '/v2/apps/x/restart', 'POST'],
      ['PUT', '/ping', 'GET'],
      ['OPTIONS', '/v2/apps/x', 'GET, PUT, PATCH, DELETE'],
    ];
    for (const [method, url, allow] of wrong) {
      const { status, headers } = await call(method, url);
      assert.deepEqual([status, headers.allow], [405, allow], `${method} ${url}`);
    }
  });

  it('sends the headers of Marathon with every answer', async () => {
    for (const url of ['/v2/apps', '/nowhere']) {
      const { headers } = await call('GET', url);
      assert.equal(headers['cache-control'], 'no-cache, no-store, must-revalidate');
      assert.deepEqual([headers.pragma, headers.expires, headers['x-frame-options']], ['no-cache', '0', 'DENY']);
    }
  });

  it('answers neither strange names nor pages of strangers', async () => {
    assert.equal((await call('GET', '/ping', undefined, { host: 'evil.example:8080' })).status, 403);
    for (const host of ['127.0.0.1:8080', '[::1]:8080', 'localhost']) {
      assert.equal((await call('GET', '/ping', undefined, { host })).status, 200, host);
    }
    const page = { origin: 'http://evil.example', host: 'localhost:8080' };
    assert.equal((await call('POST', '/v2/apps/x/restart', undefined, page)).status, 403);
    const own = { origin: 'http://localhost:8080', host: 'localhost:8080' };
    assert.equal((await call('POST', '/v2/apps/x/restart', undefined, own)).status, 404);
  });

  it('says nothing of its inside when it fails', async () => {
    service.view = () => {
      throw new Error('secret detail');
    };
    const { status, body } = await call('GET', '/v2/apps');
    assert.deepEqual([status, body.message], [500, 'Internal server error']);
    assert.ok(!JSON.stringify(body).includes('secret detail'));
  });
});

describe('api: properties', () => {
  it('answers any body of any change with a JSON message and never with 5xx', async () => {
    await put(web);
    const target = fc.constantFrom<[string, string]>(
      ['POST', '/v2/apps'],
      ['PUT', '/v2/apps'],
      ['PATCH', '/v2/apps'],
      ['PUT', '/v2/apps/shop/web'],
      ['PATCH', '/v2/apps/shop/web'],
      ['POST', '/v2/tasks/delete'],
      ['POST', '/v2/plan'],
    );
    const json = fc.oneof(
      fc.json({ maxDepth: 3 }),
      fc
        .array(fc.record({ id: fc.jsonValue({ maxDepth: 1 }), cmd: fc.jsonValue({ maxDepth: 1 }) }))
        .map((list) => JSON.stringify(list)),
      fc
        .dictionary(
          fc.constantFrom('id', 'cmd', 'instances', 'constraints', 'version', 'ids', 'replication', 'env'),
          fc.jsonValue({ maxDepth: 2 }),
        )
        .map((value) => JSON.stringify(value)),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(target, json, async ([method, url], payload) => {
        const headers = { 'content-type': 'application/json' };
        const answer = await api.inject({ method, url, payload, headers } as InjectOptions);
        assert.ok(answer.statusCode < 500, `${answer.statusCode} ${answer.body}`);
        if (answer.statusCode >= 400) assert.equal(typeof answer.json().message, 'string');
      }),
      { numRuns: 1000 },
    );
  });

  it('answers any path', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
        fc.webPath(),
        fc.string(),
        async (method, path, tail) => {
          for (const url of [`/v2/apps${path}`, `/v2/${encodeURIComponent(tail)}`, `/v2/queue${path}`]) {
            const answer = await api.inject({ method, url } as InjectOptions);
            assert.ok(answer.statusCode < 500, `${method} ${url}: ${answer.statusCode} ${answer.body}`);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
