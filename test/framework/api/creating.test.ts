import assert from 'node:assert/strict';
import { call, freshApi, put, raw, service, web } from './harness.js';

describe('api: creating apps', () => {
  freshApi();

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
