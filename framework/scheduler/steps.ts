/** The steps of a deployment: what is removed first, then what is new without tasks, then each app after those it needs. */
import lodash from 'lodash';
import type { AppSpec } from '../app.js';
import { type DependencyGraph, depthsOf } from '../spec/dependencies.js';
import type { DeploymentAction } from './records.js';

export interface Target {
  before: AppSpec | null;
  /** Null: it is deleted. */
  after: AppSpec | null;
  restarts: boolean;
}

/** What becomes of each app. */
export type Targets = Map<string, Target>;

/** As Marathon's, but with as few steps as the dependencies allow. `graph`: of all apps as they will be. */
export function stepsOf(targets: Targets, graph: () => DependencyGraph): { actions: DeploymentAction[] }[] {
  const ids = [...targets.keys()];
  const only = (action: DeploymentAction['action'], list: string[]) => ({
    actions: list.map((app) => ({ action, app })),
  });
  const kept = ids.filter((id) => targets.get(id)?.after);
  const stopped = only('StopApplication', lodash.difference(ids, kept));
  const started = only(
    'StartApplication',
    kept.filter((id) => targets.get(id)?.before === null),
  );
  const changed = layers(kept, graph).map((layer) => ({ actions: layer.map((app) => mainAction(app, targets)) }));
  return [stopped, started, ...changed].filter(({ actions }) => actions.length > 0);
}

function mainAction(app: string, targets: Targets): DeploymentAction {
  const target = targets.get(app);
  return { action: target?.before && target.restarts ? 'RestartApplication' : 'ScaleApplication', app };
}

/** Those that need none of the others are first. */
function layers(ids: string[], graph: () => DependencyGraph): string[][] {
  if (ids.length <= 1) return [ids];
  const depths = depthsOf(graph(), new Set(ids));
  const byDepth = lodash.groupBy(ids, (id) => depths.get(id));
  return lodash.sortBy(Object.keys(byDepth), Number).map((depth) => byDepth[depth] as string[]);
}
