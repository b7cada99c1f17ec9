/** What is kept of who has changed what. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { hashToken } from '../../../framework/access/hash.js';
import type { Account } from '../../../framework/access/users.js';
import { until } from '../../conformance/wait.js';
import { api, buildWith, call, freshApi, service } from './harness.js';

const dora: Account = { name: 'dora', role: 'deployer', paths: ['/team'], hash: hashToken('secret') };
const app = (id: string) => ({ id, cmd: 'sleep 100' });

describe('API, what the audit keeps', () => {
  freshApi();
  let kept: any[];
  const audit = (record: object) => void kept.push(record);
  beforeEach(() => {
    kept = [];
  });

  it('is what known users have asked for, not what strangers have', async () => {
    buildWith({ users: () => [dora], audit, now: () => 0 });
    const headers = { authorization: 'Bearer secret' };
    const made = await call('POST', '/v2/apps', app('/team/web'), headers);
    await call('POST', '/v2/apps', app('/other/web'), headers);
    await call('POST', '/v2/apps', app('/team/x'));
    await call('POST', '/v2/apps', app('/team/x'), { ...headers, origin: 'http://evil.example' });
    assert.deepEqual(
      kept.map(({ user, status }) => [user, status]),
      [
        ['dora', 201],
        ['dora', 403],
      ],
    );
    assert.equal(kept[0].time, '1970-01-01T00:00:00.000Z');
    assert.equal(kept[0].requestId, made.headers['x-request-id']);
  });

  it('has a line, too, of who hangs up before the answer', async () => {
    buildWith({ audit });
    const { port } = new URL(await api.listen({ host: '127.0.0.1', port: 0 }));
    const socket = connect(Number(port), '127.0.0.1');
    const { command } = service;
    const gone = once(api.server, 'connection').then(([accepted]) => once(accepted, 'close'));
    service.command = async (order) => {
      socket.destroy();
      await gone;
      return command.call(service, order);
    };
    const body = JSON.stringify(app('/team/web'));
    const head = 'POST /v2/apps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    await until('the line', () => kept.length === 1);
    assert.equal(service.view().apps.length, 1);
    assert.deepEqual([kept[0].status, kept[0].change.subjects], [201, ['/team/web']]);
  });
});
