/** `dryRun` and `If-Match` on every route that changes something: what is not meant to happen does not. */
import assert from 'node:assert/strict';
import { settled } from '../model/running.js';
import { World } from '../model/world.js';
import { WorldService } from '../model/world-service.js';
import { buildOver, call } from './harness.js';

const small = { cmd: 'exec sleep 1000', cpus: 0.1, mem: 16 };
const stale = { 'if-match': '"2001-01-01T00:00:00.000Z"' };

type Change = [method: string, url: string, body?: unknown];

/** Of one app or group, with a dry run of steps. */
const ofOne: [...Change, ...actions: string[]][] = [
  ['PUT', '/v2/apps/shop/web', { instances: 3 }, 'Scale /shop/web'],
  ['PATCH', '/v2/apps/shop/web', { env: { A: '1' } }, 'Restart /shop/web'],
  ['DELETE', '/v2/apps/shop/web', undefined, 'Stop /shop/web'],
  ['POST', '/v2/apps/shop/web/restart', undefined, 'Restart /shop/web'],
  ['PUT', '/v2/apps', [{ id: '/shop/web', instances: 4 }], 'Scale /shop/web'],
  ['PATCH', '/v2/apps', [{ id: '/shop/web', instances: 4 }], 'Scale /shop/web'],
  ['PUT', '/v2/groups/shop', { scaleBy: 2 }, 'Scale /shop/web'],
  ['DELETE', '/v2/groups/shop', undefined, 'Stop /shop/web'],
];
/** What is made has no version yet. */
const makes: [...Change, ...actions: string[]][] = [
  ['POST', '/v2/apps', { id: '/new', ...small }, 'Start /new', 'Scale /new'],
  ['POST', '/v2/groups', { id: '/fresh', apps: [{ id: 'web', ...small }] }, 'Start /fresh/web', 'Scale /fresh/web'],
];
/** Without steps that could be told. */
const others: Change[] = [
  ['DELETE', '/v2/apps/shop/web/tasks'],
  ['DELETE', '/v2/apps/shop/web/tasks?scale=true'],
  ['POST', '/v2/tasks/delete'],
  ['POST', '/v2/apps/shop/ledger/leader'],
];
const drain: Change = ['POST', '/v2/placement/drain?agent=S1'];

describe('api: changes that are not to happen', () => {
  let world: World;
  let earlier: string;

  const picture = () => JSON.stringify([world.view().apps, world.view().deployments, world.view().drains]);
  const bodyOf = (url: string, body: unknown) =>
    url === '/v2/tasks/delete' ? { ids: world.app('/shop/web').tasks.map(({ id }) => id) } : body;

  before(async () => {
    world = new World();
    world.connect();
    buildOver(new WorldService(world), { now: () => world.now });
    const ledger = { id: 'ledger', ...small, instances: 3, replication: {} };
    const made = await call('POST', '/v2/groups', {
      id: '/shop',
      apps: [{ id: 'web', ...small, instances: 2 }, ledger],
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    world.until(settled);
  });
  beforeEach(() => {
    earlier = picture();
  });
  afterEach(() => assert.equal(picture(), earlier, 'something has changed'));

  for (const [method, url, body, ...expected] of [...ofOne, ...makes])
    it(`${method} ${url}: its steps`, async () => {
      const { status, body: answer, headers } = await call(method, `${url}?dryRun=true`, body);
      assert.equal(status, 200, JSON.stringify(answer));
      const steps = (answer.steps as { actions: { action: string; app: string }[] }[]).flatMap(
        ({ actions }) => actions,
      );
      const told = steps.map(({ action, app }) => `${action.replace('Application', '')} ${app}`);
      for (const one of expected) assert.ok(told.includes(one), told.join(', '));
      assert.deepEqual([headers.location, headers['marathon-deployment-id']], [undefined, undefined]);
    });

  for (const [method, url, body] of others)
    it(`${method} ${url}: has no dry run, and says so`, async () => {
      const answer = await call(method, `${url}${url.includes('?') ? '&' : '?'}dryRun=true`, bodyOf(url, body));
      assert.equal(answer.status, 400, JSON.stringify(answer.body));
    });

  for (const [method, url, body] of [...ofOne, ...makes, ...others, drain, ['PATCH', '/v2/groups/shop', {}] as Change])
    it(`${method} ${url}: not with the tag of another version`, async () => {
      const answer = await call(method, url, bodyOf(url, body), stale);
      assert.equal(answer.status, 412, JSON.stringify(answer.body));
    });

  it('several apps have no version together, and nothing else has one', async () => {
    const apps = [
      { id: '/shop/web', instances: 3 },
      { id: '/shop/ledger', instances: 5 },
    ];
    const answer = await call('PUT', '/v2/apps', apps, { 'if-match': '*' });
    assert.deepEqual([answer.status, /has no version/.test(answer.body.message)], [412, true]);
  });

  it('the tag that GET gives lets a dry run through', async () => {
    for (const url of ['/v2/apps/shop/web', '/v2/groups/shop']) {
      const tag = { 'if-match': String((await call('GET', url)).headers.etag) };
      assert.equal((await call('DELETE', `${url}?dryRun=true`, undefined, tag)).status, 200);
    }
  });
});
