import type { Change } from '../scheduler/state.js';

/** Form of the records. Raised by a change that older versions would misread. */
export const schemaVersion = 1;

/** Where the framework's state survives. One process at a time holds it. */
export interface Store {
  /** What had been written when it was opened. To be asked for once. */
  entries(): [key: string, value: object][];
  /** Writes the batch as a whole or not at all; resolves when it would survive a power failure. */
  write(changes: Change[]): Promise<void>;
  /** Gives the store up to the next process. */
  close(): Promise<void>;
}

/** The store cannot be used; the message says why and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** This process does not hold the store any more: another one may. */
  readonly lost: boolean;

  constructor(message: string, options: { lost?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.lost = options.lost ?? false;
  }
}
