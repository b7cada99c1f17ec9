/**
 * One process per store directory. The lock is an abstract Unix socket named after the directory's device and inode:
 * the kernel gives it up with its process, however that ends, so no stale lock can be left behind. Whoever finds it
 * taken connects and is told the holder's pid. Abstract names are per network namespace: processes in different
 * namespaces do not see each other's locks.
 */
import { stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { StoreError } from './store.js';

const answerTimeoutMs = 1000;
const answerCharsMax = 32;

export interface DirectoryLock {
  release(): Promise<void>;
}

/** @throws StoreError with the holder's pid if another process holds the directory */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const path = `\0gaia-store-${dev}-${ino}`;
  const server = createServer((socket) => socket.on('error', () => socket.destroy()).end(String(process.pid)));
  try {
    await listen(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new StoreError(
      `--store ${directory}: process ${await holderOf(path)} uses this store; a store belongs to one framework at a time. ` +
        'Stop that process, or name another directory',
    );
  }
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function holderOf(path: string): Promise<string> {
  return new Promise((resolve) => {
    let pid = '';
    const socket = connect(path);
    const done = () => {
      socket.destroy();
      resolve(/^\d+$/.test(pid) ? pid : 'of unknown id');
    };
    socket.setTimeout(answerTimeoutMs, done);
    socket.on('data', (bytes) => {
      pid = (pid + bytes.toString()).slice(0, answerCharsMax);
    });
    socket.on('end', done).on('error', done);
  });
}
