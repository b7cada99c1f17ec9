/** What happened in a run, by the time since its clients began. */

export interface Moment {
  ms: number;
  kind: 'strike' | 'end' | 'skipped' | 'system';
  text: string;
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

  tell(kind: Moment['kind'], text: string): void {
    this.moments.push({ ms: this.ms, kind, text });
  }
}
