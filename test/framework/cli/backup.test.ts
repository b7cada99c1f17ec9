/** `gaia backup` and `gaia restore` with the embedded store, which a framework may hold. */
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbStore } from '../../../framework/store/lmdb.js';
import { readStore } from '../../../framework/store/place.js';
import { type Ran, runCli } from '../../e2e/system.js';

const records = [
  { key: 'app:/x', value: { id: '/x', group: null } },
  { key: 'task:1', value: { id: '1' } },
];

describe('gaia backup and restore', function () {
  this.timeout(30_000);
  let directory: string;
  const at = (name: string) => join(directory, name);
  const backUp = (file: string, store: string) => runCli(['backup', at(file), '--store', at(store), '--json']);
  const restore = (file: string, store: string, ...more: string[]) =>
    runCli(['restore', at(file), '--store', at(store), '--json', ...more]);
  const entries = async (store: string) => (await readStore(at(store))).map(([key, value]) => ({ key, value }));
  const fails = (ran: Ran, status: number, cause: RegExp) => {
    assert.equal(ran.status, status, ran.stderr);
    assert.match(ran.stderr, cause);
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gaia-backup-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it('copies a store that is in use into a file of its owner only, and from there into another store', async () => {
    const store = await openLmdbStore(at('store'));
    await store.write(records);
    const ran = await backUp('file', 'store');
    assert.equal(ran.status, 0, ran.stderr);
    assert.equal(JSON.parse(ran.stdout).records, 2);
    assert.equal((await stat(at('file'))).mode & 0o077, 0);
    await store.write([{ key: 'task:2', value: {} }]);
    await store.close();
    assert.equal((await restore('file', 'other')).status, 0);
    assert.deepEqual(await entries('other'), records);
    assert.deepEqual((await readdir(directory)).sort(), ['file', 'other', 'store']);
  });

  it('does not write over another file', async () => {
    fails(await backUp('file', 'store'), 2, /file exists/);
    assert.equal((await restore('file', 'again')).status, 0, 'it is as it was');
  });

  it('replaces what is in a store only if told to', async () => {
    fails(await restore('file', 'store'), 4, /is not empty: it has 3 records/);
    assert.equal((await entries('store')).length, 3);
    assert.equal((await restore('file', 'store', '--force')).status, 0);
    assert.deepEqual(await entries('store'), records);
  });

  it('refuses a store in use, a damaged file, and a store that is none', async () => {
    const store = await openLmdbStore(at('held'));
    fails(await restore('file', 'held', '--force'), 4, new RegExp(`process ${process.pid} uses this store`));
    await store.close();
    await writeFile(at('damaged'), '{"gaia":"backup","version":1,"schema":1,"at":"","records":0}\n');
    await appendFile(at('damaged'), '{"sha256":"00"}\n');
    fails(await restore('damaged', 'new'), 4, /its checksum is wrong/);
    fails(await backUp('new file', 'none'), 4, /there is no store of gaia in it/);
    assert.ok(!(await readdir(directory)).includes('new file'));
  });
});
