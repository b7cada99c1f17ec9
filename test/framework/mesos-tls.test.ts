/** TLS all the way: framework, master, agent, executors, each with a certificate that the others ask for. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { request } from 'undici';
import { MesosError, OperatorClient, type TlsOptions } from '../../framework/mesos-http-client/index.js';
import { type LocalCluster, startLocalCluster } from '../../framework/mesos-local/cluster.js';
import { mesosTls } from '../../framework/renewals.js';
import { Authority } from '../authority.js';
import { frameworkInfo } from '../conformance/scheduler.js';
import { until } from '../conformance/wait.js';
import { FrameworkProcess } from '../framework-process.js';
import { KeepingScheduler } from './mesos-local/keeping-scheduler.js';

const log = pino({ level: 'silent' });

describe('TLS to Mesos', function () {
  this.timeout(30_000);
  let directory: string;
  let cluster: LocalCluster;
  let files: { certificate: string; key: string; authority: string };
  let own: Required<Pick<TlsOptions, 'authority' | 'certificate' | 'key'>>;
  let other: Buffer;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-mesos-tls-'));
    const authority = new Authority(directory);
    files = { ...authority.issue('member'), authority: authority.file };
    own = {
      authority: authority.certificate,
      ...{ certificate: readFileSync(files.certificate), key: readFileSync(files.key) },
    };
    other = new Authority(directory, 'other').certificate;
    cluster = await startLocalCluster({
      directory: join(directory, 'cluster'),
      agents: [{ hostname: 'one', resources: 'cpus:1;mem:512;disk:512' }],
      timings: { allocationIntervalMs: 100 },
      detached: false,
      tls: files,
    });
  });
  after(async () => {
    await cluster?.stop();
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

  it('a command runs: its executor speaks to the agent as the variables say', async () => {
    const options = { masters: [cluster.masterAddress], framework: frameworkInfo({}), tls: () => own };
    const scheduler = new KeepingScheduler(options);
    await scheduler.launch('command', '[ "$LIBPROCESS_SSL_ENABLED" = true ]');
    await until('its end', () => scheduler.statuses.at(-1)?.state === 'TASK_FINISHED');
    await scheduler.client.teardown();
    await scheduler.client.close();
  });

  it('an app of the framework runs', async () => {
    const args = ['--master', cluster.masterAddress, '--store', join(directory, 'store')];
    const given = ['--mesos-ca', files.authority, '--mesos-certificate', files.certificate, '--mesos-key', files.key];
    const framework = await new FrameworkProcess([...args, ...given]).ready();
    try {
      const spec = { id: '/sleeper', cmd: 'sleep 1000', cpus: 0.1, mem: 32, instances: 1 };
      const body = JSON.stringify(spec);
      const headers = { 'content-type': 'application/json' };
      const posted = await request(`${framework.url}/v2/apps`, { method: 'POST', headers, body });
      assert.equal(posted.statusCode, 201, await posted.body.text());
      await until(
        () => framework.log,
        async () => {
          const { tasks } = (await (await request(`${framework.url}/v2/tasks`)).body.json()) as {
            tasks: { state: string }[];
          };
          return tasks[0]?.state === 'TASK_RUNNING';
        },
      );
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
