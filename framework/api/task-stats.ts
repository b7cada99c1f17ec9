import _ from 'lodash';
import type { AppView, TaskView } from '../service.js';
import { taskCounts } from './answers.js';

/** Marathon's statistics of an app's tasks, over those that are young, of the present configuration, of an older one, and all. */
export function taskStats({ spec, tasks }: AppView, nowMs: number): object {
  const { lastScalingAt, lastConfigChangeAt } = spec.versionInfo;
  const [current, outdated] = _.partition(tasks, ({ version }) => version >= lastConfigChangeAt);
  const groups = {
    startedAfterLastScaling: tasks.filter(({ stagedAt }) => stagedAt >= lastScalingAt),
    withLatestConfig: current,
    withOutdatedConfig: outdated,
    totalSummary: tasks,
  };
  const known = _.omitBy(groups, (some) => some.length === 0);
  return { taskStats: _.mapValues(known, (some) => ({ stats: statsOf(some ?? [], nowMs) })) };
}

function statsOf(tasks: TaskView[], nowMs: number): object {
  const lives = tasks.flatMap(({ startedAt }) => (startedAt === null ? [] : (nowMs - Date.parse(startedAt)) / 1000));
  return {
    counts: taskCounts(tasks),
    ...(lives.length > 0 && { lifeTime: { averageSeconds: _.mean(lives), medianSeconds: medianOf(lives) } }),
  };
}

function medianOf(numbers: number[]): number {
  const sorted = _.sortBy(numbers);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : _.mean(sorted.slice(middle - 1, middle + 1));
}
