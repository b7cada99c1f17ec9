/** Clusters that a user has given names: `$XDG_CONFIG_HOME/gaia/contexts.yaml`. */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { EXIT, Failure } from '../failure.js';
import { makeOwnDirectory } from '../own-directory.js';
import { readPrivate } from '../private-file.js';

/** How a cluster is reached. What is secret stands in files, which are named here. */
export interface Context {
  /** Several with commas: the first that can be reached. */
  api: string;
  /** Has `name:password` or a token in it. */
  credentials?: string;
  ca?: string;
  certificate?: string;
  key?: string;
}

export interface Contexts {
  /** Used when nothing else is said. */
  current?: string;
  contexts: Record<string, Context>;
}

export const contextFields = ['api', 'credentials', 'ca', 'certificate', 'key'] as const;

export function contextsFile(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'gaia', 'contexts.yaml');
}

/** None, if there is no such file. */
export function readContexts(file: string): Contexts {
  if (!existsSync(file)) return { contexts: {} };
  return contextsIn(readPrivate('The file of contexts', file).toString('utf8'), file);
}

const directoryNeeds = {
  what: "The contexts' directory",
  remedy: 'Name the one above it with XDG_CONFIG_HOME, or make room there.',
  bytesMin: 0,
};

/** All of it or nothing; for its owner only. */
export function writeContexts(file: string, contexts: Contexts): void {
  makeOwnDirectory(dirname(file), directoryNeeds);
  const half = `${file}.${process.pid}.part`;
  writeFileSync(half, stringify(contexts), { mode: 0o600 });
  renameSync(half, file);
}

/** @throws Failure that names what is wrong */
export function contextsIn(text: string, file: string): Contexts {
  const wrong = (what: string) =>
    new Failure(EXIT.usage, `${file}: ${what}`, 'Correct it, or remove the file and set the contexts again.');
  let read: unknown;
  try {
    read = parse(text) ?? {};
  } catch (error) {
    throw wrong((error as Error).message);
  }
  const { current, contexts = {}, ...more } = read as Partial<Contexts>;
  if (typeof read !== 'object' || !isMap(contexts)) throw wrong('it is no map with "contexts"');
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) throw wrong(`"${unknown}" is unknown; use "current" and "contexts"`);
  if (current !== undefined && typeof current !== 'string') throw wrong('"current" is no name');
  for (const [name, context] of Object.entries(contexts)) {
    const fault = faultOf(context);
    if (fault !== null) throw wrong(`context "${name}": ${fault}`);
  }
  return { ...(current !== undefined && { current }), contexts };
}

const isMap = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

function faultOf(context: unknown): string | null {
  if (!isMap(context)) return 'it is no map';
  const fields = Object.entries(context);
  for (const [field, value] of fields) {
    if (!contextFields.some((known) => known === field))
      return `"${field}" is unknown; use ${contextFields.join(', ')}`;
    if (typeof value !== 'string' || value === '') return `${field} is ${JSON.stringify(value)}; use a text`;
  }
  return 'api' in context ? null : 'it has no api';
}
