/** HTTPS with an authority of our own: clients, standbys, renewed certificates. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { Agent, request } from 'undici';
import { type ClientTls, readTls, type Tls } from '../../../framework/access/tls.js';
import { buildApi } from '../../../framework/api/index.js';
import { ApiClient } from '../../../framework/cli/api-client.js';
import { Seat } from '../../../framework/seat.js';
import { Authority } from '../../authority.js';
import { until } from '../../conformance/wait.js';
import { FrameworkProcess } from '../../framework-process.js';
import { MemoryService } from '../api/memory-service.js';
import { gaia } from '../cli/gaia.js';

describe('TLS of the API', function () {
  this.timeout(30_000);
  let directory: string;
  const at = (name: string) => join(directory, name);
  const files = (certificateName: string, keyName = certificateName) => ({
    tlsCertificate: at(`${certificateName}.pem`),
    tlsKey: at(`${keyName}.key`),
    tlsCa: at('ca.pem'),
    tlsClientCa: undefined,
  });

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gaia-tls-'));
    const authority = new Authority(directory);
    for (const name of ['first', 'second']) authority.issue(name);
  });
  after(() => rm(directory, { recursive: true }));

  it('says what is wrong with the files', async () => {
    await assert.rejects(readTls({ ...files('first'), tlsKey: undefined }), /both: give --tls-certificate/);
    await assert.rejects(readTls(files('first', 'second')), /first\.pem and .*second\.key are no PEM certificate/);
    await assert.rejects(readTls(files('none')), /--tls-certificate .*none\.pem cannot be read: ENOENT/);
    await assert.rejects(readTls({ ...files('first'), tlsCa: at('first.key') }), /--tls-ca .* are no PEM certificates/);
    const none = { tlsCertificate: undefined, tlsKey: undefined, tlsCa: undefined, tlsClientCa: undefined };
    assert.equal(await readTls(none), null);
    await assert.rejects(readTls({ ...none, tlsClientCa: at('ca.pem') }), /both: give --tls-certificate/);
    await assert.rejects(readTls({ ...files('first'), tlsClientCa: at('first.key') }), /--tls-client-ca .* are no PEM/);
  });

  it('reaches from clients through standbys to the leader', async () => {
    const tls = (await readTls(files('first'))) as Tls;
    const leader = buildApi(new MemoryService(), { tls: () => tls });
    const leaderUrl = await leader.listen({ host: '127.0.0.1', port: 0 });
    const follows = (own: Tls) => follower(leaderUrl, own);
    const { authority, ...without } = tls;
    const apis = [leader, follows(tls), follows(without)];
    const agent = new Agent({ connect: { ca: authority as Buffer } });
    try {
      const ask = async (index: number, path = '/v2/apps', accept = 'application/json') => {
        const url = index === 0 ? leaderUrl : await apis[index]?.listen({ host: '127.0.0.1', port: 0 });
        return { url, answer: await request(`${url}${path}`, { dispatcher: agent, headers: { accept } }) };
      };
      const { url, answer } = await ask(1);
      assert.equal(answer.statusCode, 200);
      assert.equal(answer.headers['x-marathon-leader'], leaderUrl);
      const events = await request(`${url}/v2/events`, { dispatcher: agent });
      assert.equal(events.headers.location, `${leaderUrl}/v2/events`);
      assert.equal((await ask(2)).answer.statusCode, 502);
      for (const [base, trusted, remedy] of [
        [leaderUrl, {}, /--ca FILE/],
        [leaderUrl.replace('127.0.0.1', 'localhost'), { authority }, /as its certificate does/],
        [leaderUrl.replace('https', 'http'), {}, /name it with https/],
      ] as const)
        await assert.rejects(new ApiClient(base, { tls: trusted as ClientTls }).get('/ping'), { exitCode: 3, remedy });
    } finally {
      await agent.destroy();
      for (const api of apis) await api.close();
    }
  });

  function follower(leaderUrl: string, tls: Tls) {
    const leadership = { leading: false, zooKeeper: null, abdicate: () => false, leader: leaderUrl.slice(8) };
    return buildApi(new Seat(), { tls: () => tls, leadership });
  }

  it('tells when certificates are over, of a chain the first', async () => {
    const long = readFileSync(new Authority(directory, 'long', 30).file);
    const [ca, first] = [await readFile(at('ca.pem')), await readFile(at('first.pem'))];
    const chain = { certificate: Buffer.concat([long, first]), authority: long };
    const api = buildApi(new MemoryService(), { certificates: () => ({ api: chain, zk: { authority: ca } }) });
    const { body } = await api.inject('/metrics');
    await api.close();
    const daysLeft = (of: string, kind: string) => {
      const line = new RegExp(`^gaia_certificate_expiry_timestamp_seconds\\{of="${of}",kind="${kind}"\\} (\\d+)$`, 'm');
      return Math.round((Number(line.exec(body)?.[1]) - Date.now() / 1000) / 86_400);
    };
    assert.deepEqual(
      [daysLeft('api', 'certificate'), daysLeft('api', 'authority'), daysLeft('zk', 'authority')],
      [1, 30, 1],
    );
    assert.ok(!body.includes('of="zk",kind="certificate"'));
  });

  it('asks clients for a certificate of its authority, but where it is open to all', async () => {
    const tls = (await readTls({ ...files('first'), tlsClientCa: at('ca.pem') })) as Tls;
    const leader = buildApi(new MemoryService(), { tls: () => tls });
    const leaderUrl = await leader.listen({ host: '127.0.0.1', port: 0 });
    const standby = follower(leaderUrl, tls);
    const urls = [leaderUrl, await standby.listen({ host: '127.0.0.1', port: 0 })];
    const stranger = new Authority(directory, 'stranger').issue('other');
    const ca = tls.authority as Buffer;
    const status = async (url: string, cert?: Buffer, key?: Buffer) => {
      const agent = new Agent({ connect: { ca, ...(cert && { cert }), ...(key && { key }) } });
      const { statusCode } = await request(url, { dispatcher: agent });
      await agent.destroy();
      return statusCode;
    };
    try {
      for (const url of urls) {
        assert.equal(
          await status(`${url}/v2/apps`, await readFile(at('second.pem')), await readFile(at('second.key'))),
          200,
        );
        assert.equal(await status(`${url}/v2/apps`), 403);
        assert.equal(await status(`${url}/metrics`), 403);
        assert.equal(await status(`${url}/nowhere`), 403);
        assert.equal(await status(`${url}/ping`), 200);
        const wrong = [await readFile(stranger.certificate), await readFile(stranger.key)];
        assert.equal(await status(`${url}/v2/apps`, ...wrong), 403);
      }
      assert.deepEqual(await resumed(leaderUrl, ca), { reused: true, status: 'HTTP/1.1 403 Forbidden' });
    } finally {
      await Promise.all([leader.close(), standby.close()]);
    }
  });

  it('is what the framework speaks, and renews its certificate on SIGHUP', async () => {
    for (const end of ['pem', 'key']) await copyFile(at(`first.${end}`), at(`now.${end}`));
    const tls = ['--tls-certificate', at('now.pem'), '--tls-key', at('now.key'), '--tls-client-ca', at('ca.pem')];
    const args = [
      '--master',
      '127.0.0.1:1',
      '--store',
      at('store'),
      '--listen',
      'localhost:0',
      '--audit-file',
      at('audit'),
    ];
    const framework = new FrameworkProcess([...args, ...tls]);
    try {
      const url = (await framework.ready()).url.replace('localhost', '127.0.0.1');
      await assert.rejects(nameAt(url, await readFile(at('ca.pem')), '::1'), /ECONNREFUSED|EADDRNOTAVAIL/);
      const ca = await readFile(at('ca.pem'));
      assert.equal(await nameAt(url, ca), 'first');
      const list = ['app', 'list', '--api', url];
      const shown = ['--certificate', at('second.pem'), '--key', at('second.key')];
      const removal = ['app', 'remove', '/none', '--api', url, '--ca', at('ca.pem'), ...shown];
      assert.equal((await gaia(removal)).code, 6);
      await until('the audit', () => readFileSync(at('audit'), 'utf8').includes('"url":"/v2/apps/none'));
      assert.equal((await gaia([...list, '--ca', at('ca.pem')])).code, 4);
      assert.equal((await gaia(list)).code, 3);
      for (const end of ['pem', 'key']) await copyFile(at(`second.${end}`), at(`now.${end}`));
      await framework.renew('certificate read again');
      assert.equal(await nameAt(url, ca), 'second');
    } finally {
      framework.process.kill('SIGKILL');
    }
  });
});

/** Whose certificate is shown there. */
async function nameAt(url: string, ca: Buffer, host = '127.0.0.1'): Promise<string> {
  const socket = connect({ host, port: Number(new URL(url).port), ca });
  await once(socket, 'secureConnect');
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

/** A client without a certificate, which takes up the session of its first connection again. */
async function resumed(url: string, ca: Buffer): Promise<{ reused: boolean; status: string }> {
  const options = { host: '127.0.0.1', port: Number(new URL(url).port), ca };
  const ask = 'GET /v2/apps HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const first = connect(options);
  first.write(ask);
  const [session] = (await once(first, 'session')) as [Buffer];
  first.destroy();
  const second = connect({ ...options, session });
  second.write(ask);
  const [answer] = (await once(second, 'data')) as [Buffer];
  const reused = second.isSessionReused();
  second.destroy();
  return { reused, status: answer.toString('latin1').split('\r\n')[0] as string };
}
