/** What a day was like: broken promises, and what has grown from its second hour to its last one. Pure. */
import { type Change, changesOf, growths, type Reading, type Sample } from '../growth/growth.js';
import { ofDay } from '../growth/rules.js';

export interface Day {
  /** In simulated time. */
  overMs: number;
  samples: Sample[];
  /** Of what goes up and down, how much more is no growth. */
  breathes: Reading;
  /** Each breaks a promise. */
  faults: string[];
  facts: Record<string, unknown>;
}

export interface Verdict {
  facts: Record<string, unknown>;
  changes: Record<string, Change>;
  /** The most that there was at any time. */
  peaks: Reading;
  faults: string[];
}

export function judge({ overMs, samples, breathes, faults, facts }: Day): Verdict {
  const names = Object.keys(samples[0]?.reading ?? {});
  const rule = ofDay(names, breathes);
  const changes = changesOf(samples, overMs, rule);
  const peaks = names.map((name) => [name, Math.max(...samples.map(({ reading }) => reading[name] ?? 0))]);
  const unread = changes || faults.length > 0 ? [] : ['it was not read in its second hour and its last one'];
  const grown = growths('the day', changes ?? {}, rule);
  return { facts, changes: changes ?? {}, peaks: Object.fromEntries(peaks), faults: [...faults, ...unread, ...grown] };
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** One line. */
export function summary(name: string, { changes: { memoryBytes, ...counts }, faults }: Verdict): string {
  const percent = memoryBytes ? (100 * (memoryBytes.after - memoryBytes.before)) / memoryBytes.before : Number.NaN;
  const memory = memoryBytes
    ? `memory ${mebibytes(memoryBytes.before)} in its second hour and ${mebibytes(memoryBytes.after)} in its last one (${percent.toFixed(2)} %), ${Object.keys(counts).length} counts compared`
    : 'nothing was compared';
  return `${name}: ${memory}; ${faults.length === 0 ? 'every promise was kept, and nothing has grown' : `${faults.length} faults`}`;
}
