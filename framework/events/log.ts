/** The last events, numbered, for streams that follow them and for those that come back. */
import type { PublicEvent } from './event.js';

export interface KeptEvent {
  /** Names it for `Last-Event-ID`. */
  id: string;
  type: string;
  /** JSON in one line. */
  data: string;
}

/** Whichever is reached first; the newest event is kept in any case. */
const EVENTS_MAX = 8192;
const CHARACTERS_MAX = 16 * 2 ** 20;

/**
 * Positions count from 0 for the life of the log. Every reader has a position of its own, so that a slow one costs nothing: what
 * it has not read when it is dropped here, it has missed.
 */
export class EventLog {
  readonly #kept = new Map<number, KeptEvent>();
  readonly #listeners = new Set<() => void>();
  #next = 0;
  #oldest = 0;
  #characters = 0;
  #ended = false;

  /** `name`: of this log among those of other lives of the framework. */
  constructor(
    readonly name: string,
    readonly eventsMax = EVENTS_MAX,
  ) {}

  /** Of the event that comes next. */
  get next(): number {
    return this.#next;
  }

  /** Of the oldest event that is kept; `next` when there is none. */
  get oldest(): number {
    return this.#oldest;
  }

  publish(event: PublicEvent): void {
    const kept = { id: this.idAt(this.#next), type: event.eventType, data: JSON.stringify(event) };
    this.#kept.set(this.#next, kept);
    this.#next += 1;
    this.#characters += kept.data.length;
    while (this.#kept.size > 1 && (this.#kept.size > this.eventsMax || this.#characters > CHARACTERS_MAX)) this.#drop();
    for (const listener of [...this.#listeners]) listener();
  }

  /** Nothing comes any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Streams that follow it end with its newest event. */
  end(): void {
    this.#ended = true;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Undefined: not any more, or not yet. */
  at(position: number): KeptEvent | undefined {
    return this.#kept.get(position);
  }

  idAt(position: number): string {
    return `${this.name}-${position}`;
  }

  /** The position after the event of this id; null: the id is not of this log. */
  after(id: string): number | null {
    const [, name, digits] = /^(.*)-(\d{1,15})$/.exec(id) ?? [];
    const position = Number(digits);
    return name === this.name && position < this.#next ? position + 1 : null;
  }

  /** Calls `listener` after every event until the returned function is called. */
  follow(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #drop(): void {
    this.#characters -= this.#kept.get(this.#oldest)?.data.length ?? 0;
    this.#kept.delete(this.#oldest);
    this.#oldest += 1;
  }
}
