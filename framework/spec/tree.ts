import type { AppSpec } from '../app.js';
import { Problems, type Rejection, show } from './problems.js';

/**
 * Rules between apps: ids form a tree in which inner nodes are groups of apps, and dependencies have no cycle.
 * `apps` is every app as it would be after the change; null when they get along.
 */
export function checkTree(apps: AppSpec[], changed: AppSpec[]): Rejection | null {
  const problems = new Problems();
  const ids = new Set(apps.map((app) => app.id));
  const childOf = new Map(apps.flatMap(({ id }) => groupsOf(id).map((group) => [group, id])));
  for (const app of changed) {
    const clash = childOf.get(app.id) ?? groupsOf(app.id).find((group) => ids.has(group));
    if (clash === undefined) continue;
    const remedy = `${show(app.id)} and ${show(clash)} cannot both be apps: one is the path of the other; rename one`;
    problems.add('rule', '/id', 'Groups and Applications may not have the same identifier.', remedy);
  }
  const cycle = findCycle(new Map(apps.map((app) => [app.id, app.dependencies])));
  if (cycle !== null) {
    const remedy = `${cycle.join(' needs ')}; remove one of these dependencies`;
    problems.add('rule', '/dependencies', 'Dependency graph has cyclic dependencies.', remedy);
  }
  return problems.none ? null : problems.rejection();
}

/** `/a/b` and `/a` for `/a/b/c`. */
function groupsOf(id: string): string[] {
  const segments = id.split('/').slice(1, -1);
  return segments.map((_, index) => `/${segments.slice(0, index + 1).join('/')}`);
}

interface Step {
  id: string;
  rest: string[];
}

/** A path that ends where it began, or null. Depth first without recursion: the graph comes from users. */
function findCycle(dependencies: Map<string, string[]>): string[] | null {
  const done = new Set<string>();
  for (const start of dependencies.keys()) {
    const cycle = findCycleFrom(start, dependencies, done);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** Adds to `done` what leads to no cycle. */
function findCycleFrom(start: string, dependencies: Map<string, string[]>, done: Set<string>): string[] | null {
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
