import assert from 'node:assert/strict';
import { settled } from '../model/running.js';
import { World } from '../model/world.js';
import { WorldService } from '../model/world-service.js';
import { buildOver, call } from './harness.js';

const cmd = 'exec sleep 1000';
const small = { cmd, cpus: 0.1, mem: 16 };

/** A database, a service that needs it, and a front that needs the whole backend. */
const shop = {
  id: '/shop',
  groups: [
    { id: 'front', dependencies: ['/shop/back'], apps: [{ id: 'web', ...small, instances: 2 }] },
    {
      id: 'back',
      apps: [
        { id: 'api', ...small, dependencies: ['../back/db'] },
        { id: 'db', ...small },
        { id: 'mail', ...small },
      ],
    },
  ],
};

let world: World;

const actions = (steps: { actions: { action: string; app: string }[] }[]) =>
  steps.map((step) => step.actions.map(({ action, app }) => `${action.replace('Application', '')} ${app}`).sort());

async function settledWith(method: string, url: string, body?: unknown) {
  const answer = await call(method, url, body);
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  world.until(settled);
  return answer;
}

const ids = () => world.view().apps.map(({ spec }) => spec.id);
const instances = (id: string) => world.app(id).spec.instances;

describe('api: groups', () => {
  beforeEach(() => {
    world = new World();
    world.connect();
    buildOver(new WorldService(world), { now: () => world.now });
  });

  it('creates a tree as one deployment, in the order of its dependencies, several at once', async () => {
    const made = await call('POST', '/v2/groups', shop);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.deepEqual([made.headers.location, Object.keys(made.body)], ['/v2/groups/shop', ['version', 'deploymentId']]);
    assert.equal(made.headers['marathon-deployment-id'], made.body.deploymentId);
    const [deployment] = (await call('GET', '/v2/deployments')).body;
    const all = ['/shop/back/api', '/shop/back/db', '/shop/back/mail', '/shop/front/web'];
    assert.deepEqual(actions(deployment.steps), [
      all.map((id) => `Start ${id}`),
      ['Scale /shop/back/db', 'Scale /shop/back/mail'],
      ['Scale /shop/back/api'],
      ['Scale /shop/front/web'],
    ]);
    world.until((view) => view.deployments[0]?.currentStep === 3);
    assert.equal(world.app('/shop/front/web').tasks.length, 0);
    assert.equal(world.app('/shop/back/db').tasks[0]?.state, 'TASK_RUNNING');
    world.until(settled);
    assert.equal(world.app('/shop/front/web').tasks.length, 2);
  });

  it('shows groups with what is in them, and embeds what is asked for', async () => {
    await settledWith('POST', '/v2/groups', shop);
    const { body, headers } = await call('GET', '/v2/groups/shop/');
    assert.deepEqual(Object.keys(body).sort(), [
      'apps',
      'dependencies',
      'enforceRole',
      'groups',
      'id',
      'pods',
      'version',
    ]);
    assert.deepEqual(
      body.groups.map((group: { id: string }) => group.id),
      ['/shop/back', '/shop/front'],
    );
    assert.deepEqual(body.groups[1].dependencies, ['/shop/back']);
    assert.equal(body.groups[1].apps[0].id, '/shop/front/web');
    assert.equal(headers.etag, `"${body.version}"`);
    assert.equal((await call('GET', '/v2/groups')).body.groups[0].id, '/shop');
    const slim = (await call('GET', '/v2/groups/shop?embed=group.groups')).body;
    assert.deepEqual([slim.apps, slim.groups.length, slim.groups[0].apps], [undefined, 2, undefined]);
    const tasks = (await call('GET', '/v2/groups/shop/front?embed=group.apps&embed=group.apps.tasks')).body;
    assert.equal(tasks.apps[0].tasks.length, 2);
    const listed = (await call('GET', '/v2/groups/shop/apps')).body;
    assert.deepEqual(
      listed.map((app: { id: string }) => app.id),
      ids(),
    );
    const missing = await call('GET', '/v2/groups/none');
    assert.deepEqual([missing.status, missing.body.message], [404, "Group '/none' does not exist"]);
  });

  it('refuses what exists, what is no child, what needs itself, and names every wrong field', async () => {
    await settledWith('POST', '/v2/groups', shop);
    const again = await call('POST', '/v2/groups', shop);
    assert.deepEqual(
      [again.status, again.body.message],
      [409, 'Group /shop is already created. Use PUT to change this group.'],
    );
    const app = await call('POST', '/v2/groups/shop/back/db', { apps: [] });
    assert.deepEqual([app.status, app.body.message], [409, 'An app with the path /shop/back/db already exists.']);
    const refused = async (body: object, url = '/v2/groups/x') => {
      const answer = await call('PUT', url, body);
      return [answer.status, answer.body.message, answer.body.details?.[0]?.path, answer.body.details?.[0]?.errors[0]];
    };
    const invalid = 'Object is not valid';
    const cyclic = 'Dependency graph has cyclic dependencies.';
    const twoWays = [
      { id: 'a', ...small, dependencies: ['b'] },
      { id: 'b', ...small, dependencies: ['/x/a'] },
    ];
    assert.deepEqual(await refused({ apps: twoWays }), [422, invalid, '/dependencies', cyclic]);
    const ofGroups = [
      { id: 'p', dependencies: ['/x/q'], apps: [{ id: 'a', ...small }] },
      { id: 'q', apps: [{ id: 'b', ...small, dependencies: ['/x/p/a'] }] },
    ];
    assert.deepEqual(await refused({ groups: ofGroups }), [422, invalid, '/dependencies', cyclic]);
    assert.deepEqual(await refused({ groups: [{ id: 'g', apps: [{ id: 'a', cmd: 'sleep 1', cpus: '1' }] }] }), [
      ...[400, 'Invalid JSON', '/groups(0)/apps(0)/cpus', 'error.expected.jsnumber'],
    ]);
    const elsewhere = "Identifier is not child of '/x'. Hint: use relative paths.";
    assert.deepEqual(await refused({ apps: [{ id: '/y/a', ...small }] }), [422, invalid, '/apps(0)/id', elsewhere]);
    assert.deepEqual(await refused({ groups: [{ id: '/y' }] }), [422, invalid, '/groups(0)/id', elsewhere]);
    assert.deepEqual(await refused({ groups: [{ apps: [] }] }), [
      400,
      'Invalid JSON',
      '/groups(0)/id',
      'error.path.missing',
    ]);
    assert.equal((await refused({ scaleBy: 2, apps: [] }))[2], '/scaleBy');
    assert.equal((await refused({ enforceRole: true }))[2], '/enforceRole');
    const clash = 'Groups and Applications may not have the same identifier.';
    assert.equal((await call('POST', '/v2/apps', { id: '/shop/back', ...small })).body.details[0].errors[0], clash);
    assert.equal(
      (await call('PUT', '/v2/groups/shop/back/db', { apps: [{ id: 'y', ...small }] })).body.details[0].errors[0],
      clash,
    );
    assert.equal(world.view().deployments.length, 0);
  });

  it('replaces lists that are given, keeps those that are not, and leaves equal apps alone', async () => {
    await settledWith('POST', '/v2/groups', shop);
    const before = world.app('/shop/back/db');
    const back = [
      { id: 'db', ...small },
      { id: 'cache', ...small },
      { id: 'api', ...small, instances: 2, dependencies: ['db'] },
    ];
    const dry = await call('PUT', '/v2/groups/shop/back?dryRun=true', { apps: back });
    const steps = [
      ['Stop /shop/back/mail'],
      ['Start /shop/back/cache'],
      ['Scale /shop/back/api', 'Scale /shop/back/cache'],
    ];
    assert.deepEqual([dry.status, actions(dry.body.steps)], [200, steps]);
    assert.equal(world.view().deployments.length, 0);
    assert.equal(instances('/shop/back/api'), 1);
    await settledWith('PUT', '/v2/groups/shop/back', { apps: back });
    assert.deepEqual(ids(), ['/shop/back/api', '/shop/back/cache', '/shop/back/db', '/shop/front/web']);
    assert.equal(world.app('/shop/back/db').spec.version, before.spec.version);
    assert.equal(world.app('/shop/back/db').tasks[0]?.id, before.tasks[0]?.id);
    await settledWith('PUT', '/v2/groups/shop', { dependencies: [] });
    assert.equal(ids().length, 4);
    await settledWith('PUT', '/v2/groups/shop', { groups: [{ id: 'back' }] });
    assert.deepEqual(ids(), ['/shop/back/api', '/shop/back/cache', '/shop/back/db']);
  });

  it('restarts what has changed after what it needs', async () => {
    await settledWith('POST', '/v2/groups', shop);
    const back = shop.groups[1]?.apps.map((app) => ({ ...app, env: { A: '1' } }));
    await call('PUT', '/v2/groups/shop/back', { apps: back });
    const [deployment] = (await call('GET', '/v2/deployments')).body;
    assert.deepEqual(actions(deployment.steps), [
      ['Restart /shop/back/db', 'Restart /shop/back/mail'],
      ['Restart /shop/back/api'],
    ]);
    assert.deepEqual(deployment.affectedApps.sort(), ['/shop/back/api', '/shop/back/db', '/shop/back/mail']);
    world.until(settled);
    assert.equal(world.app('/shop/back/api').tasks.length, 1);
  });

  it('scales a subtree, and counts up', async () => {
    await settledWith('POST', '/v2/groups', shop);
    await settledWith('PUT', '/v2/groups/shop', { scaleBy: 1.5 });
    assert.deepEqual([instances('/shop/front/web'), instances('/shop/back/db')], [3, 2]);
    assert.equal((await call('PUT', '/v2/groups/none', { scaleBy: 2 })).status, 404);
  });

  it('lists versions, shows earlier trees, and goes back to one, with what was deleted', async () => {
    await settledWith('POST', '/v2/groups', shop);
    const first = (await call('GET', '/v2/groups/shop')).body.version;
    await settledWith('PUT', '/v2/groups/shop/back', { apps: [{ id: 'db', ...small, instances: 2 }] });
    await settledWith('POST', '/v2/apps', { id: '/other', ...small });
    await settledWith('DELETE', '/v2/apps/shop/front/web');
    const { body: versions } = await call('GET', '/v2/groups/shop/versions');
    assert.deepEqual([versions.length, versions.at(-1)], [4, first]);
    assert.deepEqual((await call('GET', '/v2/groups/versions')).body, versions);
    const then = (await call('GET', `/v2/groups/shop/versions/${first}`)).body;
    assert.deepEqual([then.version, then.groups[0].apps.length, then.groups[1].apps.length], [first, 3, 1]);
    assert.equal((await call('GET', '/v2/groups/shop/versions/2001-01-01T00:00:00.000Z')).status, 404);
    assert.equal((await call('GET', `/v2/groups/other/versions/${first}`)).status, 404);
    await settledWith('PUT', '/v2/groups/shop', { version: first });
    assert.deepEqual(ids(), ['/other', '/shop/back/api', '/shop/back/db', '/shop/back/mail', '/shop/front/web']);
    assert.equal(instances('/shop/back/db'), 1);
    assert.deepEqual((await call('GET', '/v2/groups/shop/front')).body.dependencies, ['/shop/back']);
    assert.equal((await call('PUT', '/v2/groups/shop', { version: '2001-01-01T00:00:00.000Z' })).status, 404);
  });

  it('deletes a group with all that is in it, and the root', async () => {
    await settledWith('POST', '/v2/groups', shop);
    await settledWith('POST', '/v2/apps', { id: '/other', ...small });
    const stale = await call('DELETE', '/v2/groups/shop', undefined, { 'if-match': '"2001-01-01T00:00:00.000Z"' });
    assert.equal(stale.status, 412);
    await settledWith('DELETE', '/v2/groups/shop');
    assert.deepEqual(ids(), ['/other']);
    assert.equal((await call('GET', '/v2/groups/shop')).status, 404);
    assert.equal((await call('DELETE', '/v2/groups/shop')).status, 404);
    await settledWith('DELETE', '/v2/groups');
    assert.deepEqual(ids(), []);
  });

  it('locks the apps of a running deployment, unless it is forced, and takes a deployment back whole', async () => {
    await settledWith('POST', '/v2/groups', shop);
    const back = {
      apps: [
        { id: 'db', ...small, env: { A: '1' } },
        { id: 'fresh', ...small, cpus: 100 },
      ],
      dependencies: ['/other'],
    };
    const { deploymentId } = (await call('PUT', '/v2/groups/shop/back', back)).body;
    const locked = await call('PUT', '/v2/groups/shop/back', { apps: [] });
    assert.deepEqual([locked.status, locked.body.deployments], [409, [{ id: deploymentId }]]);
    world.until((view) => !view.apps.some(({ spec }) => spec.id === '/shop/back/mail'));
    await settledWith('DELETE', `/v2/deployments/${deploymentId}`);
    assert.deepEqual(ids(), ['/shop/back/api', '/shop/back/db', '/shop/back/mail', '/shop/front/web']);
    assert.deepEqual(world.app('/shop/back/db').spec.env, {});
    assert.deepEqual((await call('GET', '/v2/groups/shop/back')).body.dependencies, []);
    const { status } = await call('PUT', '/v2/groups/shop/back?force=true', { apps: [] });
    assert.equal(status, 200);
  });

  it('keeps groups without apps, over a restart of the framework', async () => {
    await settledWith('PUT', '/v2/groups/empty', { groups: [{ id: 'inner', dependencies: ['/none'] }] });
    world.crash();
    world.until(settled);
    assert.deepEqual((await call('GET', '/v2/groups/empty/inner')).body.dependencies, ['/none']);
    assert.equal((await call('PATCH', '/v2/groups/empty', { enforceRole: false })).status, 200);
  });

  it('kills and scales tasks of several apps as one deployment', async () => {
    await settledWith('POST', '/v2/groups', shop);
    const victims = ['/shop/front/web', '/shop/back/mail'].map((id) => world.app(id).tasks[0]?.id);
    const { body } = await call('POST', '/v2/tasks/delete?scale=true', { ids: victims });
    assert.deepEqual(
      world.view().deployments.map(({ id }) => id),
      [body.deploymentId],
    );
    world.until(settled);
    assert.deepEqual([instances('/shop/front/web'), instances('/shop/back/mail')], [1, 0]);
  });
});
