/** Whether what is read of something again and again grows: what it was at least in one window of time beside another, later one. Pure. */

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

export interface Rule {
  /** Shorter times say nothing: everything warms up. */
  judgedFromMs: number;
  /** Windows, as parts of the time. */
  before: readonly [from: number, to: number];
  after: readonly [from: number, to: number];
  /** How much more is no growth, by name; of what is left out none is. */
  amounts: Reading;
  /** The same as a part of what there was; the larger one counts. */
  shares: Reading;
}

/** Of what was there in both windows, by name; null for others. */
export function changesOf(samples: Sample[], overMs: number, rule: Rule): Record<string, Change> | null {
  const before = within(samples, overMs, rule.before);
  const after = within(samples, overMs, rule.after);
  if (overMs < rule.judgedFromMs || before.length === 0 || after.length === 0) return null;
  const names = namesIn(after).filter((name) => namesIn(before).includes(name));
  return Object.fromEntries(names.map((name) => [name, { before: least(before, name), after: least(after, name) }]));
}

export const within = (samples: Sample[], overMs: number, [from, to]: readonly [number, number]): Reading[] =>
  samples.filter(({ atMs }) => atMs >= from * overMs && atMs <= to * overMs).map(({ reading }) => reading);

/** Not each reading has all: some are dear. */
const namesIn = (readings: Reading[]): string[] => [...new Set(readings.flatMap((reading) => Object.keys(reading)))];

/** What peaks have in common. */
export const least = (readings: Reading[], name: string) =>
  Math.min(...readings.flatMap((reading) => reading[name] ?? []));

/** A sentence for each that has grown. */
export function growths(who: string, changes: Record<string, Change>, rule: Rule): string[] {
  const margin = (name: string, before: number) => Math.max(rule.amounts[name] ?? 0, (rule.shares[name] ?? 0) * before);
  return Object.entries(changes).flatMap(([name, { before, after }]) =>
    after - before > margin(name, before) ? [`${who}: ${name} has grown from ${before} to ${after}`] : [],
  );
}
