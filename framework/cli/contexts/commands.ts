/** `gaia context`: names for clusters, so that commands need not be told addresses and files. */
import { resolve } from 'node:path';
import { requireAddresses } from '../api-client.js';
import { authorizationFrom, tlsFrom } from '../credentials.js';
import { EXIT, Failure } from '../failure.js';
import { localApi } from '../options.js';
import type { Output } from '../output.js';
import { gaia } from '../program-name.js';
import { bold, dim, green } from '../terminal/colour.js';
import { given, inUse, localName, named } from './connection.js';
import { type Context, contextFields, contextsFile, readContexts, writeContexts } from './file.js';

const theFile = () => contextsFile(process.env);

export function listContexts(output: Output): void {
  const read = readContexts(theFile());
  const used = inUse(process.env, read) ?? localName;
  const all: [string, Context][] = [[localName, { api: localApi() }], ...Object.entries(read.contexts)];
  const rows = all.map(([name, { api, credentials = '' }]) => [
    name === used ? green('*') : '',
    name,
    api,
    credentials,
  ]);
  output.table(['', 'NAME', 'API', 'CREDENTIALS'], rows);
  output.result(
    { used, contexts: Object.fromEntries(all) },
    all.map(([name]) => name),
  );
}

export function showContext(output: Output, name: string | undefined): void {
  const read = readContexts(theFile());
  const shown = name ?? inUse(process.env, read) ?? localName;
  const context = named(shown, read, localApi);
  output.line(bold(shown));
  for (const field of contextFields) if (context[field] !== undefined) output.line(`  ${field}  ${context[field]}`);
  output.result({ name: shown, ...context }, [shown]);
}

export function useContext(output: Output, name: string): void {
  const { contexts } = readContexts(theFile());
  const { api } = named(name, { contexts }, localApi);
  writeContexts(theFile(), name === localName ? { contexts } : { current: name, contexts });
  output.line(`Commands go to ${name} from now on: ${api}`);
  if (process.env.GAIA_CONTEXT) output.note(dim('not where GAIA_CONTEXT is set, as it is here'));
  output.result({ used: name, api });
}

/** Makes a context, or changes what is given of it. */
export function setContext(output: Output, name: string, options: Partial<Context>): void {
  requireName(name);
  const { current, contexts } = readContexts(theFile());
  const { api = contexts[name]?.api, ...files } = given(options);
  if (api === undefined)
    throw new Failure(EXIT.usage, `There is no context ${name} yet`, 'Say where its API is with --api URL.');
  const paths = Object.fromEntries(Object.entries(files).map(([field, file]) => [field, resolve(file)]));
  const context = { ...contexts[name], api, ...paths };
  requireUsable(context);
  writeContexts(theFile(), { ...(current !== undefined && { current }), contexts: { ...contexts, [name]: context } });
  output.line(`${name} is set; commands go there with --context ${name}, or after: ${gaia} context use ${name}`);
  output.result({ name, ...context });
}

export function removeContext(output: Output, name: string): void {
  requireName(name);
  const read = readContexts(theFile());
  named(name, read, localApi);
  const { [name]: _gone, ...contexts } = read.contexts;
  const isUsed = read.current === name;
  writeContexts(theFile(), { ...(read.current !== undefined && !isUsed && { current: read.current }), contexts });
  output.line(
    `${name} is removed${isUsed ? `; commands go to ${localName} again` : ''}. Its files are where they were.`,
  );
  output.result({ name });
}

/** Who mistypes a file or an address should hear it now, not from the first command that goes there. */
function requireUsable(context: Context): void {
  requireAddresses(context.api);
  authorizationFrom(context.credentials);
  tlsFrom(context);
}

function requireName(name: string): void {
  if (name === localName)
    throw new Failure(EXIT.usage, `${localName} is the cluster of this machine`, 'Take another name.');
  if (!/^[\w][\w.-]{0,62}$/.test(name))
    throw new Failure(
      EXIT.usage,
      `The name is '${name}'`,
      'Use 1 to 63 letters, digits, dots, dashes and underscores.',
    );
}
