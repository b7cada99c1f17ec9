/** How the process that leads is: what passes between it, the master and the store. */
import { nothingCounted, withValue, writeSecondsBounds } from './distribution.js';
import type { Vitals } from './service.js';

const isoOrNull = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

export class Pulse {
  #subscriptions = 0;
  readonly #calls: Record<string, number> = {};
  #callsLost = 0;
  #writeSeconds = nothingCounted;
  #lastWriteMs: number | null = null;
  #writingSinceMs: number | null = null;

  subscribed(): void {
    this.#subscriptions += 1;
  }

  called(type: string): void {
    this.#calls[type] = (this.#calls[type] ?? 0) + 1;
  }

  callLost(): void {
    this.#callsLost += 1;
  }

  /** One at a time. */
  async write(write: () => Promise<void>): Promise<void> {
    const startMs = performance.now();
    this.#writingSinceMs = startMs;
    await write();
    this.#writeSeconds = withValue(this.#writeSeconds, writeSecondsBounds, (performance.now() - startMs) / 1000);
    this.#lastWriteMs = Date.now();
    this.#writingSinceMs = null;
  }

  vitals(masterHeardMs: number | null, eventsWaiting: number): Vitals {
    const since = this.#writingSinceMs;
    return {
      masterHeardAt: isoOrNull(masterHeardMs),
      subscriptions: this.#subscriptions,
      calls: { ...this.#calls },
      callsLost: this.#callsLost,
      eventsWaiting,
      store: {
        writeSeconds: this.#writeSeconds,
        lastWriteAt: isoOrNull(this.#lastWriteMs),
        writingSeconds: since === null ? null : (performance.now() - since) / 1000,
      },
    };
  }
}
