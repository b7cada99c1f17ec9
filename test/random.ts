/** Randomness that a seed repeats. */

/** mulberry32: small, fast and the same everywhere. */
export type Random = () => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Whole numbers of 0 and above, less than what is asked. */
export type Below = (count: number) => number;

export const below =
  (random: Random): Below =>
  (count) =>
    Math.floor(random() * count);
