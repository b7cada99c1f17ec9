import assert from 'node:assert/strict';
import { api, buildWith, call, freshApi, ledger, put, service, web } from './harness.js';

describe('api: changing apps', () => {
  freshApi();
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

  it('moves leadership to a slot or to whom the framework chooses, and says what it could not', async () => {
    await put(ledger);
    const url = '/v2/apps/demo/ledger/leader';
    const named = await call('POST', url, { slot: 2 });
    assert.deepEqual([named.status, named.body], [202, { appId: '/demo/ledger', slot: 2 }]);
    assert.equal((await call('GET', '/v2/apps/demo/ledger/replicas')).body.group.leader.slot, 2);
    assert.deepEqual((await call('POST', url)).body, { appId: '/demo/ledger', slot: null });
    assert.deepEqual(service.commands.at(-1), { type: 'transferLeadership', appId: '/demo/ledger', slot: null });
    for (const slot of [9, -1, 1.5, '1']) {
      const { status, body } = await call('POST', url, { slot });
      assert.deepEqual([status, body.details[0].path], [422, '/slot']);
      assert.match(body.details[0].errors[0], /slot is .*; give the slot/);
    }
    assert.equal((await call('POST', url, { slot: 1 }, { 'if-match': '"old"' })).status, 412);
    service.refusals.push({ ok: false, reason: 'quorum', message: 'no replica in slot 1 could lead now' });
    assert.equal((await call('POST', url, { slot: 1 })).status, 409);
    assert.equal((await call('POST', '/v2/apps/none/leader')).status, 405, 'our word takes no id away');
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
    buildWith({ now: () => 0 });
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
  freshApi();
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

  it('passes wipe on, and refuses wipe with scale as Marathon does', async () => {
    assert.equal((await call('DELETE', '/v2/apps/shop/web/tasks?wipe=true&scale=true')).status, 400);
    assert.equal((await call('DELETE', '/v2/apps/shop/web/tasks?wipe=true')).status, 200);
    const command = service.commands.at(-1);
    assert.ok(command?.type === 'killTasks' && command.wipe);
    assert.equal((await call('GET', '/v2/tasks?status=odd')).status, 400);
  });
});
