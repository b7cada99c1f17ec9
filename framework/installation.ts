import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where this copy of GAIA is installed, and which it is: the nearest package.json above the compiled code. */
export const installation: { root: string; version: string } = find(dirname(fileURLToPath(import.meta.url)));

function find(directory: string): { root: string; version: string } {
  const found = readPackage(join(directory, 'package.json'));
  if (found?.name === 'gaia') return { root: directory, version: found.version };
  const parent = dirname(directory);
  if (parent === directory) throw new Error('No package.json of gaia above the running code: install GAIA again');
  return find(parent);
}

function readPackage(file: string): { name?: string; version: string } | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
