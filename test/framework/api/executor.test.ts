import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { openArchive } from '../../../framework/executor-archive/archive.js';
import { installation } from '../../../framework/installation.js';
import { Seat } from '../../../framework/seat.js';
import { api, buildOver, buildWith, call, freshApi } from './harness.js';

const sha256 = 'ab'.repeat(32);
const url = `/v1/executor/${sha256}.tar.gz`;
const archive = (read = (): Readable => Readable.from([Buffer.from('bytes')])) => ({ sha256, bytes: 5, read });

describe('the archive of the executor over the API', () => {
  freshApi();

  it('is given to whoever asks, under its hash, with its length beforehand', async () => {
    await api.close();
    buildWith({ executorArchive: archive(), users: () => [] });
    const { status, body, headers } = await call('GET', url);
    assert.deepEqual([status, body, headers['content-length']], [200, 'bytes', '5']);
    const head = await call('HEAD', url);
    assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '5']);
    assert.equal((await call('GET', '/v2/info')).status, 401);
  });

  it('is no other, and none where the framework has none', async () => {
    assert.match((await call('GET', url)).body.remedy, /start it with --executor-archive FILE/);
    await api.close();
    buildWith({ executorArchive: archive() });
    const other = await call('GET', `/v1/executor/${'cd'.repeat(32)}.tar.gz`);
    assert.deepEqual([other.status, other.body.remedy], [404, `It has ${sha256}.tar.gz.`]);
  });

  it('is what the framework says that it serves', async () => {
    const told = async () => {
      const metrics = String((await call('GET', '/metrics')).body);
      const labels = /^gaia_info\{(.*)\} 1$/m.exec(metrics)?.[1];
      return [(await call('GET', '/v2/info')).body.executorArchive, labels];
    };
    const version = `version="${installation.version}"`;
    assert.deepEqual(await told(), [null, `${version},executor_archive=""`]);
    await api.close();
    buildWith({ executorArchive: archive() });
    assert.deepEqual(await told(), [sha256, `${version},executor_archive="${sha256}"`]);
  });

  it('is given by schedulers that do not lead', async () => {
    await api.close();
    const leadership = { leading: false, leader: null, zooKeeper: null, abdicate: () => false };
    buildOver(new Seat(), { executorArchive: archive(), leadership });
    assert.equal((await call('GET', url)).body, 'bytes');
  });

  it('is given again and again, also after clients that have gone away', async () => {
    await api.close();
    const file = join(mkdtempSync(join(tmpdir(), 'gaia-served-')), 'archive');
    writeFileSync(file, Buffer.alloc(4 * 2 ** 20));
    const served = await openArchive(file);
    try {
      buildWith({ executorArchive: served });
      const at = `${await api.listen({ host: '127.0.0.1', port: 0 })}/v1/executor/${served.sha256}.tar.gz`;
      for (let i = 0; i < 120; i++) {
        const gone = new AbortController();
        const answer = await fetch(at, { signal: gone.signal });
        assert.equal(answer.status, 200, `download ${i}`);
        if (i % 2 === 0) assert.equal((await answer.arrayBuffer()).byteLength, served.bytes);
        else gone.abort();
      }
    } finally {
      await api.close();
      await served.close();
      rmSync(dirname(file), { recursive: true });
    }
  });

  it('is given to a hundred at a time, and again when one of them is through', async () => {
    await api.close();
    const open: Readable[] = [];
    const slow = () => {
      open.push(new Readable({ read: () => undefined }));
      return open.at(-1) as Readable;
    };
    buildWith({ executorArchive: archive(slow) });
    const answers = Array.from({ length: 100 }, () => call('GET', url).catch(() => null));
    while (open.length < 100) await new Promise(setImmediate);
    const busy = await call('GET', url);
    assert.deepEqual([busy.status, busy.headers['retry-after']], [503, '10']);
    for (const body of open) body.push('bytes') && body.push(null);
    assert.equal((await answers[0])?.status, 200);
    await Promise.all(answers);
    const again = call('GET', url);
    while (open.length < 101) await new Promise(setImmediate);
    open[100]?.push('bytes');
    open[100]?.push(null);
    assert.equal((await again).status, 200);
  });
});
