import { Client, errors } from 'undici';
import { MesosError, refusal, textOf } from './mesos-error.js';
import { connectWith, type TlsSource } from './tls.js';

export interface CallChannelOptions {
  url: string;
  /** Sent with every call: credentials, stream id. */
  headers: Record<string, string>;
  tls?: TlsSource | undefined;
  /** For the answer's head, and again between two pieces of its body, which may take ten times as long. */
  timeoutMs: number;
  responseBytesMax?: number;
  /** Calls that may wait for their answers at a time. */
  callsMax?: number;
}

const DEFAULT_RESPONSE_BYTES_MAX = 64 * 1024 * 1024;
const DEFAULT_CALLS_MAX = 1000;
/** A body that comes in drops is given up after so many time-outs. */
const BODY_TIMEOUTS_MAX = 10;
/** Of repeatable calls; others wait until all before them have been answered. */
const PIPELINED_MAX = 128;

/** An answer as it came. `location` of a 307. */
export interface Answer {
  status: number;
  location: string | null;
  text: string;
}

/**
 * Calls to one API over one connection, so they arrive in the order they were made: an ACCEPT before the KILL that
 * follows it. A call is sent once, unless it is repeatable; whether to repeat others is the caller's decision.
 */
export class CallChannel {
  readonly #options: CallChannelOptions;
  readonly #client: Client;
  readonly #path: string;
  #waiting = 0;

  constructor(options: CallChannelOptions) {
    const url = new URL(options.url);
    this.#options = options;
    this.#path = url.pathname + url.search;
    const { timeoutMs, tls } = options;
    this.#client = new Client(url.origin, {
      pipelining: PIPELINED_MAX,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      ...connectWith(tls),
    });
  }

  /**
   * Sends a call; returns the text of the answer if its status is a success.
   * @param repeatable it does no harm twice: it need not wait for the answers to the calls before it, and may be sent again
   * when the connection breaks
   * @throws MesosError
   */
  async call(body: object, repeatable = false): Promise<string> {
    const { status, text } = await this.exchange('POST', body, repeatable);
    if (status < 200 || status > 299) throw refusal(status, text);
    return text;
  }

  /** One request and its answer, whatever its status. @throws MesosError if there is no answer */
  async exchange(method: 'GET' | 'POST', body: object | null, repeatable = false): Promise<Answer> {
    const callsMax = this.#options.callsMax ?? DEFAULT_CALLS_MAX;
    if (this.#waiting >= callsMax) throw tooManyCalls(callsMax);
    this.#waiting += 1;
    try {
      return await this.#exchange(method, body, repeatable);
    } catch (thrown) {
      throw asMesosError(thrown, this.#options.timeoutMs);
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Calls without an answer yet fail with `closed`; the server may have carried them out. */
  async close(): Promise<void> {
    const message = 'the connection was closed before the answer came';
    await this.#client.destroy(
      new MesosError({ code: 'closed', message, remedy: 'make the call again once subscribed' }),
    );
  }

  async #exchange(method: 'GET' | 'POST', body: object | null, repeatable: boolean): Promise<Answer> {
    const response = await this.#client.request({
      method,
      path: this.#path,
      headers: {
        ...this.#options.headers,
        ...(body && { 'content-type': 'application/json' }),
        accept: 'application/json',
      },
      body: body && JSON.stringify(body),
      idempotent: repeatable,
      blocking: !repeatable,
    });
    const { location } = response.headers;
    const text = await this.#textOf(response.body);
    return { status: response.statusCode, location: (Array.isArray(location) ? location[0] : location) ?? null, text };
  }

  async #textOf(body: AsyncIterable<Buffer>): Promise<string> {
    const bytesMax = this.#options.responseBytesMax ?? DEFAULT_RESPONSE_BYTES_MAX;
    const bodyMs = BODY_TIMEOUTS_MAX * this.#options.timeoutMs;
    const endMs = performance.now() + bodyMs;
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of body) {
      bytes += part.length;
      if (bytes > bytesMax) throw tooLong(bytesMax);
      if (performance.now() > endMs) throw tooSlow(bodyMs);
      parts.push(part);
    }
    return Buffer.concat(parts).toString('utf8');
  }
}

const UNKNOWN = 'reconcile: the call may have been carried out or not';

function asMesosError(thrown: unknown, timeoutMs: number): MesosError {
  if (thrown instanceof MesosError) return thrown;
  const timedOut = thrown instanceof errors.HeadersTimeoutError || thrown instanceof errors.BodyTimeoutError;
  return new MesosError({
    code: timedOut ? 'timeout' : 'connectionFailed',
    message: timedOut ? `no answer within ${timeoutMs} ms` : textOf(thrown),
    remedy: UNKNOWN,
    cause: thrown,
  });
}

const tooSlow = (bodyMs: number) =>
  new MesosError({ code: 'timeout', message: `no whole answer within ${bodyMs} ms`, remedy: UNKNOWN });

function tooManyCalls(callsMax: number): MesosError {
  const message = `${callsMax} calls wait for their answers already`;
  return new MesosError({ code: 'tooManyCalls', message, remedy: 'make calls more slowly, or await them' });
}

function tooLong(bytesMax: number): MesosError {
  const message = `the answer is longer than ${bytesMax} bytes`;
  return new MesosError({
    code: 'protocol',
    message,
    remedy: 'raise responseBytesMax if this server is to be trusted',
  });
}
