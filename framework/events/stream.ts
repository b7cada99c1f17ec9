/** Events as text/event-stream, from a position on: https://html.spec.whatwg.org/multipage/server-sent-events.html */
import { Readable } from 'node:stream';
import type { EventLog, KeptEvent } from './log.js';

const HEARTBEAT_MS = 10_000;

export interface EventStreamOptions {
  /** `Last-Event-ID` of the client; "oldest": all that are kept. Left out: what comes from now on. */
  after?: string;
  /** Event types; empty: all. */
  types: string[];
  /** False: ends with the newest event that there is. */
  follow: boolean;
  now: () => number;
  /** Whether the reader may have more; else the stream ends. */
  mayRead: () => boolean;
  /** The reader was too slow and has been told; what it does not read now, it never will. */
  onOverrun: () => void;
}

/** Takes events from the log as they are read, so that no reader has a buffer that grows. */
export class EventStream extends Readable {
  readonly #log: EventLog;
  readonly #options: EventStreamOptions;
  /** Where the log ended when the client came. */
  readonly #present: number;
  readonly #unfollow: () => void;
  readonly #beating: NodeJS.Timeout;
  /** Null before the first read. */
  #position: number | null = null;
  #wanted = false;

  constructor(log: EventLog, options: EventStreamOptions) {
    super();
    this.#log = log;
    this.#options = options;
    this.#present = log.next;
    this.#unfollow = log.follow(() => this.#position !== null && this.#pump(this.#position));
    this.#beating = setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
  }

  override _read(): void {
    this.#wanted = true;
    this.#position ??= this.#begin();
    this.#pump(this.#position);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stop();
    callback(error);
  }

  #begin(): number {
    const { after } = this.#options;
    if (after === undefined) return this.#present;
    if (after === 'oldest') return this.#log.oldest;
    const position = this.#log.after(after);
    if (position !== null && position >= this.#log.oldest) return position;
    const which = position === null ? 'it is not of this life of the framework' : 'it is not kept any more';
    this.push(this.#gap(after, this.#log.oldest, `what came after ${after} cannot be told: ${which}`));
    return this.#log.oldest;
  }

  #pump(from: number): void {
    if (!this.#options.mayRead()) {
      this.#finish();
      return;
    }
    if (from < this.#log.oldest) {
      this.#overrun(from);
      return;
    }
    const end = this.#options.follow ? this.#log.next : this.#present;
    for (this.#position = from; this.#wanted && this.#position < end; this.#position += 1) {
      const event = this.#log.at(this.#position) as KeptEvent;
      if (this.#options.types.length > 0 && !this.#options.types.includes(event.type)) continue;
      this.#wanted = this.push(`id: ${event.id}\nevent: ${event.type}\ndata: ${event.data}\n\n`);
    }
    if ((!this.#options.follow || this.#log.ended) && this.#position >= end) this.#finish();
  }

  #overrun(position: number): void {
    const reason = 'this reader was too slow, and events that it has not read are not kept any more; the stream ends';
    this.push(this.#gap(this.#log.idAt(position - 1), this.#log.oldest, reason));
    this.#finish();
    this.#options.onOverrun();
  }

  #finish(): void {
    this.#stop();
    this.push(null);
  }

  #stop(): void {
    this.#wanted = false;
    this.#unfollow();
    clearInterval(this.#beating);
  }

  /** Has no id: whoever comes back names the last event that it has seen. */
  #gap(after: string, oldest: number, reason: string): string {
    const missed = this.#log.after(after);
    const content = {
      eventType: 'gap',
      timestamp: new Date(this.#options.now()).toISOString(),
      after,
      oldest: this.#log.idAt(oldest),
      missed: missed === null ? null : oldest - missed,
      reason,
    };
    return `event: gap\ndata: ${JSON.stringify(content)}\n\n`;
  }

  #beat(): void {
    if (!this.#options.mayRead()) this.#finish();
    else if (this.#wanted) this.#wanted = this.push(': heartbeat\n\n');
  }
}
