/** TLS all the way: framework, master, agent, executor, ZooKeeper, each with a certificate that the others ask for. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { request } from 'undici';
import { backUp } from '../../framework/cli/backup.js';
import type { Output } from '../../framework/cli/output.js';
import { MesosError, OperatorClient, type TlsOptions } from '../../framework/mesos-http-client/index.js';
import { type LocalCluster, startLocalCluster } from '../../framework/mesos-local/cluster.js';
import { mesosTls } from '../../framework/renewals.js';
import { ZooKeeper } from '../../framework/zookeeper/zookeeper.js';
import { Authority } from '../authority.js';
import { until } from '../conformance/wait.js';
import { FrameworkProcess } from '../framework-process.js';
import { ZooKeeperServers } from '../zookeeper.js';

const log = pino({ level: 'silent' });

describe('TLS to Mesos and ZooKeeper', function () {
  this.timeout(60_000);
  let directory: string;
  let cluster: LocalCluster;
  let files: { certificate: string; key: string; authority: string };
  let own: Required<Pick<TlsOptions, 'authority' | 'certificate' | 'key'>>;
  let other: Buffer;
  let servers: ZooKeeperServers;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-tls-'));
    const authority = new Authority(directory);
    files = { ...authority.issue('member'), authority: authority.file };
    own = {
      authority: authority.certificate,
      ...{ certificate: readFileSync(files.certificate), key: readFileSync(files.key) },
    };
    other = new Authority(directory, 'other').certificate;
    servers = await ZooKeeperServers.start({ tickMs: 250, tls: files });
    cluster = await startLocalCluster({
      directory: join(directory, 'cluster'),
      agents: [{ hostname: 'one', resources: 'cpus:1;mem:512;disk:512' }],
      masters: { count: 2, zk: servers.url('/mesos') },
      timings: { allocationIntervalMs: 100, zkSessionTimeoutMs: 2000 },
      detached: false,
      tls: files,
    });
  });
  after(async () => {
    await cluster?.stop();
    await servers?.stop();
    rmSync(directory, { recursive: true });
  });

  const ask = (tls: TlsOptions) => new OperatorClient({ address: cluster.masterAddress, tls: () => tls }).getHealth();
  const failure = (tls: TlsOptions) =>
    ask(tls).then(
      () => null,
      (error: MesosError) => `${error.code}: ${error.message}`,
    );

  it('a client believes in its authority alone, and shows a certificate where it is asked for', async () => {
    assert.equal(await ask(own), true);
    assert.match((await failure({ ...own, authority: other })) ?? '', /connectionFailed: .*certificate/);
    const { certificate: _, key: __, ...without } = own;
    assert.match((await failure(without)) ?? '', /connectionFailed/);
    const plain = new OperatorClient({ address: cluster.masterAddress });
    await assert.rejects(plain.getHealth(), MesosError);
    assert.throws(
      () => new OperatorClient({ address: `http://${cluster.masterAddress}`, tls: () => own }),
      /TLS is asked for, and http: is without/,
    );
  });

  it('and in a certificate only if it names the address, or what else is said', async () => {
    const authority = new Authority(directory, 'names');
    const { certificate, key } = authority.issue('stranger', 'DNS:elsewhere.example');
    const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (_request, response) =>
      response.end('{"get_health":{"healthy":true}}'),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    try {
      const asked = (names: string[], verify = true) => {
        const tls = { authority: authority.certificate, names, verify };
        const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
        return new OperatorClient({ address, tls: () => tls }).getHealth();
      };
      for (const names of [[], ['nowhere.example']]) await assert.rejects(asked(names), /not in the cert/);
      assert.equal(await asked(['elsewhere.example']), true);
      assert.equal(await asked([], false), true);
    } finally {
      server.close();
    }
  });

  it('so does a session with ZooKeeper, which says why there is none', async () => {
    const open = (tls: TlsOptions, timeoutMs: number) => {
      const [port] = servers.securePorts as [number];
      return new ZooKeeper({ servers: [{ host: '127.0.0.1', port }], timeoutMs, tls: () => tls });
    };
    const session = open(own, 3000);
    assert.deepEqual((await session.children('/')).sort(), ['mesos', 'zookeeper']);
    session.close();
    const { certificate: _, key: __, ...without } = own;
    for (const [wrong, cause] of [
      [{ ...own, authority: other }, /certificate/],
      [without, /certificate|closed the connection|ECONNRESET|alert/],
    ] as const) {
      const refused = open(wrong, 1000);
      await until('the cause is told', () => cause.test(refused.lossCause ?? ''));
      assert.equal(refused.sessionId, null);
      refused.close();
    }
  });

  it('an app of the framework runs, its store is in ZooKeeper, and can be backed up; so it does with the next master', async () => {
    const { certificate, key, authority } = files;
    const place = `zk://127.0.0.1:${servers.securePorts[0]}/gaia`;
    const given = (name: string) => [
      ...[`--${name}-ca`, authority, `--${name}-certificate`, certificate, `--${name}-key`, key],
    ];
    const args = ['--master', servers.url('/mesos'), '--store', place, ...given('mesos'), ...given('zk')];
    const framework = await new FrameworkProcess(args).ready();
    try {
      const spec = { id: '/sleeper', cmd: 'sleep 1000', cpus: 0.1, mem: 32, instances: 1 };
      const body = JSON.stringify(spec);
      const headers = { 'content-type': 'application/json' };
      const get = async (path: string) => (await request(framework.url + path)).body.json();
      const leadingMaster = async () => {
        const { master } = (await get('/v2/info')) as { master: { connected: boolean; address: string } };
        return master.connected ? master.address : null;
      };
      const leads = async () => (await request(`${framework.url}/v2/leader`)).statusCode === 200;
      await until(() => framework.log, leads);
      const posted = await request(`${framework.url}/v2/apps`, { method: 'POST', headers, body });
      assert.equal(posted.statusCode, 201, await posted.body.text());
      await until(
        () => framework.log,
        async () => {
          const { tasks } = (await get('/v2/tasks')) as { tasks: { state: string }[] };
          return tasks[0]?.state === 'TASK_RUNNING';
        },
      );
      assert.equal(await leadingMaster(), cluster.masterAddress);
      await cluster.killMaster(0);
      await until(
        () => framework.log,
        async () => (await leadingMaster()) === new URL(cluster.masters[1]?.url as string).host,
      );
      const told: object[] = [];
      const output = { line: () => {}, result: (result: object) => told.push(result) } as unknown as Output;
      const zk = { zkCa: authority, zkCertificate: certificate, zkKey: key };
      await backUp(output, join(directory, 'backup'), { store: place, ...zk });
      assert.ok(readFileSync(join(directory, 'backup'), 'utf8').includes('app:/sleeper'));
      assert.equal(told.length, 1);
    } finally {
      framework.process.kill('SIGKILL');
    }
  });

  it('files that are of no use are refused by the name of their option', async () => {
    const { certificate, key } = files;
    for (const [given, told] of [
      [{ ca: '/none.pem' }, /--mesos-ca \/none\.pem cannot be read: ENOENT/],
      [{ ca: '/dev/null' }, /--mesos-ca \/dev\/null are no PEM certificates: it has none/],
      [{ ca: key }, /are no PEM certificates/],
      [{ certificate }, /give --mesos-certificate FILE and --mesos-key FILE/],
      [{ key }, /give --mesos-certificate FILE and --mesos-key FILE/],
      [{ certificate, key: join(directory, 'other.key') }, /are no PEM certificate with its key/],
    ] as [Record<string, string>, RegExp][]) {
      const { ca: mesosCa, certificate: mesosCertificate, key: mesosKey } = given;
      await assert.rejects(mesosTls({ master: ['m:1'], mesosCa, mesosCertificate, mesosKey }, log), told);
    }
  });

  it('so are masters that would be asked without TLS', async () => {
    const { authority: mesosCa } = files;
    const given = { master: ['m:1', 'http://m:2'], mesosCa, mesosCertificate: undefined, mesosKey: undefined };
    await assert.rejects(mesosTls(given, log), /--master http:\/\/m:2: with --mesos-ca/);
    assert.equal(await mesosTls({ ...given, mesosCa: undefined }, log), null);
  });
});
