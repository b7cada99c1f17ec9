/** What a day was like: broken promises, and what has grown from its second hour to its last one. Pure. */
import { type Change, changesOf, growths, least, type Reading, type Sample, within } from '../growth/growth.js';
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
  /** The least in each hour: nothing is judged by it. */
  liveBytesHourly: number[];
  /** The most that there was at any time. */
  peaks: Reading;
  faults: string[];
}

const hours = 24;

export function judge({ overMs, samples, breathes, faults, facts }: Day): Verdict {
  const names = Object.keys(samples[0]?.reading ?? {});
  const rule = ofDay(names, breathes);
  const changes = changesOf(samples, overMs, rule);
  const liveBytesHourly = Array.from({ length: hours }, (_, hour) =>
    least(within(samples, overMs, [hour / hours, (hour + 1) / hours]), 'liveBytes'),
  );
  const peaks = names.map((name) => [name, Math.max(...samples.map(({ reading }) => reading[name] ?? 0))]);
  const unread = changes || faults.length > 0 ? [] : ['it was not read in its second hour and its last one'];
  const grown = growths('the day', changes ?? {}, rule);
  return {
    facts,
    changes: changes ?? {},
    liveBytesHourly,
    peaks: Object.fromEntries(peaks),
    faults: [...faults, ...unread, ...grown],
  };
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** One line. */
export function summary(name: string, { changes: { liveBytes, ...others }, faults }: Verdict): string {
  const percent = liveBytes ? (100 * (liveBytes.after - liveBytes.before)) / liveBytes.before : Number.NaN;
  const live = liveBytes
    ? `live bytes ${mebibytes(liveBytes.before)} in its second hour and ${mebibytes(liveBytes.after)} in its last one (${percent.toFixed(2)} %), ${Object.keys(others).length} others compared`
    : 'nothing was compared';
  return `${name}: ${live}; ${faults.length === 0 ? 'every promise was kept, and nothing has grown' : `${faults.length} faults`}`;
}
