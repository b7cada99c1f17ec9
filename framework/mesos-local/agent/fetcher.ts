import { spawn } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, createWriteStream, lstatSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Agent, request } from 'undici';
import type { CommandURI } from '../../mesos-http-client/types.js';
import type { Account } from './sandbox.js';

/** Brings the files of CommandInfo.uris into the sandbox, as mesos-fetcher does: local paths, http and https; archives are extracted. */

const FILE_BYTES_MAX = 4 * 1024 ** 3;
/** Without a byte for so long the server is given up (`--fetcher_stall_timeout`). */
const STALL_TIMEOUT_MS = 60_000;
const REDIRECTS_MAX = 5;

const EXTRACTORS: readonly [ending: RegExp, command: (file: string, directory: string) => string[]][] = [
  [/\.(tar|tgz|tar\.gz|tbz2|tar\.bz2|txz|tar\.xz)$/, (file, directory) => ['tar', '-C', directory, '-xf', file]],
  [/\.zip$/, (file, directory) => ['unzip', '-o', '-q', '-d', directory, file]],
  [/\.gz$/, (file) => ['gunzip', '-f', '-k', file]],
];

export interface FetchOrder {
  sandbox: string;
  account: Account | null;
  /** Gives up. */
  signal: AbortSignal;
}

/** @throws Error that names the URI and why */
export async function fetchUri(uri: CommandURI, order: FetchOrder): Promise<void> {
  try {
    const target = targetOf(uri, order.sandbox);
    refuseLinks(target, order.sandbox);
    mkdirSync(dirname(target), { recursive: true });
    const path = uri.value.replace(/^file:\/\//, '');
    if (/^https?:\/\//.test(uri.value)) await download(uri.value, target, order.signal);
    else if (isAbsolute(path)) copyFileSync(path, target);
    else throw new Error('it is neither an absolute path nor http nor https');
    if (uri.executable) chmodSync(target, statSync(target).mode | 0o111);
    if (order.account) chownSync(target, order.account.uid, order.account.gid);
    if (uri.extract !== false && !uri.executable) await extract(target, order);
  } catch (error) {
    throw new Error(`cannot fetch '${uri.value}': ${causeOf(error as Error)}`);
  }
}

const causeOf = (error: Error): string => error.message || (error as { code?: string }).code || error.name;

function targetOf(uri: CommandURI, sandbox: string): string {
  // As in Mesos the query is part of the name, which then is that of no archive.
  const path = uri.value.replace(/^[a-z]+:\/\/[^/]*/, '');
  const name = uri.output_file ?? path.slice(path.lastIndexOf('/') + 1);
  if (name === '' || isAbsolute(name) || name.split('/').includes('..'))
    throw new Error(`'${name}' is no name for a file in the sandbox; set output_file to one`);
  return join(sandbox, name);
}

/** The agent may write where the task's user may not, and an archive that was fetched before may have brought links that lead there. */
function refuseLinks(target: string, sandbox: string): void {
  for (let path = target; relative(sandbox, path) !== ''; path = dirname(path))
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new Error(`'${relative(sandbox, path)}' is a link; set output_file to another name`);
}

async function download(url: string, target: string, signal: AbortSignal): Promise<void> {
  const dispatcher = new Agent({ headersTimeout: STALL_TIMEOUT_MS, bodyTimeout: STALL_TIMEOUT_MS });
  try {
    const body = await responseBody(url, dispatcher, signal);
    await pipeline(body, limited(), createWriteStream(target, { mode: 0o644 }), { signal });
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  } finally {
    await dispatcher.destroy();
  }
}

async function responseBody(url: string, dispatcher: Agent, signal: AbortSignal) {
  let place = url;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    const answer = await request(place, { dispatcher, signal });
    if (answer.statusCode === 200) return answer.body;
    await answer.body.dump();
    const { location } = answer.headers;
    if (answer.statusCode < 300 || answer.statusCode > 399 || typeof location !== 'string')
      throw new Error(`the server answers ${answer.statusCode}`);
    place = new URL(location, place).href;
  }
  throw new Error(`more than ${REDIRECTS_MAX} redirections`);
}

function limited(): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > FILE_BYTES_MAX) done(new Error(`it is longer than ${FILE_BYTES_MAX} bytes`));
      else done(null, chunk);
    },
  });
}

/** What is no archive by its name is left as it is. */
async function extract(file: string, { sandbox, account, signal }: FetchOrder): Promise<void> {
  const extractor = EXTRACTORS.find(([ending]) => ending.test(file));
  if (!extractor) return;
  const [program, ...args] = extractor[1](file, sandbox) as [string, ...string[]];
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], signal, ...account });
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words = `${words}${chunk}`.slice(-1000);
    });
    child.once('error', (error) => reject(new Error(`${program}: ${error.message}`)));
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} exited with status ${code}: ${words.trim()}`));
    });
  });
}
