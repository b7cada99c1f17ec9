import { closeSync, fstatSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { Refusal } from '../http-call.js';

/** Reading of sandboxes over HTTP (`/files/read`, `/files/browse`): nothing outside of them, links followed or not. */

const READ_BYTES_DEFAULT = 64 * 1024;
export const READ_BYTES_MAX = 1024 * 1024;

function checkedPath(root: string, path: string | null): string {
  if (!path) throw new Refusal(400, "Expecting 'path=value' in query.\n");
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    throw new Refusal(404, '404 Not Found.');
  }
  if (!real.startsWith(realpathSync(root) + sep)) throw new Refusal(404, '404 Not Found.');
  return real;
}

function integer(query: URLSearchParams, name: string, absent: number): number {
  const text = query.get(name);
  if (text === null || text === '') return absent;
  if (!/^-?\d+$/.test(text)) throw new Refusal(400, `Failed to parse ${name}: '${text}' is not a number.\n`);
  return Number(text);
}

/**
 * @param root folder of the sandboxes
 * @param query `path`, `offset` (-1: only tell the size) and `length` in bytes
 */
export function readFilePage(root: string, query: URLSearchParams): { data: string; offset: number } {
  const path = checkedPath(root, query.get('path'));
  const offset = integer(query, 'offset', -1);
  const length = integer(query, 'length', READ_BYTES_DEFAULT);
  if (offset < -1) throw new Refusal(400, `Negative offset provided: ${offset}.\n`);
  if (length < -1) throw new Refusal(400, `Negative length provided: ${length}.\n`);
  if (!statSync(path).isFile()) throw new Refusal(400, `'${path}' is not a file.\n`);
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (offset === -1) return { data: '', offset: size };
    const wanted = length === -1 ? READ_BYTES_MAX : Math.min(length, READ_BYTES_MAX);
    const buffer = Buffer.alloc(Math.max(0, Math.min(wanted, size - offset)));
    const bytes = readSync(descriptor, buffer, 0, buffer.length, offset);
    return { data: buffer.toString('utf8', 0, bytes), offset };
  } finally {
    closeSync(descriptor);
  }
}

export function browsePage(root: string, query: URLSearchParams): object[] {
  const path = checkedPath(root, query.get('path'));
  if (!statSync(path).isDirectory()) throw new Refusal(404, '404 Not Found.');
  return readdirSync(path).map((name) => {
    const full = join(path, name);
    const stat = statSync(full, { throwIfNoEntry: false });
    return { path: full, size: stat?.size ?? 0, mtime: (stat?.mtimeMs ?? 0) / 1000, nlink: stat?.nlink ?? 0 };
  });
}
