/** The embedded store: one directory, an LMDB environment in it, every batch one transaction, flushed to the disk. */
import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type { Change } from '../scheduler/state.js';
import { type DirectoryLock, lockDirectory } from './lock.js';
import { type Store, StoreError, schemaRefusal, schemaVersion } from './store.js';

const schemaKey = 'schema:version';
/** Address space that is reserved, not disk that is used. */
const mapBytesMax = 4 * 1024 ** 3;
/** For who writes and who reads. */
const form = { noSubdir: true, encoding: 'json', mapSize: mapBytesMax } as const;
const fileIn = (directory: string): string => join(directory, 'state.mdb');

/**
 * Opens the store in `directory`, which is made if it is missing.
 * @throws StoreError if another process holds it, or another version of GAIA wrote it, or it cannot be opened
 */
export async function openLmdbStore(directory: string): Promise<Store> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: Error) => {
    throw new StoreError(
      `--store ${directory}: the directory cannot be made (${error.message}); name one that can be written`,
    );
  });
  const lock = await lockDirectory(directory);
  try {
    return await LmdbStore.open(directory, lock);
  } catch (error) {
    await lock.release();
    throw error instanceof StoreError
      ? error
      : new StoreError(`--store ${directory}: cannot be opened (${(error as Error).message})`);
  }
}

/** What is in the store of `directory` at one moment, while another process may write. @throws StoreError */
export async function readLmdbStore(directory: string): Promise<[key: string, value: object][]> {
  const path = fileIn(directory);
  if (!existsSync(path)) throw new StoreError(`--store ${directory}: there is no store of gaia in it`);
  const database = open<object, string>({ ...form, path, readOnly: true });
  try {
    refuseOtherSchema(directory, database);
    return recordsOf(database);
  } finally {
    await database.close();
  }
}

function recordsOf(database: RootDatabase<object, string>): [key: string, value: object][] {
  const all = [...database.getRange()].map(({ key, value }): [string, object] => [key, value]);
  return all.filter(([key]) => key !== schemaKey);
}

/** Gives back whether there is a schema at all. */
function refuseOtherSchema(directory: string, database: RootDatabase<object, string>): boolean {
  const found = (database.get(schemaKey) as { version?: unknown } | undefined)?.version;
  if (found === undefined) return false;
  const refusal = schemaRefusal(found);
  if (refusal !== null) throw new StoreError(`--store ${directory}: ${refusal}`);
  return true;
}

class LmdbStore implements Store {
  readonly #database: RootDatabase<object, string>;
  readonly #lock: DirectoryLock;

  private constructor(database: RootDatabase<object, string>, lock: DirectoryLock) {
    this.#database = database;
    this.#lock = lock;
  }

  static async open(directory: string, lock: DirectoryLock): Promise<LmdbStore> {
    const path = fileIn(directory);
    // overlappingSync would resolve writes before they are on the disk.
    const database = open<object, string>({ ...form, path, overlappingSync: false });
    // The records hold the groups' secrets.
    await chmod(path, 0o600);
    try {
      if (!refuseOtherSchema(directory, database)) await database.put(schemaKey, { version: schemaVersion });
    } catch (error) {
      await database.close();
      throw error;
    }
    return new LmdbStore(database, lock);
  }

  entries(): [key: string, value: object][] {
    return recordsOf(this.#database);
  }

  async write(changes: Change[]): Promise<void> {
    await this.#database.transaction(() => {
      for (const { key, value } of changes) {
        if (value === null) this.#database.remove(key);
        else this.#database.put(key, value);
      }
    });
    await this.#database.flushed;
  }

  async close(): Promise<void> {
    await this.#database.close();
    await this.#lock.release();
  }
}
