/** TLS to Debian's ZooKeeper, which asks its clients for certificates. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ZooKeeperTls } from '../../../framework/zookeeper/connection.js';
import { ZooKeeper } from '../../../framework/zookeeper/zookeeper.js';
import { Authority } from '../../authority.js';
import { runCli, until } from '../../e2e/system.js';
import { FrameworkProcess } from '../../framework-process.js';
import { ZooKeeperServers } from '../../zookeeper.js';

describe('zookeeper: TLS', function () {
  this.timeout(60_000);
  let servers: ZooKeeperServers;
  let directory: string;
  let tls: { certificate: string; key: string; authority: string };
  const open: ZooKeeper[] = [];

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-zookeeper-'));
    const authority = new Authority(directory);
    tls = { ...authority.issue('member'), authority: authority.file };
    servers = await ZooKeeperServers.start({ tickMs: 250, tls });
  });
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });
  after(async () => {
    await servers?.stop();
    rmSync(directory, { recursive: true });
  });

  function session(shown: ZooKeeperTls, timeoutMs = 3000): ZooKeeper {
    const [port] = servers.securePorts as [number];
    const made = new ZooKeeper({ servers: [{ host: '127.0.0.1', port }], timeoutMs, tls: () => shown });
    open.push(made);
    return made;
  }

  it('speaks TLS with whom its authority knows, and says why it does not', async () => {
    const own = {
      authority: readFileSync(tls.authority),
      ...{ certificate: readFileSync(tls.certificate), key: readFileSync(tls.key) },
    };
    const secure = session(own);
    await secure.create('/secure', Buffer.from('x'));
    assert.equal(String((await session(own).get('/secure')).data), 'x');
    const other = new Authority(directory, 'other').certificate;
    const { certificate: _, key: __, ...without } = own;
    for (const [wrong, cause] of [
      [{ ...own, authority: other }, /certificate/],
      [without, /certificate|closed the connection|ECONNRESET|alert/],
    ] as const) {
      const refused = session(wrong, 1000);
      await until('the cause is told', 3000, async () => cause.test(refused.lossCause ?? ''));
      assert.equal(refused.sessionId, null);
    }
  });

  it('so does the framework with its store, and "gaia backup"', async () => {
    const place = `zk://127.0.0.1:${servers.securePorts[0]}/gaia`;
    const given = ['--zk-ca', tls.authority, '--zk-certificate', tls.certificate, '--zk-key', tls.key];
    const framework = await new FrameworkProcess(['--master', 'm:1', '--store', place, ...given]).ready();
    try {
      await until('it leads', 10_000, async () => (await fetch(`${framework.url}/v2/leader`)).status === 200);
      const ran = await runCli(['backup', join(directory, 'backup'), '--store', place, ...given]);
      assert.equal(ran.status, 0, ran.stderr);
    } finally {
      framework.process.kill('SIGKILL');
    }
  });
});
