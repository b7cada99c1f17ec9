/** What the replicas of each app have counted, in steps of five seconds, for plots of the last quarter of an hour. */
import lodash from 'lodash';
import type { Distribution } from '../../executor/assignment.js';
import { quantile } from '../distribution.js';
import type { SeriesPoint } from '../series.js';
import type { Context, Memory } from './context.js';
import type { TaskRecord } from './records.js';

export const seriesStepMs = 5000;
const pointsMax = 180;

export interface AppSeries {
  /** The app's at the last step: the same list, and nothing has been told since. */
  tasks: readonly TaskRecord[];
  /** By task, as it was told last. */
  counted: ReadonlyMap<string, Counted>;
  /** Oldest first. Each holds until the next: those that say the same are left out, so that groups at rest cost nothing. */
  points: readonly SeriesPoint[];
  /** The last step found what the one before it had found. */
  isAtRest: boolean;
}

interface Counted {
  commits: number;
  elections: number;
  latencyNs: Distribution;
}

const nothingCounted: AppSeries['counted'] = new Map();
const noSeries: AppSeries = { tasks: [], counted: nothingCounted, points: [], isAtRest: false };

/** A step that comes late is one longer step. */
export function sampleSeries({ memory, state, now }: Context): void {
  const { series, sampledMs } = memory;
  const before = sampledMs.at(-1) ?? 0;
  if (now - before < seriesStepMs) return;
  memory.sampledMs = [...sampledMs, now].slice(-pointsMax);
  for (const id of series.keys()) if (!state.apps.get(id)?.group) series.delete(id);
  for (const app of state.apps.values()) {
    if (!app.group) continue;
    const known = series.get(app.id) ?? noSeries;
    const tasks = state.tasksOf(app.id);
    const rests = known.isAtRest && known.tasks === tasks;
    const next = rests ? known : nextSeries(known, tasks, now, (now - before) / 1000);
    series.set(app.id, shortened(next, memory.sampledMs[0] as number));
  }
}

/** Without the points that no step is left of. */
function shortened(series: AppSeries, oldestMs: number): AppSeries {
  const { points } = series;
  if ((points[1]?.atMs ?? Number.POSITIVE_INFINITY) > oldestMs) return series;
  return { ...series, points: points.slice(points.findLastIndex(({ atMs }) => atMs <= oldestMs)) };
}

/** A point for each step since the app has any. */
export function seriesOf({ series, sampledMs }: Pick<Memory, 'series' | 'sampledMs'>, appId: string): SeriesPoint[] {
  const { points } = series.get(appId) ?? noSeries;
  return sampledMs.flatMap((atMs) => {
    const inForce = points.findLast((point) => point.atMs <= atMs);
    return inForce ? [{ ...inForce, atMs }] : [];
  });
}

function nextSeries(
  { tasks: tasksBefore, counted, points }: AppSeries,
  tasks: readonly TaskRecord[],
  atMs: number,
  seconds: number,
): AppSeries {
  const now = countedBy(tasks);
  const point = { atMs, ...stepOf(counted, now, seconds), lagEntries: lagOf(tasks) };
  const last = points.at(-1);
  const isSame = last !== undefined && lodash.isEqual({ ...last, atMs }, point);
  const isAtRest = isSame && tasks === tasksBefore;
  return { tasks, counted: now, points: isSame ? points : [...points, point], isAtRest };
}

type Step = Omit<SeriesPoint, 'atMs' | 'lagEntries'>;

/** What has been counted between two steps. */
function stepOf(counted: AppSeries['counted'], now: AppSeries['counted'], seconds: number): Step {
  const pairs = [...now].flatMap(([id, after]) => {
    const before = counted.get(id);
    return before ? [{ before, after }] : [];
  });
  const grown = (name: 'commits' | 'elections') =>
    pairs.reduce((sum, { before, after }) => sum + Math.max(0, after[name] - before[name]), 0);
  const latency = grownBy(pairs.map(({ before, after }) => [before.latencyNs, after.latencyNs]));
  const known = pairs.length > 0;
  return {
    commitsPerSecond: known ? grown('commits') / seconds : null,
    p50Ns: quantile(latency, 0.5),
    p99Ns: quantile(latency, 0.99),
    elections: known ? grown('elections') : null,
  };
}

function lagOf(tasks: readonly TaskRecord[]): number | null {
  const lags = tasks.flatMap(({ replica }) => replica?.report?.lagEntries ?? []);
  return lags.length > 0 ? Math.max(...lags) : null;
}

function countedBy(tasks: readonly TaskRecord[]): AppSeries['counted'] {
  const all = tasks.flatMap(({ id, replica }): [string, Counted][] => {
    const metrics = replica?.report?.metrics;
    if (!metrics) return [];
    const { batchEntries, elections, commitLatencyNs } = metrics;
    return [[id, { commits: batchEntries.count, elections, latencyNs: commitLatencyNs }]];
  });
  return all.length > 0 ? new Map(all) : nothingCounted;
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
