import type { AppGroup, AppSpec } from '../app.js';
import { ancestorsOf, type DependencyGraph, dependencyGraph, subjectOf } from './dependencies.js';
import { Problems, type Rejection, show } from './problems.js';

/**
 * Rules between apps: ids form a tree in which inner nodes are groups of apps, and dependencies have no cycle.
 * `apps` and `groups` are all as they would be after the change; null when they get along.
 */
export function checkTree(apps: AppSpec[], changed: AppSpec[], groups: AppGroup[] = []): Rejection | null {
  const problems = new Problems();
  const ids = new Set(apps.map((app) => app.id));
  const above = apps.flatMap(({ id }) => ancestorsOf(id).map((group) => [group, id] as const));
  const childOf = new Map([...groups.map(({ id }) => [id, `the group ${id}`] as const), ...above]);
  for (const app of changed) {
    const clash = childOf.get(app.id) ?? ancestorsOf(app.id).find((group) => ids.has(group));
    if (clash === undefined) continue;
    const remedy = `${show(app.id)} and ${show(clash)} cannot both be apps: one is the path of the other; rename one`;
    problems.add('rule', '/id', 'Groups and Applications may not have the same identifier.', remedy);
  }
  const cycle = findCycle(dependencyGraph(apps, groups));
  if (cycle !== null) {
    const names = cycle.flatMap((node) => subjectOf(node) ?? []);
    const closed = names[0] === names.at(-1) ? names : [...names, names[0]];
    const remedy = `${closed.join(' needs ')}; remove one of these dependencies`;
    problems.add('rule', '/dependencies', 'Dependency graph has cyclic dependencies.', remedy);
  }
  return problems.none ? null : problems.rejection();
}

interface Step {
  id: string;
  rest: string[];
}

/** A path that ends where it began, or null. Depth first without recursion: the graph comes from users. */
function findCycle(dependencies: DependencyGraph): string[] | null {
  const done = new Set<string>();
  for (const start of dependencies.keys()) {
    const cycle = findCycleFrom(start, dependencies, done);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** Adds to `done` what leads to no cycle. */
function findCycleFrom(start: string, dependencies: DependencyGraph, done: Set<string>): string[] | null {
  const path: Step[] = [];
  const onPath = new Set<string>();
  const enter = (id: string) => {
    path.push({ id, rest: [...(dependencies.get(id) ?? [])] });
    onPath.add(id);
  };
  enter(start);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const next = top.rest.pop();
    if (next === undefined) {
      done.add(top.id);
      onPath.delete(top.id);
      path.pop();
    } else if (onPath.has(next)) {
      const ids = path.map((step) => step.id);
      return [...ids.slice(ids.indexOf(next)), next];
    } else if (!done.has(next)) {
      enter(next);
    }
  }
  return null;
}
