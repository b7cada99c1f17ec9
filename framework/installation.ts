import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where this copy of GAIA is installed, and which it is: the nearest package.json above the compiled code. */
export const installation: { root: string; version: string } = find(dirname(fileURLToPath(import.meta.url)));

/** Packages do not have it. */
const isClone = existsSync(join(installation.root, 'tsconfig.json'));

/** Where the programs of this copy write what is theirs: in a clone, so that it is by itself; of a package, at home. */
export const writable = {
  /** Of the local cluster. */
  cluster: isClone ? join(installation.root, '.gaia') : homeOf('XDG_STATE_HOME', '.local/state'),
  /** What can be made again: images of guests, fetched packages, archives. */
  made: isClone ? join(installation.root, 'build') : homeOf('XDG_CACHE_HOME', '.cache'),
};

/** As the XDG Base Directory Specification says: a relative path does not count. */
function homeOf(variable: string, usual: string): string {
  const given = process.env[variable];
  return join(given?.startsWith('/') ? given : join(homedir(), usual), 'gaia');
}

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
