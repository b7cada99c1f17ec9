import { readdirSync } from 'node:fs';

/** All processes that /proc shows; each may end before it is looked at. */
export function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}
