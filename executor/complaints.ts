/** What others say that makes no sense here goes into the log, but neither often nor at length: nobody is to fill the disk through it. Pure. */
import { complaintCharactersMax, complaintsMax } from './limits.js';

export class Complaints {
  private readonly counts = new Map<string, number>();

  /** The line for the log; null: of this kind enough was said. */
  about(kind: string, text: string): string | null {
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    if (count > complaintsMax) return null;
    const more = count === complaintsMax ? ' (more of this kind are not logged)' : '';
    return text.slice(0, complaintCharactersMax) + more;
  }
}
