/** What a run leaves to read: report.json, which has everything, and a page made from it. */
import type { AnyCall } from '../history.js';
import type { Schedule } from '../schedule.js';
import type { NemesisTally } from '../tally.js';
import type { Moment } from '../timeline.js';
import type { Finding } from '../verdict.js';
import type { Violated } from './calls.js';

export interface GroupHistory {
  group: string;
  calls: AnyCall[];
}

/** What the scheduler told of an app, oldest first, as far back as it keeps it. */
export interface Story {
  app: string;
  lines: string[];
}

export interface Report {
  schedule: Schedule;
  findings: Finding[];
  timeline: Moment[];
  nemeses: NemesisTally[];
  histories: GroupHistory[];
  /** Objects that were not linearizable, the first one of a type. */
  violated: Violated[];
  stories: Story[];
  /** By `performance.now()`, when the clients began, as times of calls are. */
  beginNs: number;
}

/** Answers in each second of a run. */
export function answersPerSecond({ calls }: GroupHistory, beginNs: number): number[] {
  const counts: number[] = [];
  for (const call of calls) {
    if (call.outcome !== 'returned') continue;
    const second = Math.max(0, Math.floor((call.returnNs - beginNs) / 1e9));
    counts[second] = (counts[second] ?? 0) + 1;
  }
  return Array.from(counts, (count) => count ?? 0);
}

export function longestPauseMs({ calls }: GroupHistory, beginNs: number): number {
  const answeredNs = calls
    .flatMap((call) => (call.outcome === 'returned' ? [call.returnNs] : []))
    .sort((a, b) => a - b);
  const gaps = answeredNs.map((ns, index) => ns - (answeredNs[index - 1] ?? beginNs));
  return Math.round(gaps.reduce((most, gap) => Math.max(most, gap), 0) / 1e6);
}
