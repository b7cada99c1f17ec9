/** Which apps need which others: by their own dependencies and those of the groups that they are in. */
import type { AppGroup, AppSpec } from '../app.js';

/** Nodes are ids of apps, `all of /a` (every app below it) and `needs of /a` (what every app below it needs). */
export type DependencyGraph = Map<string, string[]>;

const allOf = (id: string) => `all of ${id}`;
const needsOf = (id: string) => `needs of ${id}`;

/** As large as the apps and their dependencies together, however many apps a group has. */
export function dependencyGraph(apps: Iterable<AppSpec>, groups: Iterable<AppGroup>): DependencyGraph {
  const graph: DependencyGraph = new Map();
  const dependencies = new Map([...apps].map((app) => [app.id, app.dependencies]));
  const nodesOf = (ids: string[]) => ids.map((id) => (dependencies.has(id) ? id : allOf(id)));
  const seen = new Set<string>();
  for (const [id, own] of dependencies) {
    graph.set(id, [...nodesOf(own), needsOf(parentOf(id))]);
    add(graph, allOf(parentOf(id)), id);
    for (const group of ancestorsOf(id)) {
      if (group === '/' || seen.has(group)) continue;
      seen.add(group);
      add(graph, allOf(parentOf(group)), allOf(group));
      add(graph, needsOf(group), needsOf(parentOf(group)));
    }
  }
  for (const group of groups) for (const node of nodesOf(group.dependencies)) add(graph, needsOf(group.id), node);
  return graph;
}

/** The app or group that a node is about; null: of no interest to people. */
export function subjectOf(node: string): string | null {
  return node.startsWith('needs of ') ? null : node.replace(/^all of /, '');
}

/** `/a/b` and `/a` and `/` for `/a/b/c`, in this order. */
export function ancestorsOf(id: string): string[] {
  const segments = id.split('/').slice(1, -1);
  const above = segments.map((_, index) => `/${segments.slice(0, index + 1).join('/')}`);
  return id === '/' ? [] : ['/', ...above].reverse();
}

export const parentOf = (id: string): string => ancestorsOf(id)[0] ?? '/';

/** `group` itself and what is below it. */
export const isWithin = (id: string, group: string): boolean =>
  group === '/' || id === group || id.startsWith(`${group}/`);

/**
 * For each of `ids` how many of them it needs, one needing the other; those of one depth are independent of each other. A way
 * that comes back, which validation refuses, counts as none.
 */
export function depthsOf(graph: DependencyGraph, ids: Set<string>): Map<string, number> {
  const depths = new Map<string, number>();
  const open: { node: string; rest: string[]; depth: number }[] = [];
  const onWay = new Set<string>();
  const enter = (node: string) => {
    open.push({ node, rest: [...(graph.get(node) ?? [])], depth: 0 });
    onWay.add(node);
  };
  for (const id of ids) {
    if (!depths.has(id)) enter(id);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const next = top.rest.at(-1);
      const known = next === undefined ? undefined : depths.get(next);
      if (next === undefined) {
        depths.set(top.node, top.depth + (ids.has(top.node) ? 1 : 0));
        onWay.delete(top.node);
        open.pop();
      } else if (known === undefined && !onWay.has(next)) {
        enter(next);
      } else {
        top.depth = Math.max(top.depth, known ?? 0);
        top.rest.pop();
      }
    }
  }
  return depths;
}

function add(graph: DependencyGraph, from: string, to: string): void {
  const edges = graph.get(from);
  if (edges) edges.push(to);
  else graph.set(from, [to]);
}
