import { installation } from '../installation.js';
import type { Change } from '../scheduler/state.js';

/** Form of the records. Raised by a change that older versions would misread. */
export const schemaVersion = 1;

/** Null: this program reads records of the version `found`. Else why not, and what to do; to be put behind the store's name. */
export function schemaRefusal(found: unknown): string | null {
  if (found === schemaVersion) return null;
  const other = Number(found) > schemaVersion ? 'a later' : 'another';
  return (
    `its records have schema version ${found}, this program reads version ${schemaVersion}; ${other} GAIA than ` +
    `${installation.version} wrote them: use that one, or restore a backup that ${installation.version} has written into a new store`
  );
}

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
