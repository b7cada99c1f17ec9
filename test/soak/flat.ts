/** Whether what is read of something again and again stays as it is: medians of the first and the last tenth of the time after the warm-up. Pure. */
import lodash from 'lodash';

/** What is read at one time, by name. */
export type Reading = Record<string, number>;

export interface Sample {
  /** Since the begin. */
  atMs: number;
  reading: Reading;
}

export interface Change {
  before: number;
  after: number;
}

/** Programs fill their caches, and the framework its plots of a quarter of an hour. */
export const warmUpShare = 1 / 4;
/** Shorter ones say nothing: their warm-up is none. */
export const judgedFromMs = 20 * 60_000;
/** Growth that is none. */
export const allowedShare = 0.01;
/** What such medians are apart where nothing grows: a heap comes in pages, and is collected now and then. */
const resolution: Reading = { memoryBytes: 2 ** 20, timers: 1 };

/** Of what was there in both tenths, by name; null for others. */
export function changesOf(samples: Sample[], overMs: number): Record<string, Change> | null {
  const warmUpMs = overMs * warmUpShare;
  const tenthMs = (overMs - warmUpMs) / 10;
  const first = within(samples, warmUpMs, warmUpMs + tenthMs);
  const last = within(samples, overMs - tenthMs, overMs);
  if (overMs < judgedFromMs || first.length === 0 || last.length === 0) return null;
  const names = Object.keys(last[0] as Reading);
  const change = (name: string) => ({ before: median(first, name), after: median(last, name) });
  return Object.fromEntries(names.map((name) => [name, change(name)]));
}

const within = (samples: Sample[], fromMs: number, toMs: number): Reading[] =>
  samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).map(({ reading }) => reading);

function median(readings: Reading[], name: string): number {
  const sorted = lodash.sortBy(readings.map((reading) => reading[name] ?? 0));
  return sorted[Math.floor(sorted.length / 2)] as number;
}

/** A sentence for each that has grown. */
export function growths(who: string, changes: Record<string, Change>): string[] {
  return Object.entries(changes).flatMap(([name, { before, after }]) =>
    after - before > Math.max(allowedShare * before, resolution[name] ?? 0)
      ? [`${who}: ${name} has grown from ${before} to ${after}`]
      : [],
  );
}
