/** What is told of many repetitions. Pure. */
import { percentile, round } from '../measure.js';
import type { Link, Service } from './load-shape.js';
import type { Repetition, Sample } from './measured.js';
import type { ProcessorTime } from './processor-time.js';

export const names = ['bare', 'colo', 'fullPages', 'gaia'] as const;
export type Name = (typeof names)[number];
export type Repetitions = Record<Name, Partial<Repetition>[]>;

interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Of one server over one link. An arrangement of which no repetition ended has no figures, and a field that needs them is null. */
export function compare(all: Repetitions, link: Link, service: Service) {
  const of = (name: Name) => all[name].flatMap((one) => one[name === 'bare' ? 'unlimited' : link]?.[service] ?? []);
  const speed = (name: Name) => spread(of(name).map(({ answersPerSecond }) => answersPerSecond));
  const bytes = (name: Name) => spread(of(name).map(({ bytesPerAnswer }) => bytesPerAnswer));
  const versus = (peer: Name) => ratio(speed('gaia'), speed(peer));
  const view = (name: Name) => [
    name,
    { answersPerSecond: speed(name), bytesPerAnswer: bytes(name), ...times(of(name)) },
  ];
  return {
    throughputVsBare: versus('bare'),
    throughputVsColo: versus('colo'),
    throughputVsFullPages: versus('fullPages'),
    bytesReductionVsFullPages: ratio(bytes('fullPages'), bytes('gaia')),
    ...ofRounds(of('gaia')),
    arrangements: Object.fromEntries(names.map(view)),
  };
}

/** Of few: between the two middle ones of an even number. */
function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (place: number) => sorted[place] as number;
  return (at((values.length - 1) >> 1) + at(values.length >> 1)) / 2;
}

function spread(values: number[]): Spread | null {
  if (values.length === 0) return null;
  return { median: round(median(values)), min: round(Math.min(...values)), max: round(Math.max(...values)) };
}

function ratio(upper: Spread | null, lower: Spread | null): number | null {
  return upper === null || lower === null || lower.median === 0 ? null : round(upper.median / lower.median);
}

function times(samples: Sample[]) {
  if (samples.length === 0) return { repetitions: 0 };
  const middle = (pick: (sample: Sample) => number) => round(median(samples.map(pick)));
  return {
    repetitions: samples.length,
    p50Us: middle(({ p50Us }) => p50Us),
    p99Us: middle(({ p99Us }) => p99Us),
    /** Of all cards together. */
    mbitsSent: middle((one) => (one.answersPerSecond * one.bytesPerAnswer * 8) / 1e6),
    primaryUsPerAnswer: processorParts(samples),
    rounds: middle(({ rounds }) => rounds.length),
    dirtyPagesPerRound: middle(({ rounds }) => mean(rounds.map(({ dirtyPages }) => dirtyPages))),
  };
}

/** Medians; `all` is one of sums, and not the sum of the others. */
function processorParts(samples: Sample[]) {
  const parts: (keyof ProcessorTime)[] = ['guest', 'restOfQemu', 'loop', 'consensus'];
  const middle = (pick: (us: ProcessorTime) => number) =>
    round(median(samples.map(({ usPerAnswer }) => pick(usPerAnswer))));
  const all = middle((us) => parts.reduce((sum, part) => sum + us[part], 0));
  return { all, ...Object.fromEntries(parts.map((part) => [part, middle((us) => us[part])])) };
}

const mean = (values: number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, one) => sum + one, 0) / values.length;

/** Of all rounds of all repetitions: pauses, and the share of dirty pages whose content did not cross. */
function ofRounds(samples: Sample[]) {
  const rounds = samples.flatMap((sample) => sample.rounds);
  if (rounds.length === 0) return { pauseP50Ms: null, pauseP99Ms: null, equalPagesPercent: null };
  const pausesMs = rounds.map(({ pauseUs }) => pauseUs / 1000);
  const pages = (pick: 'dirtyPages' | 'sentPages') => rounds.reduce((sum, one) => sum + one[pick], 0);
  return {
    pauseP50Ms: round(percentile(pausesMs, 0.5)),
    pauseP99Ms: round(percentile(pausesMs, 0.99)),
    equalPagesPercent: round(100 * (1 - pages('sentPages') / Math.max(1, pages('dirtyPages')))),
  };
}
