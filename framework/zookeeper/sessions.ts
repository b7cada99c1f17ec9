import type { SessionOptions } from './session.js';
import { ZooKeeper } from './zookeeper.js';

export interface SessionsOptions {
  session: SessionOptions;
  /** Between the end of one and the beginning of the next. */
  pauseMs: number;
  /** What each is for. Rejects when the session is over, or nothing can be done with it. */
  use: (zooKeeper: ZooKeeper) => Promise<never>;
  /** Told when one has ended by itself. */
  ended: (cause: Error) => void;
}

/** One session after the other, from `start` until `stop`. */
export class Sessions {
  readonly #options: SessionsOptions;
  #current: ZooKeeper | null = null;
  #pausing: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** In a pause the one before. */
  get current(): ZooKeeper | null {
    return this.#current;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#pausing) clearTimeout(this.#pausing);
    this.#current?.close();
  }

  async #run(): Promise<void> {
    const { session, pauseMs, use, ended } = this.#options;
    if (this.#stopped) return;
    const zooKeeper = new ZooKeeper(session);
    this.#current = zooKeeper;
    try {
      await use(zooKeeper);
    } catch (error) {
      zooKeeper.close();
      if (this.#stopped) return;
      ended(error as Error);
      this.#pausing = setTimeout(() => this.start(), pauseMs);
    }
  }
}
