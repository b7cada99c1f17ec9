import { MesosError, type MesosErrorCode, refusalEvent } from './mesos-error.js';
import { redirectTarget } from './redirect.js';

/**
 * When to connect, where to, when to give up: the deciding part of a subscription, without clock, socket and
 * randomness. `event-stream.ts` carries out what it decides.
 */

export interface SubscriptionOptions {
  /** Where a SUBSCRIBE can be sent: the masters, or the one agent. Empty: that will be told by `moved`. */
  urls: readonly string[];
  /** The wait before attempt n is random in [1/2, 1] times min(backoffMaxMs, backoffMinMs * 2^n). */
  backoffMinMs: number;
  backoffMaxMs: number;
  /** From the connection attempt to SUBSCRIBED. */
  subscribeTimeoutMs: number;
  /** Assumed until SUBSCRIBED names one; null: this server is not watched for heartbeats. */
  heartbeatIntervalMs: number | null;
  heartbeatsMissedMax: number;
  /** Redirections followed at once, without a back-off between. */
  redirectsMax: number;
  /** How long to try for the first SUBSCRIBED; null: for ever. */
  firstWindowMs: number | null;
  /** How long to try after a break; null: for ever, 0: not at all. */
  recoveryWindowMs: number | null;
}

export type SubscriptionEvent =
  | { type: 'start' }
  /** A status other than 200. `location` of a 307. */
  | { type: 'refused'; error: MesosError; location: string | null }
  /** A record of the stream; `message` of ERROR, `heartbeatIntervalMs` of SUBSCRIBED if it names one. */
  | { type: 'record'; name: string; message: string | null; heartbeatIntervalMs: number | null }
  /** The handler has returned from the record that was to be delivered. */
  | { type: 'delivered' }
  /** The last chunk of the response: the server has ended the stream, whether or not a FIN follows. */
  | { type: 'chunkEnd' }
  /** No connection, a FIN in mid-stream, a malformed record; or a call was told that this is not the stream. */
  | { type: 'broken'; error: MesosError }
  /** Where to subscribe has become known: at one of these, and nowhere else. At least one. */
  | { type: 'moved'; urls: readonly string[] }
  | { type: 'tick' }
  /** The owner wants no more; `error` null if all is well. */
  | { type: 'end'; error: MesosError | null };

/** What the owner of a subscription sees of it. */
export type ConnectionState =
  | { type: 'connecting'; url: string; attempt: number }
  | { type: 'subscribed'; url: string }
  | { type: 'disconnected'; cause: MesosError; retryInMs: number }
  /** Final. `cause` is null after `close()`. */
  | { type: 'ended'; cause: MesosError | null };

export type SubscriptionAction =
  | { type: 'connect'; url: string }
  | { type: 'disconnect' }
  /** Hand the record to the handler, and say `delivered` when it has returned. */
  | { type: 'deliver' }
  | { type: 'report'; state: ConnectionState };

/** Causes that another attempt does not cure. */
const FINAL: readonly MesosErrorCode[] = [
  'badRequest',
  'wrongStream',
  'unknownFramework',
  'unknownExecutor',
  'unauthenticated',
  'forbidden',
  'conflict',
  'frameworkRemoved',
  'failedOver',
];
/** Statuses with which a server refuses the request as such; 404 is not one: a starting server has no routes yet. */
const FINAL_STATUSES: readonly number[] = [405, 406, 413, 415];

export class Subscription {
  readonly #options: SubscriptionOptions;
  #urls: readonly string[];
  #phase: 'idle' | 'waiting' | 'connecting' | 'subscribed' | 'ended' = 'idle';
  #url: string;
  #urlIndex = 0;
  #dueMs: number | null = null;
  #delivering = false;
  #attempt = 0;
  #redirects = 0;
  #subscribedAtMs = 0;
  #outageSinceMs = 0;
  #everSubscribed = false;
  #heartbeatIntervalMs: number | null;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#urls = options.urls;
    this.#url = options.urls[0] ?? '';
    this.#heartbeatIntervalMs = options.heartbeatIntervalMs;
  }

  /** When a tick is due. While a record is being handled nothing is: what the server sent since has not been read. */
  get dueMs(): number | null {
    return this.#delivering ? null : this.#dueMs;
  }

  get phase(): 'idle' | 'waiting' | 'connecting' | 'subscribed' | 'ended' {
    return this.#phase;
  }

  /**
   * @param nowMs a clock that never goes back
   * @param random uniform in [0, 1)
   */
  step(event: SubscriptionEvent, nowMs: number, random: number): SubscriptionAction[] {
    if (event.type === 'delivered') return this.#delivered(nowMs);
    if (this.#phase === 'ended') return [];
    switch (event.type) {
      case 'start':
        this.#outageSinceMs = nowMs;
        if (this.#urls.length > 0) return this.#connect(this.#url, nowMs);
        this.#phase = 'waiting';
        return [];
      case 'refused':
        return this.#refused(event.error, event.location, nowMs, random);
      case 'record':
        return this.#record(event, nowMs, random);
      case 'chunkEnd':
        return this.#lose(broken('streamEnded', 'the server ended the event stream'), nowMs, random);
      case 'broken':
        return this.#lose(event.error, nowMs, random);
      case 'moved':
        return this.#moved(event.urls, nowMs);
      case 'tick':
        return this.#tick(nowMs, random);
      case 'end':
        return this.#end(event.error);
    }
  }

  #connect(url: string, nowMs: number): SubscriptionAction[] {
    this.#phase = 'connecting';
    this.#url = url;
    this.#dueMs = nowMs + this.#options.subscribeTimeoutMs;
    return [
      { type: 'report', state: { type: 'connecting', url, attempt: this.#attempt } },
      { type: 'connect', url },
    ];
  }

  #refused(error: MesosError, location: string | null, nowMs: number, random: number): SubscriptionAction[] {
    if (error.code === 'notLeader' && location !== null && this.#redirects < this.#options.redirectsMax) {
      const target = redirectTarget(location, this.#url);
      if (!target) return this.#lose(broken('protocol', `redirected to '${location}'`), nowMs, random);
      this.#redirects += 1;
      return [{ type: 'disconnect' }, ...this.#connect(target, nowMs)];
    }
    const final = FINAL.includes(error.code) || FINAL_STATUSES.includes(error.status ?? 0);
    return final ? this.#end(error) : this.#lose(error, nowMs, random);
  }

  #record(event: Extract<SubscriptionEvent, { type: 'record' }>, nowMs: number, random: number): SubscriptionAction[] {
    if (event.name === 'ERROR') return this.#errorEvent(event.message ?? 'ERROR without a message', nowMs, random);
    const begins = event.name === 'SUBSCRIBED';
    if (begins !== (this.#phase === 'connecting')) {
      const problem = begins ? 'SUBSCRIBED came twice' : `${event.name} came before SUBSCRIBED`;
      return this.#lose(broken('protocol', problem), nowMs, random);
    }
    if (begins) return this.#subscribed(event.heartbeatIntervalMs, nowMs);
    return event.name === 'HEARTBEAT' ? this.#watch(nowMs) : this.#deliver();
  }

  /** Before SUBSCRIBED an ERROR refuses what was sent, and would again; later it only ends the stream. */
  #errorEvent(message: string, nowMs: number, random: number): SubscriptionAction[] {
    const error = refusalEvent(message);
    const final = this.#phase === 'connecting' || FINAL.includes(error.code);
    return final ? this.#end(error) : this.#lose(error, nowMs, random);
  }

  #subscribed(heartbeatIntervalMs: number | null, nowMs: number): SubscriptionAction[] {
    this.#phase = 'subscribed';
    this.#everSubscribed = true;
    this.#redirects = 0;
    this.#subscribedAtMs = nowMs;
    if (heartbeatIntervalMs !== null && heartbeatIntervalMs > 0) this.#heartbeatIntervalMs = heartbeatIntervalMs;
    this.#watch(nowMs);
    return [{ type: 'report', state: { type: 'subscribed', url: this.#url } }, ...this.#deliver()];
  }

  #deliver(): SubscriptionAction[] {
    this.#delivering = true;
    return [{ type: 'deliver' }];
  }

  #delivered(nowMs: number): SubscriptionAction[] {
    this.#delivering = false;
    if (this.#phase === 'subscribed') this.#watch(nowMs);
    return [];
  }

  #watch(nowMs: number): SubscriptionAction[] {
    const intervalMs = this.#heartbeatIntervalMs;
    this.#dueMs = intervalMs === null ? null : nowMs + intervalMs * this.#options.heartbeatsMissedMax;
    return [];
  }

  #tick(nowMs: number, random: number): SubscriptionAction[] {
    if (this.dueMs === null || nowMs < this.dueMs) return [];
    if (this.#phase === 'waiting') return this.#connect(this.#url, nowMs);
    const missed = this.#options.heartbeatsMissedMax;
    const error =
      this.#phase === 'subscribed'
        ? broken(
            'heartbeatsMissed',
            `nothing came for ${missed} heartbeat intervals of ${this.#heartbeatIntervalMs} ms`,
          )
        : broken('timeout', `no SUBSCRIBED within ${this.#options.subscribeTimeoutMs} ms`);
    return this.#lose(error, nowMs, random);
  }

  #lose(cause: MesosError, nowMs: number, random: number): SubscriptionAction[] {
    // Two signs of one break, such as a dead stream and a call it made fail, are one break.
    if (this.#phase === 'waiting') return [];
    if (this.#phase === 'subscribed') this.#beginOutage(nowMs);
    const leftMs = this.#windowLeftMs(nowMs);
    if (leftMs <= 0) return this.#end(givenUp(cause));
    const retryInMs = Math.min(leftMs, this.#backoffMs(random));
    this.#attempt += 1;
    this.#redirects = 0;
    this.#phase = 'waiting';
    this.#dueMs = nowMs + retryInMs;
    this.#urlIndex = (this.#urlIndex + 1) % this.#urls.length;
    this.#url = this.#urls[this.#urlIndex] as string;
    return [{ type: 'disconnect' }, { type: 'report', state: { type: 'disconnected', cause, retryInMs } }];
  }

  /** Who is subscribed elsewhere leaves at once: a server that does not know yet that it has been replaced is no use. */
  #moved(urls: readonly string[], nowMs: number): SubscriptionAction[] {
    this.#urls = urls;
    this.#urlIndex = 0;
    const connected = this.#phase === 'connecting' || this.#phase === 'subscribed';
    if (connected && urls.includes(this.#url)) return [];
    if (this.#phase === 'subscribed') this.#beginOutage(nowMs);
    this.#url = urls[0] as string;
    this.#redirects = 0;
    if (this.#phase === 'idle') return [];
    this.#phase = 'waiting';
    this.#dueMs = nowMs;
    if (!connected) return [];
    const cause = broken('notLeader', `another server leads now: ${this.#url}`);
    return [{ type: 'disconnect' }, { type: 'report', state: { type: 'disconnected', cause, retryInMs: 0 } }];
  }

  #beginOutage(nowMs: number): void {
    this.#outageSinceMs = nowMs;
    // A server that accepts subscriptions and drops them at once must not be asked ever faster.
    if (nowMs - this.#subscribedAtMs >= this.#options.backoffMaxMs) this.#attempt = 0;
  }

  #windowLeftMs(nowMs: number): number {
    const windowMs = this.#everSubscribed ? this.#options.recoveryWindowMs : this.#options.firstWindowMs;
    return windowMs === null ? Number.POSITIVE_INFINITY : windowMs - (nowMs - this.#outageSinceMs);
  }

  #backoffMs(random: number): number {
    const { backoffMinMs, backoffMaxMs } = this.#options;
    return Math.min(backoffMaxMs, backoffMinMs * 2 ** this.#attempt) * (0.5 + random / 2);
  }

  #end(cause: MesosError | null): SubscriptionAction[] {
    this.#phase = 'ended';
    this.#dueMs = null;
    return [{ type: 'disconnect' }, { type: 'report', state: { type: 'ended', cause } }];
  }
}

function broken(code: MesosErrorCode, message: string): MesosError {
  return new MesosError({ code, message, remedy: 'none needed: the subscription is made again after a pause' });
}

function givenUp(cause: MesosError): MesosError {
  const message = `not subscribed again in the time allowed; last cause: ${cause.message}`;
  return new MesosError({
    code: 'recoveryTimeout',
    message,
    remedy: 'end this process: its tasks are given up',
    cause,
  });
}
