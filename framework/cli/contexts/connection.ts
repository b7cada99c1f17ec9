/** Which API a command speaks to, and as whom. Pure. */
import { EXIT, Failure } from '../failure.js';
import { remedyFor } from '../near.js';
import { type Context, type Contexts, contextFields } from './file.js';

/** Names what `gaia up` has started on this machine; no context can have this name. */
export const localName = 'local';

type Fields = Partial<Context>;

export interface Sources {
  flags: Fields & { context?: string };
  env: NodeJS.ProcessEnv;
  contexts: () => Contexts;
  /** Where the cluster of this machine is, whether or not there is one. */
  localApi: () => string;
}

export interface Connection extends Context {
  /** Nobody has said which: it is the cluster of this machine. */
  assumed: boolean;
}

/**
 * What is said on the command line, by `--context` too, goes before variables, these before the context in use, and that before the
 * cluster of this machine. A context is left out when another API is named: its credentials are not for that one.
 */
export function connectionOf({ flags, env, contexts, localApi }: Sources): Connection {
  if (flags.context !== undefined && flags.api !== undefined)
    throw new Failure(EXIT.usage, '--context and --api both name an API', 'Give one of them.');
  const { context: name, ...said } = flags;
  const variables = variablesIn(env);
  const byFlag = name === undefined ? {} : named(name, contexts(), localApi);
  const isNamed = said.api !== undefined || name !== undefined || variables.api !== undefined;
  const usual = isNamed ? {} : usualIn(contexts(), env, localApi);
  const found = { ...usual, ...variables, ...byFlag, ...given(said) };
  return { ...found, api: found.api ?? localApi(), assumed: found.api === undefined };
}

function usualIn(known: Contexts, env: NodeJS.ProcessEnv, localApi: () => string): Fields {
  const name = inUse(env, known);
  return name === undefined ? {} : named(name, known, localApi);
}

/** The name of the context that is used where nothing else is said; none: it is the cluster of this machine. */
export const inUse = (env: NodeJS.ProcessEnv, { current }: Contexts): string | undefined => env.GAIA_CONTEXT || current;

/** What of a context is said, of options that have more. */
export const given = (fields: Fields): Fields =>
  Object.fromEntries(contextFields.flatMap((field) => (fields[field] === undefined ? [] : [[field, fields[field]]])));

/** `GAIA_API`, `GAIA_CREDENTIALS` and so on; an empty one is none. */
const variablesIn = (env: NodeJS.ProcessEnv): Fields =>
  given(Object.fromEntries(contextFields.map((field) => [field, env[`GAIA_${field.toUpperCase()}`] || undefined])));

/** @throws Failure when there is none of this name */
export function named(name: string, { contexts }: Contexts, localApi: () => string): Context {
  if (name === localName) return { api: localApi() };
  const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (context !== undefined) return context;
  const remedy = remedyFor(name, [...Object.keys(contexts), localName], 'context list');
  throw new Failure(EXIT.notFound, `There is no context ${name}`, remedy);
}
