/** Whether processes use more and more: what each used at least in one window of time beside what it used in a later one. Pure. */
import type { Usage } from './usage.js';

export interface Sample extends Usage {
  /** Since the begin. */
  atMs: number;
}

export interface Growth {
  before: Usage;
  after: Usage;
}

const megabyte = 1 << 20;
/** Shorter ones say nothing: programs warm up. */
const judgedFromMs = 240_000;
/** As parts of the time. The leader is lost at a tenth, and another replica has joined by the first. */
const windows = { before: [1 / 2, 5 / 8], after: [7 / 8, 1] } as const;

/** How much more is no growth: the allocator's, and what clients have open just then. */
export const allowed: Usage = { memoryBytes: 16 * megabyte, descriptors: 4, threads: 2 };
/** Of memory that large programs may have beyond that. */
const allowedShare = 0.1;

const keys = ['memoryBytes', 'descriptors', 'threads'] as const;

/** Of a process that was there in both windows; null for others. */
export function growthOf(samples: Sample[], overMs: number): Growth | null {
  const lowest = ([from, to]: readonly [number, number]): Usage | null => {
    const seen = samples.filter(({ atMs }) => atMs >= from * overMs && atMs <= to * overMs);
    if (seen.length === 0) return null;
    const least = (key: keyof Usage) => Math.min(...seen.map((sample) => sample[key]));
    return { memoryBytes: least('memoryBytes'), descriptors: least('descriptors'), threads: least('threads') };
  };
  const before = lowest(windows.before);
  const after = lowest(windows.after);
  return before === null || after === null || overMs < judgedFromMs ? null : { before, after };
}

/** What has grown beyond what is allowed. */
export function excess({ before, after }: Growth): (keyof Usage)[] {
  const margin = (key: keyof Usage) =>
    Math.max(allowed[key], key === 'memoryBytes' ? allowedShare * before.memoryBytes : 0);
  return keys.filter((key) => after[key] - before[key] > margin(key));
}
