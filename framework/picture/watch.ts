/** Pictures as text/event-stream: the whole first, then what has changed since what the reader was sent last. */
import { Readable } from 'node:stream';
import type { DeploymentView } from '../service.js';
import { changesBetween, wholeOf } from './changes.js';
import type { Picture } from './rows.js';

/** More than five times a second, since one in four is skipped or comes late while scheduler or reader are busy; and a sign of life when nothing changes. */
const LOOK_MS = 140;
const ALIVE_MS = 2000;

export interface WatchOptions {
  /** @throws Error when nothing can be shown any more */
  picture: () => Picture;
  /** As a client is told of it. */
  deployment: (deployment: DeploymentView) => object;
  /** What the first event tells besides. */
  about: () => object;
  lookMs?: number;
  aliveMs?: number;
}

/** Looks as long as somebody watches, once for all of them. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #streams = new Set<WatchStream>();
  #looking: NodeJS.Timeout | null = null;
  /** When the next look is due, by performance.now(). */
  #dueMs = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  get watchers(): number {
    return this.#streams.size;
  }

  /** `mayRead`: whether its reader may have more; else the stream ends. `follow` false: it ends with the first picture. */
  open(mayRead: () => boolean, follow = true): Readable {
    const { aliveMs = ALIVE_MS } = this.#options;
    const begin = (first: WatchStream) => this.#show([first]);
    const stream = new WatchStream({ mayRead, follow, begin, aliveMs });
    this.#streams.add(stream);
    if (this.#looking === null) this.#lookNext();
    stream.once('close', () => this.#close(stream));
    return stream;
  }

  #close(stream: WatchStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0 || this.#looking === null) return;
    clearTimeout(this.#looking);
    this.#looking = null;
  }

  /** On a grid: a look that is late, as when the scheduler is busy, does not delay all that follow. */
  #lookNext(): void {
    const { lookMs = LOOK_MS } = this.#options;
    const nowMs = performance.now();
    this.#dueMs = Math.max(this.#dueMs, nowMs - lookMs) + lookMs;
    this.#looking = setTimeout(() => {
      this.#lookNext();
      this.#show(this.#streams);
    }, this.#dueMs - nowMs);
  }

  #show(streams: Iterable<WatchStream>): void {
    try {
      const picture = this.#options.picture();
      const told = new Map<Picture | null, string | null>();
      for (const stream of [...streams])
        stream.show(picture, (before) => remembered(told, before, () => this.#text(before, picture)));
    } catch (error) {
      for (const stream of [...streams]) stream.destroy(error as Error);
    }
  }

  #text(before: Picture | null, after: Picture): string | null {
    const { about, deployment } = this.#options;
    const changes = before === null ? { ...wholeOf(after), ...about() } : changesBetween(before, after);
    if (changes === null) return null;
    const deployments = 'deployments' in changes ? { deployments: after.deployments.map(deployment) } : {};
    return event(before === null ? 'snapshot' : 'changes', { ...changes, ...deployments });
  }
}

interface Reader {
  mayRead: () => boolean;
  follow: boolean;
  /** Has it shown the first picture. */
  begin: (self: WatchStream) => void;
  aliveMs: number;
}

/** Has no buffer that grows: a reader that is slow skips pictures, and is told later what differs from the last that it was sent. */
class WatchStream extends Readable {
  readonly #reader: Reader;
  #sent: Picture | null = null;
  #sentMs = 0;
  #wanted = false;

  constructor(reader: Reader) {
    super();
    this.#reader = reader;
  }

  override _read(): void {
    this.#wanted = true;
    if (this.#sent === null) this.#reader.begin(this);
  }

  show(picture: Picture, textSince: (before: Picture | null) => string | null): void {
    const { mayRead, follow, aliveMs } = this.#reader;
    if (!mayRead()) this.#finish();
    if (!this.#wanted) return;
    const text = textSince(this.#sent);
    const nowMs = performance.now();
    if (text === null && nowMs - this.#sentMs < aliveMs) return;
    this.#sent = picture;
    this.#sentMs = nowMs;
    this.#wanted = this.push(text ?? event('alive', { at: picture.at }));
    if (!follow) this.#finish();
  }

  #finish(): void {
    this.#wanted = false;
    this.push(null);
  }
}

const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;

function remembered<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  if (!known.has(key)) known.set(key, make());
  return known.get(key) as Value;
}
