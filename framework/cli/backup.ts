import { open, readFile, rename, rm } from 'node:fs/promises';
import { filesOf, readClientTls } from '../access/tls.js';
import { BackupError, type Entry, formatBackup, parseBackup } from '../backup/file.js';
import { memberNumbersSkipped, restored } from '../backup/restored.js';
import { readStore, userIn, withStore, type ZooKeeperAccess } from '../store/place.js';
import { type Store, StoreError } from '../store/store.js';
import { EXIT, Failure } from './failure.js';
import { fileFault } from './file-fault.js';
import type { Output } from './output.js';

export interface StoreOptions {
  store: string;
  zkUserFile?: string;
  zkCa?: string;
  zkCertificate?: string;
  zkKey?: string;
}

/** `gaia backup`: the framework may run meanwhile. The file has secrets in it and is its owner's only. */
export async function backUp(output: Output, file: string, options: StoreOptions): Promise<void> {
  const { store } = options;
  const entries = await ofStore(async () => readStore(store, await accessOf(options)));
  const at = new Date().toISOString();
  const text = formatBackup({ at, entries });
  await writeNew(file, text);
  output.line(`${told(entries)} of ${at} are in ${file}. It holds secrets of groups: keep it as you keep passwords.`);
  output.result({ file, at, records: entries.length, bytes: Buffer.byteLength(text) });
}

/** `gaia restore`: no framework may use the store. */
export async function restore(
  output: Output,
  file: string,
  options: StoreOptions & { force?: boolean },
): Promise<void> {
  const { store, force = false } = options;
  const { at, entries } = await readBackup(file);
  await ofStore(async () => withStore(store, await accessOf(options), (into) => replace(into, store, entries, force)));
  output.line(`${told(entries)} of ${at} are in ${store}. Start the framework on it.`);
  output.line('Tasks that were started since are not known: they are ended when their agents name them.');
  output.result({ store, at, records: entries.length, memberNumbersSkipped });
}

/** @throws StoreError about a file that is of no use */
async function accessOf({ zkUserFile, zkCa, zkCertificate, zkKey }: StoreOptions): Promise<ZooKeeperAccess> {
  const files = { ca: zkCa, certificate: zkCertificate, key: zkKey };
  const user = await userIn(zkUserFile);
  const tls = await readClientTls({ name: 'zk', ...files }).catch((error: Error) => {
    throw new StoreError(error.message);
  });
  return { ...(user !== undefined && { user }), ...(filesOf(files).length > 0 && { tls: () => tls }) };
}

async function replace(into: Store, place: string, entries: Entry[], force: boolean): Promise<void> {
  const present = into.entries().map(([key]) => key);
  if (present.length > 0 && !force) {
    throw new Failure(
      EXIT.refused,
      `--store ${place} is not empty: it has ${present.length} records`,
      'Restore into another one; or make a backup of this one, then use --force: what is in it is replaced.',
    );
  }
  const removals = present.map((key) => ({ key, value: null }));
  await into.write([...removals, ...restored(entries).map(([key, value]) => ({ key, value }))]);
}

const told = (entries: Entry[]): string => {
  const apps = entries.filter(([key]) => key.startsWith('app:')).length;
  return `${entries.length} records (${apps} ${apps === 1 ? 'app' : 'apps'})`;
};

async function readBackup(file: string): Promise<{ at: string; entries: Entry[] }> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new Failure(
      EXIT.usage,
      `${file} cannot be read: ${error.message}`,
      'Name a file that "gaia backup" has written.',
    );
  });
  try {
    return parseBackup(text);
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    throw new Failure(EXIT.refused, `${file}: ${error.message}`, 'Take another backup.');
  }
}

/** All of it or nothing, and never over another file. */
async function writeNew(file: string, text: string): Promise<void> {
  const claimed = await open(file, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const what = error.code === 'EEXIST' ? `${file} exists` : `${file} cannot be written: ${fileFault(error)}`;
    throw new Failure(EXIT.usage, what, 'Name another file.');
  });
  await claimed.close();
  const half = `${file}.part`;
  try {
    const handle = await open(half, 'w', 0o600);
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
    await rename(half, file);
  } catch (error) {
    await Promise.all([rm(half, { force: true }), rm(file, { force: true })]);
    throw new Failure(
      EXIT.failed,
      `${file} cannot be written: ${fileFault(error)}`,
      'Make room, or name another file.',
    );
  }
}

async function ofStore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new Failure(EXIT.refused, error.message, 'Nothing has been changed.');
  }
}
