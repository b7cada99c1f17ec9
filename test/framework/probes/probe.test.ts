import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { probe } from '../../../framework/probes/probe.js';
import type { ProbeOutcome } from '../../../framework/probes/types.js';

const host = '127.0.0.1';

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** What a probe of `path` finds at a server that answers so. */
async function ask(answer: RequestListener, { path = '/', timeoutMs = 5000, bodyBytesMax = 0, redirectsMax = 0 } = {}) {
  const server = createServer(answer);
  const port = await listening(server);
  try {
    const target = { type: 'http' as const, secure: false, host, port, path };
    return { port, outcome: await probe({ target, timeoutMs, bodyBytesMax, redirectsMax }) };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const failed = (outcome: ProbeOutcome) => (outcome.type === 'failed' ? outcome.cause : `none: ${outcome.type}`);

describe('probes', () => {
  it('tell the status of an answer, whatever its body', async () => {
    const { outcome } = await ask(
      (request, answer) => {
        answer.writeHead(request.url === '/a%20b?c=d' ? 503 : 200);
        answer.write('never ends');
      },
      { path: '/a b?c=d' },
    );
    assert.deepEqual(outcome, { type: 'answered', status: 503, contentType: '', body: '' });
  });

  it('follow redirections as far as they are told to, and otherwise take them for the answer', async () => {
    const answer: RequestListener = (request, response) => {
      const hops = Number(request.url?.slice(1));
      if (hops === 0) response.writeHead(204).end();
      else response.writeHead(302, { location: `/${hops - 1}` }).end();
    };
    const status = async (path: string, redirectsMax?: number) => {
      const { outcome } = await ask(answer, { path, ...(redirectsMax !== undefined && { redirectsMax }) });
      return outcome.type === 'answered' ? outcome.status : outcome.type;
    };
    assert.deepEqual([await status('/1'), await status('/2', 2), await status('/3', 2)], [302, 204, 302]);
    const { outcome } = await ask((_request, response) => response.writeHead(302, { location: 'ftp://x/' }).end(), {
      redirectsMax: 1,
    });
    assert.match(failed(outcome), /redirected to ftp:/);
  });

  it('read no more of a body than is wanted', async () => {
    const { outcome } = await ask(
      (_request, answer) => {
        answer.writeHead(200, { 'content-type': 'text/plain' });
        answer.end('x'.repeat(100_000));
      },
      { bodyBytesMax: 10 },
    );
    assert.deepEqual(outcome, { type: 'answered', status: 200, contentType: 'text/plain', body: 'xxxxxxxxxx' });
  });

  it('are over after their time-out, also in the middle of a body', async () => {
    const silent = await ask(() => undefined, { timeoutMs: 50 });
    assert.equal(failed(silent.outcome), `no answer from ${host}:${silent.port} within 0.05 s`);
    const slow = await ask((_request, answer) => answer.write('x'), { timeoutMs: 50, bodyBytesMax: 10 });
    assert.equal(failed(slow.outcome), `no answer from ${host}:${slow.port} within 0.05 s`);
  });

  it('connect over TCP, and say who refuses', async () => {
    const server = createTcpServer();
    const port = await listening(server);
    const order = { target: { type: 'tcp' as const, host, port }, timeoutMs: 5000, bodyBytesMax: 0 };
    assert.deepEqual(await probe(order), { type: 'connected' });
    await new Promise((resolve) => server.close(resolve));
    assert.equal(failed(await probe(order)), `connection refused by ${host}:${port}`);
  });

  it('end when they are not wanted any more', async () => {
    const server = createServer(() => undefined);
    const target = { type: 'http' as const, secure: false, host, port: await listening(server), path: '/' };
    const closing = new AbortController();
    const found = probe({ target, timeoutMs: 60_000, bodyBytesMax: 0 }, closing.signal);
    server.once('request', () => closing.abort());
    assert.match(failed(await found), /abort/);
    server.closeAllConnections();
    server.close();
  });
});
