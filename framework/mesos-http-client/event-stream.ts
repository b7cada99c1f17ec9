import { Client, type Dispatcher } from 'undici';
import { type Clock, systemClock } from './clock.js';
import { MesosError, refusal, textOf } from './mesos-error.js';
import { DEFAULT_RECORD_BYTES_MAX, RecordDecoder, RecordIOError } from './recordio.js';
import { jsonLevelsMax, parseShallowJson } from './shallow-json.js';
import {
  type ConnectionState,
  Subscription,
  type SubscriptionEvent,
  type SubscriptionOptions,
} from './subscription.js';
import { connectWith, type TlsSource } from './tls.js';

/** The text of a refusal is read up to here. */
const REFUSAL_BYTES_MAX = 64 * 1024;

export interface EventStreamOptions<Event> {
  subscription: SubscriptionOptions;
  /** The SUBSCRIBE call, asked for at every attempt. */
  subscribeCall: () => object;
  /** Added to the request; credentials, for one. */
  headers: Record<string, string>;
  tls?: TlsSource | undefined;
  /** Called with one event after the other; the next one is read when it has returned. If it throws, the stream ends. */
  onEvent: (event: Event) => Promise<void> | void;
  onState: (state: ConnectionState) => void;
  clock?: Clock;
  /** Uniform in [0, 1). */
  random?: () => number;
  recordBytesMax?: number;
}

/** The stream the server knows this client by. */
export interface StreamIdentity {
  url: string;
  /** `Mesos-Stream-Id`; null at an agent. */
  streamId: string | null;
}

interface Connection extends StreamIdentity {
  client: Client;
}

/** A SUBSCRIBE call that is repeated until it ends for good: carries out what `Subscription` decides. */
export class EventStream<Event extends { type: string }> {
  readonly #options: EventStreamOptions<Event>;
  readonly #subscription: Subscription;
  readonly #clock: Clock;
  readonly #random: () => number;
  #connection: Connection | null = null;
  #cancelTimer: () => void = () => {};
  #destroyed: Promise<unknown> = Promise.resolve();

  constructor(options: EventStreamOptions<Event>) {
    this.#options = options;
    this.#subscription = new Subscription(options.subscription);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  /** Null while not subscribed. */
  get identity(): StreamIdentity | null {
    return this.#subscription.phase === 'subscribed' ? this.#connection : null;
  }

  start(): void {
    if (this.#subscription.phase === 'idle') this.#step({ type: 'start' });
  }

  /** Where to subscribe from now on. */
  move(urls: readonly string[]): void {
    this.#step({ type: 'moved', urls });
  }

  /** The server says that it does not serve this stream (any more): subscribe again. */
  disown(identity: StreamIdentity, error: MesosError): void {
    if (identity === this.#connection) this.#step({ type: 'broken', error });
  }

  /** Ends the stream; `error` tells why, null if it is not wanted any more. */
  end(error: MesosError | null): void {
    this.#step({ type: 'end', error });
  }

  /** Ends the stream and waits until its socket is closed; not for a handler that still runs. */
  async close(): Promise<void> {
    this.end(null);
    await this.#destroyed;
  }

  /** Returns whether the record at hand is to be delivered. */
  #step(event: SubscriptionEvent): boolean {
    let deliver = false;
    for (const action of this.#subscription.step(event, this.#clock.nowMs(), this.#random())) {
      if (action.type === 'connect') this.#connect(action.url);
      else if (action.type === 'disconnect') this.#disconnect();
      else if (action.type === 'report') this.#report(action.state);
      else deliver = true;
    }
    this.#armTimer();
    return deliver;
  }

  #armTimer(): void {
    this.#cancelTimer();
    const { dueMs } = this.#subscription;
    if (dueMs === null) return;
    this.#cancelTimer = this.#clock.schedule(dueMs - this.#clock.nowMs(), () => this.#step({ type: 'tick' }));
  }

  /** An observer's mistake must not break the subscription, nor be thrown out of a timer. */
  #report(state: ConnectionState): void {
    try {
      this.#options.onState(state);
    } catch (error) {
      process.emitWarning(`onState threw on '${state.type}': ${textOf(error)}`);
    }
  }

  #connect(url: string): void {
    // The stream may be silent for longer than any body time-out; the subscription has its own deadlines.
    const patient = { bodyTimeout: 0, headersTimeout: 0, pipelining: 1 };
    const client = new Client(new URL(url).origin, { ...patient, ...connectWith(this.#options.tls) });
    const connection: Connection = { client, url, streamId: null };
    this.#connection = connection;
    void this.#run(connection);
  }

  #disconnect(): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection) this.#destroyed = connection.client.destroy();
  }

  /** Never rejects. */
  async #run(connection: Connection): Promise<void> {
    try {
      const response = await this.#request(connection);
      const event = response.statusCode === 200 ? await this.#read(connection, response) : await refused(response);
      if (event) this.#stepOf(connection, event);
    } catch (thrown) {
      this.#stepOf(connection, { type: 'broken', error: brokenBy(thrown) });
    }
  }

  #request({ client, url }: Connection): Promise<Dispatcher.ResponseData> {
    const { pathname, search } = new URL(url);
    return client.request({
      method: 'POST',
      path: pathname + search,
      headers: {
        ...this.#options.headers,
        'content-type': 'application/json',
        accept: 'application/json',
        'accept-encoding': 'identity',
      },
      body: JSON.stringify(this.#options.subscribeCall()),
    });
  }

  /** Nothing of a connection that has been given up reaches the subscription. */
  #stepOf(connection: Connection, event: SubscriptionEvent): boolean {
    return connection === this.#connection && this.#step(event);
  }

  /** Returns how the stream ended, or null if it has been given up. */
  async #read(connection: Connection, response: Dispatcher.ResponseData): Promise<SubscriptionEvent | null> {
    const decoder = new RecordDecoder(this.#options.recordBytesMax ?? DEFAULT_RECORD_BYTES_MAX);
    connection.streamId = firstOf(response.headers['mesos-stream-id']);
    for await (const chunk of response.body) {
      for (const record of decoder.push(chunk as Buffer)) {
        if (connection !== this.#connection) return null;
        await this.#take(connection, parseEvent<Event>(record));
      }
      if (connection !== this.#connection) return null;
    }
    return decoder.inRecord
      ? { type: 'broken', error: protocolError('the stream ended within a record') }
      : { type: 'chunkEnd' };
  }

  async #take(connection: Connection, event: Event): Promise<void> {
    if (!this.#stepOf(connection, { type: 'record', ...summaryOf(event) })) return;
    try {
      await this.#options.onEvent(event);
    } catch (thrown) {
      this.end(handlerFailed(event.type, thrown));
    }
    // Also if the connection has been given up meanwhile: the next one waits for the handler.
    this.#step({ type: 'delivered' });
  }
}

async function refused(response: Dispatcher.ResponseData): Promise<SubscriptionEvent> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    parts.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > REFUSAL_BYTES_MAX) break;
  }
  const error = refusal(response.statusCode, Buffer.concat(parts).toString('utf8'));
  return { type: 'refused', error, location: firstOf(response.headers.location) };
}

function firstOf(header: string | string[] | undefined): string | null {
  return (Array.isArray(header) ? header[0] : header) ?? null;
}

function parseEvent<Event extends { type: string }>(record: Buffer): Event {
  const text = record.toString('utf8');
  let event: unknown;
  try {
    event = parseShallowJson(text);
  } catch {
    throw protocolError(`a record is not JSON of at most ${jsonLevelsMax} levels: ${text.slice(0, 100)}`);
  }
  if (typeof (event as Event | null)?.type !== 'string')
    throw protocolError(`a record has no type: ${text.slice(0, 100)}`);
  return event as Event;
}

/** What the subscription needs to know of an event. The event is the server's: any field may be missing. */
function summaryOf(event: { type: string }): {
  name: string;
  message: string | null;
  heartbeatIntervalMs: number | null;
} {
  const { error, subscribed } = event as {
    error?: { message?: unknown };
    subscribed?: { heartbeat_interval_seconds?: unknown };
  };
  const seconds = Number(subscribed?.heartbeat_interval_seconds);
  return {
    name: event.type,
    message: error?.message === undefined ? null : String(error.message),
    heartbeatIntervalMs: Number.isFinite(seconds) ? seconds * 1000 : null,
  };
}

function brokenBy(thrown: unknown): MesosError {
  if (thrown instanceof MesosError) return thrown;
  if (thrown instanceof RecordIOError) return protocolError(thrown.message);
  const remedy = 'none needed: the subscription is made again after a pause';
  return new MesosError({ code: 'connectionFailed', message: textOf(thrown), remedy, cause: thrown });
}

function protocolError(message: string): MesosError {
  return new MesosError({ code: 'protocol', message, remedy: 'check that the address is that of a Mesos v1 HTTP API' });
}

function handlerFailed(event: string, cause: unknown): MesosError {
  const message = `the handler of ${event} threw: ${textOf(cause)}`;
  return new MesosError({
    code: 'handlerFailed',
    message,
    remedy: 'correct the handler, then start a new client',
    cause,
  });
}
