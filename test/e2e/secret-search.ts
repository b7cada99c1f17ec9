/** Which files have a secret in them, in whichever form it was written. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** As Base64 of a longer text has it, whatever stands around it: by its place, one of three. */
function encoded(bytes: Buffer): Buffer[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // Characters that have bits of neighbours are left out.
    return Buffer.from(text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6)));
  });
}

/** Keys are told in hexadecimal; strings of JavaScript may have two bytes a character. */
function formsOf(secret: string): Buffer[] {
  const isKey = /^([0-9a-f]{2}){16,}$/.test(secret);
  const plain = [Buffer.from(secret), ...(isKey ? [Buffer.from(secret, 'hex')] : [])];
  return [...plain, ...plain.flatMap(encoded), Buffer.from(secret, 'utf16le')];
}

export const hasSecret = (bytes: Buffer, secret: string): boolean =>
  formsOf(secret).some((form) => bytes.includes(form));

/** Regular files, with their paths below `directory`. Those that are about to replace others (`.new`) may be gone at once. */
export function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.new'))
    .map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => path.slice(directory.length + 1));
}

/** For each of the secrets the files that have it. */
export function filesWith(directory: string, secrets: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>(secrets.map((secret) => [secret, []]));
  for (const file of filesBelow(directory)) {
    const bytes = readFileSync(join(directory, file));
    for (const secret of secrets) if (hasSecret(bytes, secret)) found.get(secret)?.push(file);
  }
  return found;
}
