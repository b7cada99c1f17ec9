import { useMemo } from 'preact/hooks';
import type { SeriesJson } from '../../model/app-json.js';
import { nanoseconds, short, UNKNOWN } from '../../model/format.js';
import type { AppRow } from '../../model/rows.js';
import { Failure, NotNow } from '../failure.js';
import { usePolled } from '../polled.js';
import { appPath } from '../session.js';
import { Plot } from './plot.js';

const INTERVAL_MS = 5000;

/** The last quarter of an hour of a replicated app. */
export function Plots({ row }: { row: AppRow }) {
  const path = row.replicated ? appPath(row.id, 'series') : null;
  const { value, failure } = usePolled<SeriesJson>(path, INTERVAL_MS);
  const at = useMemo(() => value?.at.map((ms) => ms / 1000) ?? [], [value]);
  if (path === null) return <p>Only replicas measure themselves; this app is not replicated.</p>;
  if (value === null) return failure === null ? <p>Not known yet.</p> : <Failure failure={failure} />;
  return (
    <>
      <NotNow failure={failure} />
      {at.length === 0 && <p>Nothing has been measured yet.</p>}
      <Plot
        title="Commit latency of the leader"
        at={at}
        words={nanoseconds}
        logarithmic
        lines={[
          { name: 'p50', colour: 'accent', values: value.p50Ns },
          { name: 'p99', colour: 'busy', values: value.p99Ns },
        ]}
      />
      <Plot
        title="Commits a second"
        at={at}
        words={amount}
        lines={[{ name: 'commits', colour: 'accent', values: value.commitsPerSecond }]}
      />
      <Plot
        title="Greatest lag of a replica, in entries"
        at={at}
        words={amount}
        lines={[{ name: 'lag', colour: 'good', values: value.lagEntries }]}
      />
    </>
  );
}

const amount = (value: number | null) => (value === null ? UNKNOWN : short(value));
