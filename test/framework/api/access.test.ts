/** Who may use the API, and what each role reaches. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { request } from 'undici';
import { hashPassword, hashToken } from '../../../framework/access/hash.js';
import type { Account, Role } from '../../../framework/access/users.js';
import type { ApiError } from '../../../framework/api/errors.js';
import { openApiDocument } from '../../../framework/api/openapi/document.js';
import { authorise } from '../../../framework/api/permissions.js';
import type { AppSpec } from '../../../framework/app.js';
import type { Command, DeploymentView, DrainView } from '../../../framework/service.js';
import { api, buildWith, call, freshApi, service } from './harness.js';

const password = 'with: colon and ü';
const basic = (name: string, secret: string) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
const account = (name: string, role: Role, ...paths: string[]): Account => ({
  ...{ name, role, paths },
  hash: hashToken(`token-of-${name}`),
});
const tokens = [
  account('vera', 'viewer'),
  account('dora', 'deployer', '/team', '/other/part'),
  account('ada', 'admin'),
];
const as = (name: string) => ({ authorization: `Bearer token-of-${name}` });

const app = (id: string, more: object = {}) => ({ id, cmd: 'sleep 100', ...more });
const asDora = (method: string, url: string, body?: unknown) => call(method, url, body, as('dora'));
const asAda = (method: string, url: string, body?: unknown) => call(method, url, body, as('ada'));

/** What a deployer of /team and /other/part is refused, and nothing was changed by. */
async function refused(method: string, url: string, body?: unknown): Promise<string> {
  const before = JSON.stringify([service.view().apps, service.view().appGroups, service.view().deployments]);
  const answer = await asDora(method, url, body);
  assert.equal(answer.status, 403, `${method} ${url}: ${JSON.stringify(answer.body)}`);
  assert.equal(JSON.stringify([service.view().apps, service.view().appGroups, service.view().deployments]), before);
  return answer.body.message;
}

async function taken(method: string, url: string, body?: unknown): Promise<void> {
  const answer = await asDora(method, url, body);
  assert.ok(answer.status < 300, `${method} ${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
}

describe('API, who asks', () => {
  freshApi();
  let hash: string;
  before(async () => {
    hash = await hashPassword(password);
  });

  it('takes a password, and says what is wrong with all else', async () => {
    const withPaula: Account[] = [{ name: 'paula', role: 'viewer', paths: [], hash }, ...tokens];
    buildWith({ users: () => withPaula });
    const status = async (authorization: string) =>
      (await call('GET', '/v2/apps', undefined, { authorization })).status;
    assert.equal(await status(basic('paula', password)), 200);
    for (const wrong of [
      basic('paula', 'wrong'),
      basic('nobody', password),
      'Bearer x',
      `Bearer ${hash}`,
      'Basic',
      '?',
    ])
      assert.equal(await status(wrong), 401, wrong);
    const answer = await call('GET', '/v2/apps');
    assert.match(String(answer.headers['www-authenticate']), /^Basic realm="GAIA".*Bearer/);
    assert.match(answer.body.remedy, /name and password/);
  });

  it('looks at no more than ten wrong guesses a minute from an address, and goes on serving whom it knows', async () => {
    let nowMs = 1_000_000;
    buildWith({ users: () => tokens, now: () => nowMs });
    const status = async (token: string) =>
      (await call('GET', '/v2/apps', undefined, { authorization: `Bearer ${token}` })).status;
    assert.equal(await status('token-of-vera'), 200);
    for (let guess = 0; guess < 10; guess += 1) assert.equal(await status(`guess${guess}`), 401);
    assert.equal(await status('token-of-ada'), 429);
    assert.equal(await status('token-of-vera'), 200);
    nowMs += 60_001;
    assert.equal(await status('token-of-ada'), 200);
  });

  it('lets nobody in who is not among the users any more', async () => {
    let users = tokens;
    buildWith({ users: () => users });
    assert.equal((await call('GET', '/v2/apps', undefined, as('vera'))).status, 200);
    users = tokens.filter(({ name }) => name !== 'vera');
    assert.equal((await call('GET', '/v2/apps', undefined, as('vera'))).status, 401);
    assert.equal((await call('GET', '/v2/apps', undefined, as('dora'))).status, 200);
  });

  it('nor goes on telling events to such a one', async () => {
    let users = tokens;
    buildWith({ users: () => users });
    const url = await api.listen({ host: '127.0.0.1', port: 0 });
    const { body } = await request(`${url}/v2/events`, { headers: { ...as('vera'), accept: 'text/event-stream' } });
    const told = body.text();
    await asAda('POST', '/v2/apps', app('/team/first'));
    users = tokens.filter(({ name }) => name !== 'vera');
    await asAda('POST', '/v2/apps', app('/team/second'));
    const text = await told;
    assert.deepEqual([text.includes('/team/first'), text.includes('/team/second')], [true, false]);
  });

  it('a standby asks, too, before it passes a request on', async () => {
    const leadership = { leading: false, leader: '127.0.0.1:1', zooKeeper: null, abdicate: () => false };
    buildWith({ users: () => tokens, leadership });
    assert.equal((await call('GET', '/v2/apps')).status, 401);
    assert.equal((await call('GET', '/metrics')).status, 401);
    assert.equal((await call('GET', '/v2/apps', undefined, as('vera'))).status, 502);
  });
});

describe('API, strangers', () => {
  freshApi();

  it('pages of other origins may read nothing, and change nothing even if they come with an account', async () => {
    buildWith({ users: () => tokens });
    const headers = { ...as('ada'), origin: 'http://evil.example' };
    const preflight = { ...headers, 'access-control-request-method': 'POST' };
    const answers = [
      await call('GET', '/v2/apps', undefined, headers),
      await call('OPTIONS', '/v2/apps', undefined, preflight),
    ];
    for (const answer of answers)
      assert.deepEqual(
        Object.keys(answer.headers).filter((name) => name.startsWith('access-control')),
        [],
      );
    assert.equal((await call('POST', '/v2/apps', app('/team/web'), headers)).status, 403);
    assert.equal(service.view().apps.length, 0);
  });

  it('get no more connections than are served', async () => {
    buildWith({ connectionsMax: 1 });
    const { port } = new URL(await api.listen({ host: '127.0.0.1', port: 0 }));
    const sockets = [connect(Number(port), '127.0.0.1')];
    try {
      await once(sockets[0] as Socket, 'connect');
      const second = connect(Number(port), '127.0.0.1').resume();
      sockets.push(second);
      await once(second, 'close', { signal: AbortSignal.timeout(5000) });
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  it('get no more connections from one address than it may have, which leaves others theirs', async () => {
    buildWith({ addressConnectionsMax: 1 });
    const { port } = new URL(await api.listen({ host: '127.0.0.1', port: 0 }));
    const asks = async (localAddress: string) => {
      const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
      sockets.push(socket.on('error', () => undefined));
      socket.write('GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const [answer] = await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      return Buffer.isBuffer(answer);
    };
    const sockets: Socket[] = [];
    try {
      assert.deepEqual(
        [await asks('127.0.0.2'), await asks('127.0.0.2'), await asks('127.0.0.3')],
        [true, false, true],
      );
      sockets[0]?.destroy();
      while (!(await asks('127.0.0.2'))) await new Promise(setImmediate);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

describe('API, audit', () => {
  freshApi();

  it('has a line for whoever would change something, without what is in the body', async () => {
    const lines: any[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    buildWith({ users: () => tokens, log });
    const made = await asDora('POST', '/v2/apps', app('/team/web', { env: { KEY: 'hidden' } }));
    await asDora('DELETE', '/v2/apps/team%0A{"msg":"forged"}?force=true');
    await asDora('POST', '/v2/apps', app('/other/web'));
    await call('DELETE', '/v2/apps/team/web');
    await asDora('GET', '/v2/apps');
    assert.ok(lines.every(({ msg, address }) => msg === 'audit' && address === '127.0.0.1'));
    assert.deepEqual(
      lines.map(({ user, status, deploymentId, change }) => [
        user,
        status,
        deploymentId,
        change?.type,
        change?.subjects,
      ]),
      [
        ['dora', 201, made.headers['marathon-deployment-id'], 'putApps', ['/team/web']],
        ['dora', 404, null, undefined, undefined],
        ['dora', 403, null, 'putApps', ['/other/web']],
        [null, 401, null, undefined, undefined],
      ],
    );
    assert.ok(!JSON.stringify(lines).includes('hidden'));
    assert.equal(lines[0].requestId, made.headers['x-request-id']);
  });

  it('calls a request what its client calls it, if that is a word', async () => {
    const ids: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void ids.push(JSON.parse(line).requestId) });
    buildWith({ log });
    const named = async (id: string) =>
      (await call('DELETE', '/v2/apps/none', undefined, { 'x-request-id': id })).headers;
    assert.equal((await named('build-17.3'))['x-request-id'], 'build-17.3');
    for (const bad of ['', 'a b', 'x'.repeat(129), '"}']) assert.notEqual((await named(bad))['x-request-id'], bad);
    assert.equal(ids[0], 'build-17.3');
    assert.ok(ids.slice(1).every((id) => /^[0-9a-f-]{36}$/.test(id)));
  });
});

describe('API, roles', () => {
  freshApi();
  beforeEach(async () => {
    buildWith({ users: () => tokens });
    for (const id of ['/team/web', '/teamx', '/other/db', '/other/part/a'])
      assert.equal((await asAda('POST', '/v2/apps', app(id))).status, 201);
  });

  it('every operation of the document needs the role that it says', async () => {
    const [open, ofAdmins]: [string[], string[]] = [[], []];
    for (const [path, operations] of Object.entries(openApiDocument().paths)) {
      const url = path.replaceAll(/\{\w+\}/g, 'none');
      for (const [method, operation] of Object.entries(operations as Record<string, any>)) {
        if (method === 'parameters') continue;
        const role = operation['x-gaia-role'];
        const statusOf = async (headers: Record<string, string>) =>
          (await call(method.toUpperCase(), url, undefined, headers)).status;
        if (role === undefined) open.push(url);
        else assert.equal(await statusOf({}), 401, `${method} ${path} without account`);
        assert.equal(
          (await statusOf(as('vera'))) === 403,
          role !== undefined && role !== 'viewer',
          `${method} ${path}`,
        );
        if (role === 'admin') ofAdmins.push(`${method} ${path}`);
        if (role === 'admin') assert.equal(await statusOf(as('dora')), 403, `${method} ${path} by a deployer`);
        assert.ok(method === 'get' || role === 'deployer' || role === 'admin', `${method} ${path} changes`);
      }
    }
    assert.deepEqual(open, ['/ping', '/health', '/v1/executor/none']);
    assert.deepEqual(ofAdmins, [
      ...[
        'post /v2/placement/drain',
        'delete /v2/placement/drain',
        'post /v2/placement/rebalance',
        'delete /v2/leader',
      ],
    ]);
  });

  it('a deployer changes what is within the paths', async () => {
    await taken('POST', '/v2/apps', app('/team/new'));
    await taken('PUT', '/v2/apps/other/part/a?force=true', { instances: 2 });
    await taken('PUT', '/v2/groups/team', { groups: [{ id: 'inner', apps: [app('x')] }] });
    await taken('DELETE', '/v2/groups/team?force=true');
  });

  it('and nothing beside them, whatever the path looks like', async () => {
    assert.equal(await refused('POST', '/v2/apps', app('/teams/web')), 'dora may not do this: this touches /teams/web');
    await refused('PUT', '/v2/apps', [app('/team/web'), app('/other/db')]);
    await refused('POST', '/v2/apps', app('/team/../other/y'));
    await refused('PATCH', '/v2/apps/other%2Fdb', { instances: 2 });
    await refused('POST', '/v2//apps/teamx/restart');
    await refused('DELETE', '/v2/apps/other/db/');
    for (const query of ['', '?host=nowhere', '?scale=true&host=nowhere'])
      await refused('DELETE', `/v2/apps/other/db/tasks${query}`);
    await refused('POST', '/v2/plan', app('/other/db'));
    await refused('PATCH', '/v2/groups/other', { enforceRole: false });
  });

  it('nor through groups around them or within', async () => {
    await refused('PUT', '/v2/groups', { groups: [{ id: 'team' }] });
    await refused('PUT', '/v2/groups/other', { scaleBy: 2 });
    await refused('PUT', '/v2/groups/other?dryRun=true', { groups: [] });
    await refused('DELETE', '/v2/groups/other');
    await refused('POST', '/v2/groups', { id: '/fresh', apps: [app('a')] });
  });

  it('nor by tasks and dependencies of others', async () => {
    const [task] = service.view().apps.find(({ spec }) => spec.id === '/other/db')?.tasks ?? [];
    await refused('POST', '/v2/tasks/delete', { ids: [task?.id ?? ''] });
    await refused('POST', '/v2/tasks/delete', { ids: [task?.id ?? ''], scale: true });
    await refused('PUT', '/v2/apps/team/web?force=true', { dependencies: ['/other/db'] });
    await refused('PUT', '/v2/groups/team?force=true', { dependencies: ['/other'] });
  });

  it('nor by secrets, deployments and force of others', () => {
    const view = service.view();
    const [spec] = view.apps.map((one) => one.spec).filter(({ id }) => id === '/team/web') as [AppSpec];
    const deployment = (id: string, ...affectedApps: string[]) => ({ id, affectedApps }) as DeploymentView;
    const deployments = [
      deployment('own', '/team/x'),
      deployment('mixed', '/team/web', '/other/db'),
      deployment('drain', '/team/y'),
      deployment('none'),
    ];
    const drains = [{ id: 'drain' }] as DrainView[];
    const may = (command: Command) => {
      try {
        authorise(tokens[1] as Account, command, { ...view, deployments, drains });
        return true;
      } catch (error) {
        assert.equal((error as ApiError).status, 403);
        return false;
      }
    };
    const change = (more: Partial<AppSpec>, force = false): Command => ({
      ...{ type: 'putApps', create: false, force },
      specs: [{ ...spec, ...more }],
    });
    const secret = (source: string) => change({ secrets: { key: { source } } });
    const cancel = (deploymentId: string): Command => ({ type: 'cancelDeployment', deploymentId, force: true });
    assert.deepEqual([secret('team/key'), secret('teamx/key'), secret('key')].map(may), [true, false, false]);
    assert.deepEqual(['own', 'mixed', 'drain', 'none', 'unknown'].map(cancel).map(may), [
      ...[true, false, false, false, false],
    ]);
    assert.deepEqual([change({}), change({}, true), change({ id: '/team/x' }, true)].map(may), [true, false, true]);
    assert.deepEqual(
      [true, false].map((force) => may({ type: 'deleteApp', appId: '/team/web', force })),
      [false, true],
    );
    assert.equal(may({ type: 'killTasks', taskIds: ['unknown'], scale: false, force: false }), false);
  });
});
