/** Maps that remember a bounded number of things. */

/** Sets `key` as the newest entry; beyond `max` entries the one that was set longest ago is forgotten. */
export function setNewest<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, max: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= max) break;
    map.delete(oldest);
  }
}
