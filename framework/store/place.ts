/** Where a store is: a directory, or `zk://host:port,host:port/path`; for whoever is no scheduler. */
import { readFile } from 'node:fs/promises';
import {
  inOrder,
  isZooKeeperUrl,
  parseZooKeeperUrl,
  type SessionOptions,
  ZooKeeper,
  type ZooKeeperError,
} from '../zookeeper/index.js';
import { openLmdbStore, readLmdbStore } from './lmdb.js';
import { type Store, StoreError } from './store.js';
import { openZooKeeperStore } from './zookeeper.js';
import { readZooKeeperStore } from './zookeeper-reading.js';

export const candidates = { folder: 'schedulers', prefix: 'candidate_' } as const;
export const stateFolder = 'state';

const sessionTimeoutMs = 10_000;

/** How a store in ZooKeeper is reached. */
export type ZooKeeperAccess = Pick<SessionOptions, 'user' | 'tls'>;

/** `name:password` in a file, which is no place for anything else. @throws StoreError */
export async function userIn(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new StoreError(`--zk-user-file ${file} cannot be read: ${error.message}`);
  });
  if (!/^[^:\s]+:\S+\s*$/.test(text))
    throw new StoreError(`--zk-user-file ${file}: put name:password into it, in one line`);
  return text.trim();
}

/** What a store holds, while a scheduler may hold it. @throws StoreError */
export async function readStore(place: string, access: ZooKeeperAccess = {}): Promise<[key: string, value: object][]> {
  if (!isZooKeeperUrl(place)) return readLmdbStore(place);
  return withSession(place, access, (zooKeeper, path) => readZooKeeperStore(zooKeeper, `${path}/${stateFolder}`));
}

/** Opens a store that no scheduler uses, for as long as `use` takes. @throws StoreError if one does */
export async function withStore<T>(
  place: string,
  access: ZooKeeperAccess,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  if (!isZooKeeperUrl(place)) return closing(await openLmdbStore(place), use);
  return withSession(place, access, async (zooKeeper, path) => {
    await refuseSchedulers(zooKeeper, path, place);
    return closing(await openZooKeeperStore(zooKeeper, `${path}/${stateFolder}`), use);
  });
}

async function closing<T>(store: Store, use: (store: Store) => Promise<T>): Promise<T> {
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

async function withSession<T>(
  place: string,
  access: ZooKeeperAccess,
  use: (zooKeeper: ZooKeeper, path: string) => Promise<T>,
): Promise<T> {
  const { servers, path } = parseZooKeeperUrl(place);
  const zooKeeper = new ZooKeeper({ servers, timeoutMs: sessionTimeoutMs, ...access });
  const late = setTimeout(() => zooKeeper.close(), sessionTimeoutMs);
  try {
    await zooKeeper.started().catch(() => {
      throw new StoreError(
        `--store ${place}: no ZooKeeper server answers (${zooKeeper.lossCause ?? 'it was silent'}); are they running, and is the address right?`,
      );
    });
    clearTimeout(late);
    return await use(zooKeeper, path);
  } finally {
    clearTimeout(late);
    zooKeeper.close();
  }
}

async function refuseSchedulers(zooKeeper: ZooKeeper, path: string, place: string): Promise<void> {
  const names = await zooKeeper.children(`${path}/${candidates.folder}`).catch((error: ZooKeeperError) => {
    if (error.code === 'noNode') return [];
    throw error;
  });
  const count = inOrder(names, candidates.prefix).length;
  if (count > 0)
    throw new StoreError(
      `--store ${place}: ${count} schedulers use this store; stop them first, and wait for their sessions to end`,
    );
}
