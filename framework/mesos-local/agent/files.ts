import { closeSync, fstatSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { Refusal } from '../http-call.js';

/** Reading of sandboxes over HTTP (`/files/read`, `/files/browse`, READ_FILE): nothing outside of them, links followed or not. */

/** Where they are, and whose. */
export interface Sandboxes {
  root: string;
  agentId: string;
}

const READ_BYTES_DEFAULT = 64 * 1024;
const READ_BYTES_MAX = 1024 * 1024;

/** Mesos also knows the newest sandbox of an executor as `/frameworks/ID/executors/ID/runs/latest`, whatever its work directory. */
function checkedPath({ root, agentId }: Sandboxes, path: string | null): string {
  if (!path) throw new Refusal(400, "Expecting 'path=value' in query.\n");
  let real: string;
  try {
    real = realpathSync(path.startsWith('/frameworks/') ? join(root, agentId, path) : path);
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

/** @param query `path`, `offset` (-1: only tell the size) and `length` in bytes */
export function readFilePage(sandboxes: Sandboxes, query: URLSearchParams): { data: string; offset: number } {
  const path = checkedPath(sandboxes, query.get('path'));
  const offset = integer(query, 'offset', -1);
  const length = integer(query, 'length', READ_BYTES_DEFAULT);
  if (offset < -1) throw new Refusal(400, `Negative offset provided: ${offset}.\n`);
  if (length < -1) throw new Refusal(400, `Negative length provided: ${length}.\n`);
  const { size, data } = readPart(path, Math.max(0, offset), offset === -1 ? 0 : length);
  return offset === -1 ? { data: '', offset: size } : { data: data.toString(), offset };
}

/** READ_FILE of the operator API. @param length left out: to the end of the file */
export function readFileBytes(
  sandboxes: Sandboxes,
  path: string,
  offset: number,
  length = -1,
): { size: number; data: string } {
  const { size, data } = readPart(checkedPath(sandboxes, path), offset, length);
  return { size, data: data.toString('base64') };
}

/** @param length -1: all that is read at a time */
function readPart(path: string, offset: number, length: number): { size: number; data: Buffer } {
  if (!statSync(path).isFile()) throw new Refusal(400, `'${path}' is not a file.\n`);
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const wanted = length === -1 ? READ_BYTES_MAX : Math.min(length, READ_BYTES_MAX);
    const buffer = Buffer.alloc(Math.max(0, Math.min(wanted, size - offset)));
    const bytes = readSync(descriptor, buffer, 0, buffer.length, offset);
    return { size, data: buffer.subarray(0, bytes) };
  } finally {
    closeSync(descriptor);
  }
}

export function browsePage(sandboxes: Sandboxes, query: URLSearchParams): object[] {
  const path = checkedPath(sandboxes, query.get('path'));
  if (!statSync(path).isDirectory()) throw new Refusal(404, '404 Not Found.');
  return readdirSync(path).map((name) => {
    const full = join(path, name);
    const stat = statSync(full, { throwIfNoEntry: false });
    return { path: full, size: stat?.size ?? 0, mtime: (stat?.mtimeMs ?? 0) / 1000, nlink: stat?.nlink ?? 0 };
  });
}
