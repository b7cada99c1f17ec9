import type { Readable } from 'node:stream';
import { request } from 'undici';
import { EXIT, Failure } from './failure.js';

export interface ApiAnswer<T> {
  status: number;
  body: T;
  ignoredFields: string | null;
}

const REQUEST_TIMEOUT_MS = 35_000;

interface ErrorBody {
  message?: string;
  remedy?: string;
  details?: string | { path: string; errors: string[] }[];
  deployments?: { id: string }[];
}

/** The REST API as the commands see it: an answer, or a Failure that says what to do. */
export class ApiClient {
  constructor(readonly baseUrl: string) {}

  async get<T>(path: string): Promise<T> {
    return (await this.send<T>('GET', path)).body;
  }

  /** Null on 404. */
  async find<T>(path: string): Promise<T | null> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof Failure && error.more.status === 404) return null;
      throw error;
    }
  }

  async send<T>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<ApiAnswer<T>> {
    const payload = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const answer = await this.exchange(method, path, { headers, ...payload });
    if (answer.status >= 400) throw refusal(answer.status, answer.body as ErrorBody | string);
    return answer as ApiAnswer<T>;
  }

  /** The body as it comes, without a limit in time once it has begun. */
  async stream(path: string, accept: string): Promise<Readable> {
    const timeouts = { headersTimeout: REQUEST_TIMEOUT_MS, bodyTimeout: 0 };
    const answer = await request(this.urlOf(path), { headers: { accept }, ...timeouts }).catch((error) =>
      this.unreachable(error),
    );
    if (answer.statusCode >= 400)
      throw refusal(answer.statusCode, parsed(await answer.body.text()) as ErrorBody | string);
    return answer.body;
  }

  private unreachable(error: unknown): never {
    const message = `The API at ${this.baseUrl} does not answer: ${causeOf(error)}`;
    throw new Failure(
      EXIT.unreachable,
      message,
      'Start a local cluster with "npx gaia up", or name an API with --api URL.',
    );
  }

  private async exchange(method: string, path: string, options: object): Promise<ApiAnswer<unknown>> {
    const url = this.urlOf(path);
    try {
      const timeouts = { headersTimeout: REQUEST_TIMEOUT_MS, bodyTimeout: REQUEST_TIMEOUT_MS };
      const answer = await request(url, { method, ...timeouts, ...options } as Parameters<typeof request>[1]);
      const text = await answer.body.text();
      const ignored = answer.headers['x-gaia-ignored-fields'];
      return {
        status: answer.statusCode,
        body: parsed(text),
        ignoredFields: ignored === undefined ? null : String(ignored),
      };
    } catch (error) {
      return this.unreachable(error);
    }
  }

  private urlOf(path: string): URL {
    const base = URL.canParse(this.baseUrl) ? new URL(this.baseUrl) : null;
    if (base?.protocol === 'http:' || base?.protocol === 'https:') return new URL(path, base);
    throw new Failure(
      EXIT.usage,
      `The API address is '${this.baseUrl}'`,
      'Use an address such as http://127.0.0.1:8080.',
    );
  }
}

/** `/v2/apps/demo/ledger` and what is below it. */
export function appPath(appId: string, ...below: string[]): string {
  const segments = [...appId.split('/').filter((segment) => segment !== ''), ...below];
  if (segments.length === 0) throw new Failure(EXIT.usage, 'The app id is empty', 'Give an id such as /demo/ledger.');
  return ['/v2/apps', ...segments.map(encodeURIComponent)].join('/');
}

function refusal(status: number, body: ErrorBody | string): Failure {
  const {
    message = `status ${status}`,
    remedy,
    details,
    deployments,
  } = typeof body === 'object' ? body : { message: body };
  const lines =
    typeof details === 'string'
      ? [details]
      : (details ?? []).map(({ path, errors }) => `${path}: ${errors.join(' – ')}`);
  const locks = deployments === undefined ? [] : [`deployments: ${deployments.map(({ id }) => id).join(', ')}`];
  const text = [`The API refused: ${message}`, ...[...lines, ...locks].map((line) => `  ${line}`)].join('\n');
  const exitCode = status >= 500 ? EXIT.failed : EXIT.refused;
  return new Failure(exitCode, text, remedy ?? 'Correct this and run the command again.', { status, body });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function causeOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? String(error);
}
