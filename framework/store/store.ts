import type { Change } from '../scheduler/state.js';

/** Where the framework's state survives. One process at a time holds it. */
export interface Store {
  /** Everything written so far. */
  entries(): [key: string, value: object][];
  /** Writes the batch as a whole or not at all; resolves when it would survive a power failure. */
  write(changes: Change[]): Promise<void>;
  /** Gives the store up to the next process. */
  close(): Promise<void>;
}

/** The store cannot be used; the message says why and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}
