/** What the API answers, asked again and again while somebody looks. */
import { useEffect, useState } from 'preact/hooks';
import { askJson } from './session.js';

export interface Polled<T> {
  /** Null: no answer yet. */
  value: T | null;
  /** Why there is no newer one. */
  failure: Error | null;
}

/**
 * Asks `path` every `intervalMs`, one request at a time, not while the page is hidden; at once when `path` or `version` is another. Null:
 * nothing.
 */
export function usePolled<T>(path: string | null, intervalMs: number, version: unknown = null): Polled<T> {
  const [known, setKnown] = useState<Polled<T> & { path: string | null }>({ path, value: null, failure: null });
  useEffect(() => {
    if (path === null) return;
    const stopping = new AbortController();
    const { signal } = stopping;
    let timer = 0;
    const attempt = async () => {
      if (!document.hidden) {
        const answer = await askJson<T>(path, { signal }).then(
          (value) => ({ value, failure: null }),
          (failure: Error) => ({ failure }),
        );
        if (signal.aborted) return;
        setKnown((before) => ({ value: before.path === path ? before.value : null, path, ...answer }));
      }
      timer = window.setTimeout(attempt, intervalMs);
    };
    void attempt();
    return () => {
      stopping.abort();
      clearTimeout(timer);
    };
  }, [path, intervalMs, version]);
  return known.path === path ? known : { value: null, failure: null };
}
