import type { AppView } from '../service.js';
import { appSummary, lastTaskFailure, taskJson } from './answers.js';
import { taskStats } from './task-stats.js';

/** What the names of an app's parts begin with in `?embed=`, by where the app is shown: `apps.tasks`, `group.apps.tasks`. */
type Prefix = 'apps' | 'app' | 'group.apps';

/** An app with the parts that are asked for; counts and deployments are always there, as in Marathon. */
export function summaryWith(app: AppView, embedded: string[], prefix: Prefix, nowMs: number) {
  return { ...appSummary(app), ...partsOf(app, embedded, prefix, nowMs) };
}

/** `failures` is Marathon's older name for tasks with the last failure. */
export function partsOf(app: AppView, embedded: string[], prefix: Prefix, nowMs: number) {
  const has = (part: string) => embedded.includes(`${prefix}.${part}`) || embedded.includes(`${prefix}.failures`);
  return {
    ...(has('tasks') && { tasks: app.tasks.map((task) => taskJson(task, app)) }),
    ...(has('lastTaskFailure') && lastTaskFailure(app)),
    ...(embedded.includes(`${prefix}.taskStats`) && taskStats(app, nowMs)),
  };
}
