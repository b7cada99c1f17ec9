import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import type { Credentials } from '../mesos-http-client/index.js';
import { Refusal } from './http-call.js';

/** HTTP basic authentication with the realms, files and answers of Apache Mesos. */

/** What is asked for, by the name of its realm: `mesos-master-scheduler`, `mesos-agent-readonly`, ... */
export type Area = 'scheduler' | 'readonly' | 'readwrite' | 'agent';

/** Secrets by principal. */
type Secrets = ReadonlyMap<string, string>;

function readJson(path: string, expected: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    // The parser's own message quotes the text, which holds secrets.
    const cause = error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message;
    throw new Error(`file of credentials ${path}: ${cause}; expected ${expected}`);
  }
}

function isCredentials(value: unknown): value is Credentials {
  const { principal, secret } = (value ?? {}) as Partial<Credentials>;
  return typeof principal === 'string' && principal !== '' && typeof secret === 'string';
}

const ONE = '{"principal":"...","secret":"..."}';
const LIST = `{"credentials":[${ONE}]}`;

/** Whom a server knows. @throws Error that names the file and the form it must have, never its content */
export function readCredentials(path: string): Secrets {
  const { credentials } = readJson(path, LIST);
  if (!Array.isArray(credentials) || !credentials.every(isCredentials))
    throw new Error(`file of credentials ${path}: expected ${LIST}`);
  return new Map(credentials.map(({ principal, secret }) => [principal, secret]));
}

/** Who a client is. @throws as `readCredentials` */
export function readCredential(path: string): Credentials {
  const credential = readJson(path, ONE);
  if (!isCredentials(credential)) throw new Error(`file of credentials ${path}: expected ${ONE}`);
  return credential;
}

/** Equal secrets take as long to compare as different ones. */
export function sameSecret(given: string, known: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(known));
}

function basicPrincipal(header: string, secrets: Secrets): string | null {
  const [scheme, value = ''] = header.split(' ');
  if (scheme !== 'Basic') return null;
  const [principal = '', ...rest] = Buffer.from(value, 'base64').toString('utf8').split(':');
  const known = secrets.get(principal);
  return known !== undefined && sameSecret(rest.join(':'), known) ? principal : null;
}

/** Lets in whom it knows, into the areas that are closed, and everybody into all others. */
export class Gate {
  readonly #server: 'master' | 'agent';
  readonly #secrets: Secrets;
  readonly #closed: ReadonlySet<Area>;

  constructor(server: 'master' | 'agent', secrets: Secrets, closed: readonly Area[]) {
    this.#server = server;
    this.#secrets = secrets;
    this.#closed = new Set(closed);
  }

  /**
   * @returns the principal; null where everybody may come in
   * @throws Refusal 401 with the challenge
   */
  admit(headers: IncomingHttpHeaders, area: Area): string | null {
    if (!this.#closed.has(area)) return null;
    const principal = basicPrincipal(headers.authorization ?? '', this.#secrets);
    if (principal !== null) return principal;
    const challenge = `Basic realm="mesos-${this.#server}-${area}"`;
    throw new Refusal(401, '', { 'WWW-Authenticate': challenge });
  }
}

export interface GateOptions {
  /** File with the principals that are known. */
  credentials: string | undefined;
  /** Where one of them is asked for. */
  closed: readonly Area[];
}

/** @throws Error if an area is closed and nobody could enter it */
export function gateOf(server: 'master' | 'agent', { credentials, closed }: GateOptions): Gate {
  if (closed.length > 0 && credentials === undefined)
    throw new Error(
      `authentication (${closed.join(', ')}) at the ${server} needs a file of credentials; give its flag, too`,
    );
  return new Gate(server, credentials === undefined ? new Map() : readCredentials(credentials), closed);
}
