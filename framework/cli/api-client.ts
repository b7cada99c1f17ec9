import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import { type ClientTls, clientContext } from '../access/tls.js';
import { EXIT, Failure } from './failure.js';
import { withNearest } from './nearest-known.js';
import { gaia } from './program-name.js';
import { type ErrorBody, refusal } from './refusal.js';

export interface ApiAnswer<T> {
  status: number;
  body: T;
  ignoredFields: string | null;
}

const REQUEST_TIMEOUT_MS = 35_000;
/** Of an answer that is not GAIA's. */
const FOREIGN_SHOWN_MAX = 60;

/** Nobody has got the request. */
const NOT_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

/** The REST API as the commands see it: an answer, or a Failure that says what to do. */
export class ApiClient {
  private readonly authorization: string | undefined;
  private readonly agent: Agent | undefined;

  /** `baseUrl`: where the API is; several with commas are asked in this order until one takes the request. `authorization`: the header. */
  constructor(
    readonly baseUrl: string,
    { authorization, tls }: { authorization?: string | undefined; tls?: ClientTls | undefined } = {},
  ) {
    this.authorization = authorization;
    if (tls) this.agent = new Agent({ connect: clientContext(tls) });
  }

  async get<T>(path: string): Promise<T> {
    return (await this.send<T>('GET', path)).body;
  }

  /** Null on 404. */
  async find<T>(path: string): Promise<T | null> {
    const headers = { accept: 'application/json', ...this.credentials() };
    const { status, body } = await this.exchange('GET', path, { headers });
    if (status === 404) return null;
    if (status >= 400) throw refusal(status, body as ErrorBody);
    return body as T;
  }

  async send<T>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<ApiAnswer<T>> {
    const payload = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = {
      accept: 'application/json',
      ...this.credentials(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const answer = await this.exchange(method, path, { headers, ...payload });
    if (answer.status < 400) return answer as ApiAnswer<T>;
    const failure = refusal(answer.status, answer.body as ErrorBody);
    throw answer.status === 404 ? await withNearest(this, path, failure) : failure;
  }

  /** The body as it comes, without a limit in time once it has begun. */
  async stream(path: string, accept: string): Promise<Readable> {
    const headers = { accept, ...this.credentials() };
    const options = { headers, headersTimeout: REQUEST_TIMEOUT_MS, bodyTimeout: 0 };
    const asked = async () => {
      const first = await this.ask(path, options);
      const { location } = first.headers;
      // A scheduler that does not lead names the one that does.
      if (first.statusCode !== 307 || typeof location !== 'string') return first;
      await first.body.dump();
      return request(location, this.over(options));
    };
    const answer = await asked().catch((error) => this.unreachable(error));
    if (answer.statusCode >= 400)
      throw refusal(answer.statusCode, this.parsed(answer.statusCode, await answer.body.text()) as ErrorBody);
    return answer.body;
  }

  private credentials(): { authorization?: string } {
    return this.authorization === undefined ? {} : { authorization: this.authorization };
  }

  private over(options: object): object {
    return this.agent === undefined ? options : { ...options, dispatcher: this.agent };
  }

  /** @throws Failure when it is no JSON, which GAIA always answers with: something else is there, or in between */
  private parsed(status: number, text: string): unknown {
    try {
      return text === '' ? '' : JSON.parse(text);
    } catch {
      const begin = text.slice(0, FOREIGN_SHOWN_MAX).replaceAll(/\s+/g, ' ').trim();
      const message = `What answers at ${this.baseUrl} is not GAIA's API: status ${status}, "${begin}"`;
      throw new Failure(
        EXIT.unreachable,
        message,
        'Name the API with --api URL or --context NAME; behind a proxy, look whether GAIA runs.',
      );
    }
  }

  private unreachable(error: unknown): never {
    if (error instanceof Failure) throw error;
    const message = `The API at ${this.baseUrl} does not answer: ${causeOf(error)}`;
    throw new Failure(EXIT.unreachable, message, remedyOf(error));
  }

  private async exchange(method: string, path: string, options: object): Promise<ApiAnswer<unknown>> {
    try {
      const timeouts = { headersTimeout: REQUEST_TIMEOUT_MS, bodyTimeout: REQUEST_TIMEOUT_MS };
      const answer = await this.ask(path, { method, ...timeouts, ...options });
      const text = await answer.body.text();
      const ignored = answer.headers['x-gaia-ignored-fields'];
      return {
        status: answer.statusCode,
        body: this.parsed(answer.statusCode, text),
        ignoredFields: ignored === undefined ? null : String(ignored),
      };
    } catch (error) {
      return this.unreachable(error);
    }
  }

  private async ask(path: string, options: object): Promise<Dispatcher.ResponseData> {
    const urls = this.baseUrl.split(',').map((base) => urlOf(base, path));
    for (const url of urls.slice(0, -1)) {
      try {
        return await request(url, this.over(options));
      } catch (error) {
        if (!NOT_SENT.includes((error as { code?: string }).code ?? '')) throw error;
      }
    }
    return request(urls.at(-1) as URL, this.over(options));
  }
}

function urlOf(address: string, path: string): URL {
  const base = URL.canParse(address) ? new URL(address) : null;
  if (base?.username || base?.password)
    throw new Failure(
      EXIT.usage,
      `The address of the API at ${base.host} has a name or password in it`,
      'Write them into a file of your own, mode 0600, and name it with --credentials FILE.',
    );
  if (base?.protocol === 'http:' || base?.protocol === 'https:') return new URL(path, base);
  throw new Failure(EXIT.usage, `The API address is '${address}'`, 'Use an address such as http://127.0.0.1:8080.');
}

/** Each of the addresses, with commas between them. @throws Failure when one is none */
export function requireAddresses(baseUrl: string): void {
  for (const base of baseUrl.split(',')) urlOf(base, '/');
}

/** Of an app that is there: the API would look for one by the longer name. */
export async function getBelow<T>(api: Pick<ApiClient, 'get'>, appId: string, part: string): Promise<T> {
  await api.get(appPath(appId));
  return api.get<T>(appPath(appId, part));
}

/** `/v2/apps/demo/ledger` and what is below it. */
export function appPath(appId: string, ...below: string[]): string {
  const path = pathBelow('/v2/apps', appId, ...below);
  if (path === '/v2/apps') throw new Failure(EXIT.usage, 'The app id is empty', 'Give an id such as /demo/ledger.');
  return path;
}

/** Of the app or group `id` among all at `root`, and what is below it. */
export function pathBelow(root: string, id: string, ...below: string[]): string {
  const segments = [...id.split('/').filter((segment) => segment !== ''), ...below];
  return [root, ...segments.map(encodeURIComponent)].join('/');
}

function remedyOf(error: unknown): string {
  const cause = causeOf(error);
  if (/CERT|SIGNATURE|ALTNAME/.test(cause))
    return 'Name the authority of its certificate with --ca FILE, and the API as its certificate does.';
  if (['UND_ERR_SOCKET', 'ECONNRESET'].includes(cause)) return 'If it speaks HTTPS, name it with https://.';
  if (/EPROTO|WRONG_VERSION/.test(cause)) return 'If it does not speak HTTPS, name it with http://.';
  return `Start a local cluster with "${gaia} up", or name an API with --api URL or --context NAME.`;
}

function causeOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? String(error);
}
