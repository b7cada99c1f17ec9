/** What happened in a run, by the time since its clients began. */
import type { NemesisName } from './nemeses.js';

/** Of a strike that begins, or does not. */
export interface Attempt {
  nemesis: NemesisName;
  /** Why it has met nobody; undefined: it has. */
  missed?: string;
  /** It can meet nobody here at all. */
  isImpossible?: boolean;
}

export interface Moment {
  ms: number;
  /** `failed`: of a strike that could not be begun or ended as meant. */
  kind: 'strike' | 'end' | 'skipped' | 'failed' | 'system';
  text: string;
  attempt?: Attempt;
}

export class Timeline {
  readonly moments: Moment[] = [];
  #beginMs = performance.now();

  begin(): void {
    this.#beginMs = performance.now();
  }

  get ms(): number {
    return Math.round(performance.now() - this.#beginMs);
  }

  /** Of a time by `performance.now()`. */
  msOf(atMs: number): number {
    return Math.round(atMs - this.#beginMs);
  }

  tell(kind: Moment['kind'], text: string, attempt?: Attempt): void {
    this.moments.push({ ms: this.ms, kind, text, ...(attempt && { attempt }) });
  }
}
