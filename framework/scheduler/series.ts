/** What the replicas of each app have counted, in steps of five seconds, for plots of the last quarter of an hour. */
import type { Distribution } from '../../executor/assignment.js';
import { quantile } from '../distribution.js';
import type { SeriesPoint } from '../series.js';
import type { Context } from './context.js';
import type { TaskRecord } from './records.js';

export const seriesStepMs = 5000;
const pointsMax = 180;

export interface AppSeries {
  /** By task, as it was told last. */
  counted: Map<string, Counted>;
  points: SeriesPoint[];
}

interface Counted {
  commits: number;
  elections: number;
  latencyNs: Distribution;
}

/** A step that comes late is one longer step. */
export function sampleSeries({ memory, state, now }: Context): void {
  if (now - memory.sampledMs < seriesStepMs) return;
  const seconds = (now - memory.sampledMs) / 1000;
  memory.sampledMs = now;
  for (const id of memory.series.keys()) if (!state.apps.get(id)?.group) memory.series.delete(id);
  for (const app of state.apps.values()) {
    if (!app.group) continue;
    const series = memory.series.get(app.id) ?? { counted: new Map(), points: [] };
    memory.series.set(app.id, nextSeries(series, state.tasksOf(app.id), now, seconds));
  }
}

function nextSeries(
  { counted, points }: AppSeries,
  tasks: readonly TaskRecord[],
  atMs: number,
  seconds: number,
): AppSeries {
  const now = new Map(tasks.flatMap((task) => countedBy(task)));
  const pairs = [...now].flatMap(([id, after]) => {
    const before = counted.get(id);
    return before ? [{ before, after }] : [];
  });
  const grown = (name: 'commits' | 'elections') =>
    pairs.reduce((sum, { before, after }) => sum + Math.max(0, after[name] - before[name]), 0);
  const latency = grownBy(pairs.map(({ before, after }) => [before.latencyNs, after.latencyNs]));
  const lags = tasks.flatMap(({ replica }) => replica?.report?.lagEntries ?? []);
  const known = pairs.length > 0;
  const point = {
    atMs,
    commitsPerSecond: known ? grown('commits') / seconds : null,
    p50Ns: quantile(latency, 0.5),
    p99Ns: quantile(latency, 0.99),
    lagEntries: lags.length > 0 ? Math.max(...lags) : null,
    elections: known ? grown('elections') : null,
  };
  return { counted: now, points: [...points, point].slice(-pointsMax) };
}

function countedBy({ id, replica }: TaskRecord): [string, Counted][] {
  const metrics = replica?.report?.metrics;
  if (!metrics) return [];
  const { batchEntries, elections, commitLatencyNs } = metrics;
  return [[id, { commits: batchEntries.count, elections, latencyNs: commitLatencyNs }]];
}

/** What has come to the distributions, together. */
function grownBy(pairs: [before: Distribution, after: Distribution][]): Distribution {
  const counts = new Map<number, number>();
  for (const [before, after] of pairs) {
    if (before === after) continue;
    const had = new Map(before.buckets);
    for (const [valueMax, count] of after.buckets)
      counts.set(valueMax, (counts.get(valueMax) ?? 0) + Math.max(0, count - (had.get(valueMax) ?? 0)));
  }
  const buckets = [...counts].filter(([, count]) => count > 0).sort(([one], [other]) => one - other);
  return { count: buckets.reduce((sum, [, count]) => sum + count, 0), sum: 0, buckets };
}
