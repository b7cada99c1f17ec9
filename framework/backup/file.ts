/**
 * A backup: one file of JSON lines. The first says what it is, then there is one line per record, `[key, value]`; the last has the
 * SHA-256 of all bytes before it, so that a file that was cut off or changed is told from a whole one.
 */
import { createHash } from 'node:crypto';
import { schemaVersion } from '../store/store.js';

export type Entry = [key: string, value: object];

export interface Backup {
  /** ISO 8601. */
  at: string;
  entries: Entry[];
}

/** Of the first line and the last; anything may be missing. */
interface Fields {
  gaia?: unknown;
  version?: unknown;
  schema?: unknown;
  at?: string;
  sha256?: unknown;
}

/** Of the file; `schema` is the records'. */
const formatVersion = 1;

/** Cannot be restored; the message says why. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

export function formatBackup({ at, entries }: Backup): string {
  const head = { gaia: 'backup', version: formatVersion, schema: schemaVersion, at, records: entries.length };
  const body = [head, ...entries].map((line) => `${JSON.stringify(line)}\n`).join('');
  return `${body}${JSON.stringify({ sha256: sha256(body) })}\n`;
}

/** @throws BackupError */
export function parseBackup(text: string): Backup {
  const head = json(text.slice(0, Math.max(0, text.indexOf('\n'))));
  if (head?.gaia !== 'backup') throw new BackupError('it is no backup of gaia');
  if (head.version !== formatVersion)
    throw new BackupError(`it has version ${head.version} of the format, this program reads version ${formatVersion}`);
  if (head.schema !== schemaVersion)
    throw new BackupError(
      `its records have schema version ${head.schema}, this program reads version ${schemaVersion}`,
    );
  const lines = text.trimEnd().split('\n');
  const last = lines.pop() as string;
  const expected = json(last)?.sha256;
  if (typeof expected !== 'string') throw new BackupError('its end is missing');
  if (sha256(text.slice(0, text.length - last.length - 1)) !== expected || !text.endsWith(`${last}\n`))
    throw new BackupError('its checksum is wrong: it has been changed since it was written');
  return { at: head.at ?? '', entries: lines.slice(1).map((line) => JSON.parse(line)) };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function json(line: string): Fields | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
