/** What the API bears of clients that take their time or too much, and what its answers do not give away. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { hashPassword } from '../../../framework/access/hash.js';
import type { Account } from '../../../framework/access/users.js';
import { openApiDocument } from '../../../framework/api/openapi/document.js';
import { Authority } from '../../authority.js';
import { api, buildWith, call, freshApi, raw } from './harness.js';

const BODY_BYTES_MAX = 4 * 1024 * 1024;

describe('API, limits', () => {
  freshApi();
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  const listen = () => api.listen({ host: '127.0.0.1', port: 0 });

  /** What is answered, until the connection is closed, to a client that sends a piece now and then. */
  async function dribble(url: string, pieces: string[]): Promise<string> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    sockets.push(socket);
    let answer = '';
    socket.on('data', (bytes) => (answer += bytes)).on('error', () => undefined);
    const closed = once(socket, 'close', { signal: AbortSignal.timeout(5000) });
    for (const piece of pieces) {
      if (socket.destroyed) break;
      socket.write(piece);
      await sleep(20);
    }
    await closed;
    return answer;
  }

  it('a head that does not come to its end, and none at all, are waited for for a while', async () => {
    buildWith({ headTimeoutMs: 150 });
    const url = await listen();
    const heads = [['GET / HTTP/1.1\r\n', ...Array.from({ length: 40 }, (_, at) => `X-${at}: x\r\n`)], [''], ['G']];
    for (const answer of await Promise.all(heads.map((head) => dribble(url, head))))
      assert.match(answer, /^(HTTP\/1.1 408 |$)/);
  });

  it('so is a body, and TLS that is never begun', async () => {
    buildWith({ headTimeoutMs: 100, requestTimeoutMs: 200 });
    const head =
      'POST /v2/apps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n';
    assert.match(await dribble(await listen(), [head, ...Array.from({ length: 40 }, () => '{')]), /^HTTP\/1.1 408 /);
    await api.close();
    const directory = mkdtempSync(join(tmpdir(), 'gaia-limits-'));
    try {
      const { certificate, key } = new Authority(directory).issue('server');
      const tls = { certificate: readFileSync(certificate), key: readFileSync(key) };
      buildWith({ headTimeoutMs: 100, tls: () => tls });
      assert.equal(await dribble(await listen(), ['']), '');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('headers are few and small', async () => {
    const url = await listen();
    const status = async (headers: Record<string, string>) => (await request(`${url}/ping`, { headers })).statusCode;
    const named = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, 'x']));
    assert.equal(await status(named(90)), 200);
    assert.equal(await status(named(110)), 431);
    assert.equal(await status({ 'x-large': 'x'.repeat(17_000) }), 431);
  });

  it('no route reads more of a body than it may', async () => {
    const headers = { 'content-type': 'application/json', 'content-length': `${BODY_BYTES_MAX + 1}` };
    let routes = 0;
    for (const [path, operations] of Object.entries(openApiDocument().paths)) {
      for (const method of Object.keys(operations as object).filter((one) => !['parameters', 'get'].includes(one))) {
        const url = path.replaceAll(/\{\w+\}/g, 'none');
        assert.equal((await call(method.toUpperCase(), url, undefined, headers)).status, 413, `${method} ${path}`);
        routes += 1;
      }
    }
    assert.ok(routes > 20);
  });

  it('nor where its length is not said before', async () => {
    let sent = 0;
    async function* endless() {
      for (; sent < 20 * BODY_BYTES_MAX; sent += 65_536) yield Buffer.alloc(65_536, ' ');
    }
    const headers = { 'content-type': 'application/json' };
    const answer = await request(`${await listen()}/v2/apps`, {
      method: 'POST',
      headers,
      body: Readable.from(endless()),
    }).then(
      ({ statusCode }) => statusCode,
      (error: { code?: string }) => error.code,
    );
    assert.ok([413, 'UND_ERR_SOCKET', 'EPIPE', 'ECONNRESET'].includes(answer as string), `${answer}`);
    assert.ok(sent < 8 * BODY_BYTES_MAX, `${sent} bytes were taken`);
  });

  it('no more than eight passwords are looked at at a time, whoever sends them', async () => {
    const hash = await hashPassword('right');
    const paula: Account = { name: 'paula', role: 'viewer', paths: [], hash };
    buildWith({ users: () => [paula] });
    const guess = async (password: string) => {
      const authorization = `Basic ${Buffer.from(`paula:${password}`).toString('base64')}`;
      return (await call('GET', '/v2/apps', undefined, { authorization })).status;
    };
    const statuses = await Promise.all(Array.from({ length: 20 }, (_, at) => guess(`wrong${at}`)));
    assert.deepEqual(
      [401, 429].map((status) => statuses.filter((one) => one === status).length),
      [8, 12],
    );
  });
});

describe('API, what answers do not give away', () => {
  freshApi();
  const secret = 'hunter2';

  it('a password in a body that is refused is not repeated', async () => {
    const app = (more: object) => JSON.stringify({ id: '/x', cmd: 'sleep 1', ...more });
    for (const body of [
      `{"env":{"P":"${secret}"`,
      `{"env":{"P":${secret}}}`,
      `"${secret}`,
      secret,
      app({ env: { P: [secret] } }),
      app({ env: { P: { value: secret } } }),
      app({ env: secret }),
      app({ env: { P: secret }, cpus: 'many' }),
      app({ env: { P: `${secret}\0` } }),
      app({ env: { P: secret.repeat(30_000) } }),
      app({ secrets: { db: secret } }),
      app({ secrets: { db: { source: `${secret} ` } } }),
    ]) {
      for (const url of ['/v2/apps', '/v2/groups', '/v2/plan']) {
        const sent = url === '/v2/groups' ? `{"id":"/g","apps":[${body}]}` : body;
        const answer = await raw(url, sent);
        assert.ok(answer.status >= 400 && answer.status < 500, `${url} ${sent.slice(0, 80)}: ${answer.status}`);
        assert.ok(!JSON.stringify(answer.body).includes(secret), JSON.stringify(answer.body));
      }
    }
  });

  it('nor are credentials', async () => {
    buildWith({ users: () => [] });
    for (const authorization of [`Bearer ${secret}`, `Basic ${Buffer.from(`x:${secret}`).toString('base64')}`]) {
      const answer = await call('GET', '/v2/apps', undefined, { authorization });
      assert.equal(answer.status, 401);
      assert.ok(!JSON.stringify(answer).includes(authorization.split(' ')[1] as string));
    }
  });

  it('browsers are told to run and to load nothing, whatever is answered', async () => {
    for (const [method, url] of [
      ['GET', '/v2/apps'],
      ['GET', '/nowhere'],
      ['GET', '/ping'],
      ['POST', '/v2/apps'],
      ['GET', '/%'],
    ] as const) {
      const { headers } = await call(method, url);
      assert.equal(headers['x-content-type-options'], 'nosniff', `${method} ${url}`);
      assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    }
  });
});
