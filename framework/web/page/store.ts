/** The one place where the page keeps what it knows of the cluster. */
import { useEffect, useState } from 'preact/hooks';
import { type ClusterEvent, type ClusterState, initialState, reduce } from '../model/cluster-state.js';

let state = initialState;
const listeners = new Set<() => void>();
let isDue = false;

/** What follows from it is drawn in another task: for a large cluster each takes its time. */
export function tell(event: ClusterEvent): void {
  state = reduce(state, event);
  if (!isDue) setTimeout(look);
  isDue = true;
}

function look(): void {
  isDue = false;
  for (const listener of listeners) listener();
}

/** Whether anything has been heard of the cluster. */
export const useIsKnown = () => useCluster((state) => state.connection.heardAtMs !== null);

/** What `select` takes of the state; drawn anew only when that is another value. */
export function useCluster<T>(select: (state: ClusterState) => T): T {
  const [, redraw] = useState({});
  const value = select(state);
  useEffect(() => {
    let seen = value;
    const look = () => {
      const next = select(state);
      if (Object.is(next, seen)) return;
      seen = next;
      redraw({});
    };
    listeners.add(look);
    look();
    return () => listeners.delete(look);
  });
  return value;
}
