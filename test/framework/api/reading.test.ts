import assert from 'node:assert/strict';
import { call, freshApi, ledger, put, web } from './harness.js';

describe('api: reading apps', () => {
  freshApi();
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
