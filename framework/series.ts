/** Of a replicated app, over the step before `atMs` (milliseconds since 1970). Null: nothing is known, or there was nothing to measure. */
export interface SeriesPoint {
  atMs: number;
  commitsPerSecond: number | null;
  /** Of what was committed in the step: from handing a turn to the group to its commit, in nanoseconds. */
  p50Ns: number | null;
  p99Ns: number | null;
  /** Of the replica that is furthest behind. */
  lagEntries: number | null;
  /** Times that a replica stood for election in the step. */
  elections: number | null;
}
