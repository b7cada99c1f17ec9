import assert from 'node:assert/strict';
import { call, freshApi, ledger, put, service, web } from './harness.js';

describe('api: the rest', () => {
  freshApi();

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
    const refusals = [
      refusal('a', 'cpus'),
      refusal('b', 'distinctAgents'),
      refusal('c', 'cpus'),
      refusal('d', 'notOffered'),
    ];
    const counts = { processedOffersCount: 9, unusedOffersCount: 9, declinedFor: { cpus: 2, closed: 1 } };
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
        waitsFor: 'cpus',
        earmark: null,
      },
    ];
    const [item] = (await call('GET', '/v2/queue')).body.queue;
    assert.deepEqual(item.delay, { timeLeftSeconds: 0, overdue: true });
    const stages = item.processedOffersSummary.rejectSummaryLastOffers;
    const find = (reason: string) => stages.find((stage: { reason: string }) => stage.reason === reason);
    assert.deepEqual(find('UnfulfilledConstraint'), { reason: 'UnfulfilledConstraint', declined: 1, processed: 3 });
    assert.deepEqual(find('InsufficientCpus'), { reason: 'InsufficientCpus', declined: 2, processed: 2 });
    const since = item.processedOffersSummary.rejectSummaryLaunchAttempt;
    assert.deepEqual(
      since.filter(({ declined }: { declined: number }) => declined > 0),
      [
        { reason: 'AgentMaintenance', declined: 1, processed: 3 },
        { reason: 'InsufficientCpus', declined: 2, processed: 2 },
      ],
    );
    assert.equal(item.lastUnusedOffers, undefined);
    const [{ lastUnusedOffers }] = (await call('GET', '/v2/queue?embed=lastUnusedOffers')).body.queue;
    assert.deepEqual(
      lastUnusedOffers.map(({ reason }: { reason: string[] }) => reason),
      [['InsufficientCpus'], ['UnfulfilledConstraint'], ['InsufficientCpus']],
    );
    assert.deepEqual(lastUnusedOffers[0], {
      offer: {
        ...{ id: 'offer-of-a', agentId: 'a', hostname: 'a' },
        resources: [
          { name: 'cpus', role: '*', scalar: 1 },
          { name: 'ports', role: 'gaia', ranges: [{ begin: 31_000, end: 31_009 }] },
        ],
        attributes: [{ name: 'rack', text: 'r1' }],
      },
      reason: ['InsufficientCpus'],
      timestamp: '2026-11-22T10:00:00.000Z',
    });
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
    service.master = { connected: false, address: null, since: null };
    assert.equal((await call('GET', '/health')).status, 503);
  });

  it('has no pods, and says so', async () => {
    for (const url of ['/v2/pods', '/v2/pods/::status']) {
      const { status, body } = await call('GET', url);
      assert.deepEqual([status, body], [200, []]);
    }
    for (const [method, url] of [
      ['POST', '/v2/pods'],
      ['PUT', '/v2/pods/shop/pod'],
    ] as const) {
      const { status, body } = await call(method, url, { id: '/shop/pod', containers: [] });
      assert.deepEqual([status, body.message], [501, 'Pods are not supported by this version']);
      assert.match(body.remedy, /as an app/);
    }
    for (const [method, url] of [
      ['GET', '/v2/pods/shop/pod'],
      ['GET', '/v2/pods/shop/pod::status'],
      ['DELETE', '/v2/pods/shop/pod'],
    ] as const) {
      const { status, body } = await call(method, url);
      assert.deepEqual([status, body.message], [404, "Pod '/shop/pod' does not exist"]);
    }
    const { status, body } = await call('PUT', '/v2/groups/shop', { pods: [{ id: 'pod', containers: [] }] });
    assert.deepEqual([status, body.details[0].path], [422, '/pods']);
  });

  it('has no plugins', async () => {
    assert.deepEqual((await call('GET', '/v2/plugins')).body, { plugins: [] });
  });

  it('takes deadlines of deployments, and says what is wrong with one', async () => {
    await put(web);
    const deadlines = async (query: string) => {
      const { status } = await call('POST', `/v2/apps/shop/web/restart?${query}`);
      const command = service.commands.at(-1);
      return [status, command?.type === 'restartApp' ? command.deadline : null];
    };
    assert.deepEqual(await deadlines('deadlineSeconds=60'), [200, { seconds: 60, rollBack: false }]);
    assert.deepEqual(await deadlines('deadlineSeconds=60&rollBack=true'), [200, { seconds: 60, rollBack: true }]);
    for (const wrong of ['deadlineSeconds=0', 'deadlineSeconds=1.5', 'deadlineSeconds=604801', 'rollBack=true'])
      assert.equal((await deadlines(wrong))[0], 400, wrong);
    service.refusals.push({ ok: false, reason: 'tooMany', message: 'Max number' });
    assert.equal((await call('POST', '/v2/apps/shop/web/restart')).status, 403);
  });

  it('refuses unknown fields, wherever they are, when it is asked to be strict', async () => {
    const misspelt = { ...web, instnces: 2, portDefinitions: [{ port: 0, potocol: 'udp' }] };
    const lax = await call('POST', '/v2/apps', misspelt);
    assert.deepEqual(
      [lax.status, lax.headers['x-gaia-ignored-fields']],
      [201, '/instnces, /portDefinitions(0)/potocol'],
    );
    for (const [query, headers] of [
      ['?strict=true', {}],
      ['', { 'x-gaia-strict': 'true' }],
    ] as const) {
      const strict = await call('PUT', `/v2/apps/shop/web${query}`, misspelt, headers);
      const paths = strict.body.details.map(({ path }: { path: string }) => path);
      assert.deepEqual([strict.status, paths], [422, ['/instnces', '/portDefinitions(0)/potocol']]);
    }
    const group = await call('PUT', '/v2/groups/x?strict=true', {
      apps: [{ id: 'a', cmd: 'sleep 1', meem: 1 }],
      depends: [],
    });
    assert.deepEqual(
      group.body.details.map(({ path }: { path: string }) => path),
      ['/depends', '/apps(0)/meem'],
    );
    assert.equal((await call('PUT', '/v2/apps/shop/web?strict=true', web)).status, 200);
  });

  it('counts tasks by configuration', async () => {
    await put(web);
    service.change(web.id, (app) => {
      const [old] = app.tasks;
      if (old) Object.assign(old, { version: '2020-01-01T00:00:00.000Z', stagedAt: '2020-01-01T00:00:00.000Z' });
    });
    const [listed] = (await call('GET', '/v2/apps?embed=apps.taskStats')).body.apps;
    const counts = (name: string) => listed.taskStats[name].stats.counts.running;
    assert.deepEqual([counts('totalSummary'), counts('withLatestConfig'), counts('withOutdatedConfig')], [2, 1, 1]);
    assert.equal(counts('startedAfterLastScaling'), 1);
    assert.ok(listed.taskStats.totalSummary.stats.lifeTime.medianSeconds >= 0);
    assert.equal((await call('GET', '/v2/apps')).body.apps[0].taskStats, undefined);
    assert.ok((await call('GET', '/v2/apps/shop/web?embed=app.taskStats')).body.app.taskStats);
    assert.equal((await call('GET', '/v2/apps?embed=apps.failures')).body.apps[0].tasks.length, 2);
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
