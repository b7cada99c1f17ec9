/** Maps that remember a bounded number of things. */

/**
 * Sets `key` as the newest entry; beyond `max` entries the one that was set longest ago is forgotten.
 * @returns what is forgotten
 */
export function setNewest<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, max: number): Key[] {
  map.delete(key);
  map.set(key, value);
  const forgotten: Key[] = [];
  // Looking for the oldest passes all places that earlier calls have left empty.
  while (map.size > max) {
    const oldest = map.keys().next().value as Key;
    map.delete(oldest);
    forgotten.push(oldest);
  }
  return forgotten;
}
