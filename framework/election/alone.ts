import type { Store } from '../store/store.js';
import type { Reign, Standing } from './reign.js';

/** The only scheduler: it leads from its start to its end. */
export class Alone implements Standing {
  readonly zooKeeper = null;
  readonly failed: Promise<never>;
  readonly #store: Store;
  readonly #begin: (store: Store) => Reign;
  #reign: Reign | null = null;
  #address: string | null = null;
  #fail!: (error: Error) => void;

  constructor(store: Store, begin: (store: Store) => Reign) {
    this.#store = store;
    this.#begin = begin;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined);
  }

  get leading(): boolean {
    return this.#reign !== null;
  }

  get leader(): string | null {
    return this.#address;
  }

  abdicate(): boolean {
    return false;
  }

  start(address: string): void {
    this.#address = address;
    this.#reign = this.#begin(this.#store);
    this.#reign.failed.catch(this.#fail);
  }

  async stop(): Promise<void> {
    await (this.#reign ?? this.#store).close();
  }
}
