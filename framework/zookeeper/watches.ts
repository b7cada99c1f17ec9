import type { NodeEvent } from './messages.js';

/** Called once: look again. */
export type Watcher = () => void;

export type WatchKind = 'data' | 'children';

const kindsOf: Record<NodeEvent, WatchKind[]> = {
  created: ['data'],
  changed: ['data'],
  deleted: ['data', 'children'],
  children: ['children'],
};

/** Who wants to know of which node. A watcher is called once, by a change of its node or by the loss of the connection. */
export class Watches {
  readonly #watchers: Record<WatchKind, Map<string, Set<Watcher>>> = { data: new Map(), children: new Map() };

  add(kind: WatchKind, path: string, watcher: Watcher): void {
    const all = this.#watchers[kind];
    all.set(path, (all.get(path) ?? new Set()).add(watcher));
  }

  /** Gives back whom to call. */
  take(event: NodeEvent, path: string): Set<Watcher> {
    const found = kindsOf[event].flatMap((kind) => {
      const watchers = this.#watchers[kind].get(path) ?? [];
      this.#watchers[kind].delete(path);
      return [...watchers];
    });
    return new Set(found);
  }

  takeAll(): Set<Watcher> {
    const found = Object.values(this.#watchers).flatMap((paths) => {
      const watchers = [...paths.values()].flatMap((set) => [...set]);
      paths.clear();
      return watchers;
    });
    return new Set(found);
  }
}
