/** Secrets from files: what an app calls `db/password` is in the file of that name below one directory. */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Secrets } from './scheduler/context.js';

/** Linux gives a program no variable of 128 KiB or more (MAX_ARG_STRLEN). */
export const secretBytesMax = 120 * 1024;

/** Throws if there is no such directory. A file is read whenever a task is launched, so that a changed one counts at once. */
export function openSecrets(directory: string): Secrets {
  const root = realpathSync(directory);
  return {
    read(source) {
      try {
        return { value: valueIn(root, source) };
      } catch (error) {
        return { problem: problemOf(error as NodeJS.ErrnoException, join(directory, source)) };
      }
    },
  };
}

function valueIn(root: string, source: string): string {
  // What a link leads to may lie in another folder of the directory, as mounted secrets do, and nowhere else.
  const path = realpathSync(join(root, source));
  if (!path.startsWith(root + sep)) throw new Error('it lies outside of the secrets directory');
  const text = readBounded(path);
  if (text.includes('\0')) throw new Error('it has a NUL character, which no variable can have');
  return text.replace(/\r?\n$/, '');
}

function readBounded(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(file);
    if (!fstatSync(file).isFile()) throw new Error('it is no file');
    if (size > secretBytesMax) throw new Error(`it has ${size} bytes; use at most ${secretBytesMax}`);
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(file, bytes, 0, size, 0)).toString('utf8');
  } finally {
    closeSync(file);
  }
}

function problemOf(error: NodeJS.ErrnoException, path: string): string {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return `there is no file ${path}: make it`;
  if (error.code === 'EACCES') return `${path} cannot be read by the framework's user: allow it`;
  return `${path} cannot be used: ${error.message}`;
}
