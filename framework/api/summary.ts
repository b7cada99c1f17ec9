import type { AppView } from '../service.js';
import { appSummary, lastTaskFailure, taskJson } from './answers.js';

/** An app in a list; `prefix` is what the names of its parts begin with: `apps.tasks`, `group.apps.tasks`. */
export function summaryWith(app: AppView, embedded: string[], prefix: 'apps' | 'group.apps') {
  const has = (part: string) => embedded.includes(`${prefix}.${part}`);
  return {
    ...appSummary(app),
    ...(has('tasks') && { tasks: app.tasks.map((task) => taskJson(task, app)) }),
    ...(has('lastTaskFailure') && lastTaskFailure(app)),
  };
}
