/** What the API answers, asked again and again while somebody looks. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { askJson } from './session.js';

export interface Polled<T> {
  /** Null: no answer yet. */
  value: T | null;
  /** Why there is no newer one. */
  failure: Error | null;
}

/** Between two requests, however much changes. */
const PAUSE_MIN_MS = 1000;

/**
 * Asks `path` every `intervalMs`, and sooner when `version` is another; one request at a time, and none while the page is hidden. A null
 * path asks nothing.
 */
export function usePolled<T>(path: string | null, intervalMs: number, version: unknown = null): Polled<T> {
  const [known, setKnown] = useState<Polled<T> & { path: string | null }>({ path, value: null, failure: null });
  const poll = useRef<Poll<T> | null>(null);
  const seen = useRef(version);
  useEffect(() => {
    if (path === null) return;
    const polling = new Poll<T>(path, intervalMs, (answer) =>
      setKnown((before) => ({ value: before.path === path ? before.value : null, path, ...answer })),
    );
    poll.current = polling;
    return () => polling.end();
  }, [path, intervalMs]);
  useEffect(() => {
    if (Object.is(seen.current, version)) return;
    seen.current = version;
    poll.current?.hurry();
  }, [version]);
  return known.path === path ? known : { value: null, failure: null };
}

/** A failure leaves the value that there was. */
type Answer<T> = { value: T; failure: null } | { failure: Error };

class Poll<T> {
  readonly #stopping = new AbortController();
  #timer = 0;
  #askedAtMs = 0;
  #isAsking = false;
  #isHurried = false;

  constructor(
    readonly path: string,
    readonly intervalMs: number,
    readonly onAnswer: (answer: Answer<T>) => void,
  ) {
    void this.#ask();
  }

  /** What there is to know is another thing now. */
  hurry(): void {
    this.#isHurried = true;
    if (!this.#isAsking) this.#schedule();
  }

  end(): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    this.#isHurried = false;
    this.#askedAtMs = Date.now();
    const { signal } = this.#stopping;
    const answer: Answer<T> | null = document.hidden
      ? null
      : await askJson<T>(this.path, { signal }).then(
          (value) => ({ value, failure: null }),
          (failure: Error) => ({ failure }),
        );
    if (signal.aborted) return;
    if (answer !== null) this.onAnswer(answer);
    this.#isAsking = false;
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const afterMs = this.#isHurried ? PAUSE_MIN_MS : this.intervalMs;
    this.#timer = window.setTimeout(() => this.#ask(), Math.max(0, this.#askedAtMs + afterMs - Date.now()));
  }
}
