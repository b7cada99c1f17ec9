/** A scheduler that does not lead: what it passes on, what it says itself, and what it says when nobody can be asked. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { buildApi } from '../../../framework/api/index.js';
import { Seat } from '../../../framework/seat.js';
import type { Leadership } from '../../../framework/service.js';
import { web } from './harness.js';
import { MemoryService } from './memory-service.js';

describe('api: a standby', () => {
  const open: (FastifyInstance | Server)[] = [];
  let leading: Leadership;
  let leader: string | null;
  let standby: string;

  beforeEach(async () => {
    leader = await listen(buildApi(new MemoryService()));
    standby = await listen(standbyOf(() => leader));
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function listen(api: FastifyInstance): Promise<string> {
    open.push(api);
    return (await api.listen({ host: '127.0.0.1', port: 0 })).slice('http://'.length);
  }

  /** Nobody sits there: what is not passed on fails. */
  function standbyOf(named: () => string | null): FastifyInstance {
    leading = {
      leading: false,
      zooKeeper: { url: 'zk://a:1/gaia', sessionTimeoutMs: 5000 },
      abdicate: () => false,
      get leader() {
        return named();
      },
    };
    return buildApi(new Seat(), { leadership: leading });
  }

  async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: object) {
    const type = body && { 'content-type': 'application/json' };
    const init = { method, redirect: 'manual' as const, headers: { ...headers, ...type } };
    const answer = await fetch(`http://${standby}${path}`, { ...init, ...(body && { body: JSON.stringify(body) }) });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  it('passes requests on with their body, and answers with theirs', async () => {
    const env = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`E${n}`, 'x'.repeat(1000)]));
    const large = { ...web, env };
    assert.equal((await ask('POST', '/v2/apps', {}, large)).status, 201);
    const found = await ask('GET', '/v2/apps//shop/web');
    assert.deepEqual(found.body.app.env, env);
    assert.equal(found.headers.get('x-marathon-via'), standby);
    assert.equal(found.headers.get('x-marathon-leader'), `http://${leader}`);
    assert.deepEqual([(await ask('GET', '/v2/none')).status, (await ask('PATCH', '/v2/info')).status], [404, 405]);
    const etag = found.headers.get('etag') as string;
    assert.equal((await ask('PATCH', '/v2/apps//shop/web', { 'if-match': '"old"' }, { instances: 1 })).status, 412);
    assert.equal((await ask('PATCH', '/v2/apps//shop/web', { 'if-match': etag }, { instances: 1 })).status, 200);
    assert.deepEqual([(await ask('HEAD', '/v2/info')).status, (await ask('HEAD', '/v2/info')).body], [200, '']);
  });

  it('calls a request at the leader what it has called it', async () => {
    const told: Record<string, string>[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void told.push(JSON.parse(line)) });
    leader = await listen(buildApi(new MemoryService(), { log }));
    const { headers } = await ask('POST', '/v2/apps', {}, web);
    assert.equal(told.find(({ msg }) => msg === 'audit')?.requestId, headers.get('x-request-id'));
  });

  it('judges the origin of changes itself', async () => {
    const own = await ask('POST', '/v2/apps', { origin: `http://${standby}` }, web);
    assert.equal(own.status, 201);
    assert.equal((await ask('DELETE', '/v2/apps//shop/web', { origin: 'http://elsewhere' })).status, 403);
  });

  it('redirects who follows events', async () => {
    const events = await ask('GET', '/v2/events?event_type=a');
    assert.deepEqual([events.status, events.headers.get('location')], [307, `http://${leader}/v2/events?event_type=a`]);
  });

  it('shows the web page itself, and passes on to it the events that a browser would not follow elsewhere', async () => {
    leader = await listen(buildApi(new MemoryService(), { page: new Map() }));
    assert.equal((await ask('GET', '/ui/')).body.message, 'The web page is not built', 'of the standby');
    await ask('POST', '/v2/apps', {}, web);
    const headers = { 'sec-fetch-site': 'same-origin', accept: 'text/event-stream' };
    const events = await ask('GET', '/v2/events?after=oldest&follow=false', headers);
    assert.equal(events.status, 200);
    assert.match(events.body, /api_post_event/);
  });

  it('says itself who leads and how it is', async () => {
    assert.deepEqual((await ask('GET', '/v2/leader')).body, { leader });
    assert.deepEqual((await ask('GET', '/health')).body, { status: 'standby', leader });
    assert.equal((await ask('GET', '/ping')).body, 'pong\n');
    assert.match((await ask('GET', '/metrics')).body, /^gaia_leading 0$/m);
    assert.equal((await ask('DELETE', '/v2/leader')).status, 409, 'which is for the leader: it has no ZooKeeper');
  });

  it('answers 503 while nobody leads', async () => {
    leader = null;
    const answer = await ask('GET', '/v2/apps');
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1']);
    assert.equal(answer.body.message, 'Could not determine the current leader');
    assert.deepEqual([(await ask('GET', '/health')).status, (await ask('GET', '/v2/leader')).status], [503, 404]);
  });

  it('answers 502 when the leader cannot be reached, and when a change is under way to it', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => gone.once('listening', resolve));
    leader = `127.0.0.1:${(gone.address() as { port: number }).port}`;
    gone.on('connection', (socket) => socket.once('data', () => socket.destroy()));
    assert.equal((await ask('POST', '/v2/apps', {}, web)).status, 502);
    await new Promise((resolve) => gone.close(resolve));
    const refused = await ask('GET', '/v2/apps');
    assert.equal(refused.status, 502);
    assert.match(refused.body.message, /^Connection to leader 127\.0\.0\.1:\d+ failed: .*ECONNREFUSED/);
  });

  it('notices that schedulers take each other for the leader', async () => {
    const first: string = standby;
    leader = await listen(standbyOf(() => first));
    const answer = await ask('GET', '/v2/apps');
    assert.deepEqual([answer.status, answer.body.message], [502, 'Detected proxying loop.']);
    assert.match(answer.headers.get('x-marathon-via') as string, new RegExp(first));
  });
});
