import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { open } from 'lmdb';
import { openLmdbStore } from '../../../framework/store/lmdb.js';
import { StoreError } from '../../../framework/store/store.js';

const library = new URL('../../../framework/store/lmdb.js', import.meta.url).href;

/** Writes pairs of records until it is killed, and says after each write how far it is. */
const writer = (directory: string) => `
  const { openLmdbStore } = await import(${JSON.stringify(library)});
  const store = await openLmdbStore(${JSON.stringify(directory)});
  for (let n = 1; ; n++) {
    await store.write([{ key: 'a:x', value: { n } }, { key: 'b:x', value: { n } }]);
    console.log(n);
  }`;

describe('store: LMDB in one directory', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gaia-store-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('makes its directory and keeps its file to its owner', async () => {
    const inner = join(directory, 'a/b');
    const store = await openLmdbStore(inner);
    assert.equal((await stat(join(inner, 'state.mdb'))).mode & 0o077, 0);
    await store.close();
  });

  it('refuses a second instance at once, with the pid of the first', async () => {
    const store = await openLmdbStore(directory);
    await assert.rejects(openLmdbStore(directory), (error: Error) => {
      assert.ok(error instanceof StoreError);
      return error.message.includes(`process ${process.pid} uses this store`) && error.message.includes(directory);
    });
    await store.close();
    await (await openLmdbStore(directory)).close();
  });

  it('survives kill -9 in mid-write: batches are whole, acknowledged ones are there, no lock is left', async function () {
    this.timeout(15_000);
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer(directory)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === 20) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    assert.ok(acknowledged >= 20);
    const store = await openLmdbStore(directory);
    const [a, b] = store.entries().map(([, value]) => (value as { n: number }).n);
    assert.equal(a, b);
    assert.ok((a ?? 0) >= acknowledged, `${a} is less than ${acknowledged}`);
    await store.close();
  });

  it('refuses records of a later schema version, names both, and says what to do', async () => {
    await (await openLmdbStore(directory)).close();
    const raw = open<object, string>({ path: join(directory, 'state.mdb'), noSubdir: true, encoding: 'json' });
    await raw.put('schema:version', { version: 99 });
    await raw.close();
    await assert.rejects(
      openLmdbStore(directory),
      /schema version 99, this program reads version 1; a later GAIA than \S+ wrote them: use that one, or restore a backup/,
    );
  });

  it('says what is wrong with a directory that cannot be made', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await assert.rejects(openLmdbStore(join(file, 'store')), /--store .*\/file\/store: the directory cannot be made/);
  });
});
