import type { Leadership } from '../service.js';
import { StoreError } from '../store/store.js';

/** What a scheduler does while it leads. */
export interface Reign {
  /** Rejects when it cannot go on. */
  readonly failed: Promise<never>;
  /** From the call on it acts no more; resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** A process that leads, or would. */
export interface Standing extends Leadership {
  /** Rejects when the process must end. */
  readonly failed: Promise<never>;
  /** `address`: host:port at which the others reach this scheduler's API. */
  start(address: string): void;
  /** Ends a reign, and gives up standing. */
  stop(): Promise<void>;
}

/** Another scheduler has taken over. */
export class LostReign extends Error {
  override readonly name = 'LostReign';
}

/** The causes after which this process may stand again; others end it. */
export function isLost(error: unknown): boolean {
  return error instanceof LostReign || (error instanceof StoreError && error.lost);
}
