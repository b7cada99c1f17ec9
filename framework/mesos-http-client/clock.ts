/** Time as this library uses it; tests bring their own. */
export interface Clock {
  /** Never goes back. */
  nowMs(): number;
  /** Calls `callback` once after `delayMs`; returns what cancels it. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** The longest delay Node's timers take; a later one fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), TIMER_MS_MAX));
    return () => clearTimeout(timer);
  },
};
