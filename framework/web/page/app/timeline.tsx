import { useState } from 'preact/hooks';
import type { TimelineJson, TimelineKind } from '../../model/app-json.js';
import { clock } from '../../model/format.js';
import type { AppRow } from '../../model/rows.js';
import { NotNow } from '../failure.js';
import { usePolled } from '../polled.js';
import { appPath } from '../session.js';

const INTERVAL_MS = 3000;

const kinds: Record<TimelineKind, { word: string; tone: string }> = {
  leader: { word: 'leader', tone: 'busy' },
  divergence: { word: 'divergence', tone: 'bad' },
  failure: { word: 'failure', tone: 'bad' },
  deployment: { word: 'deployment', tone: 'idle' },
  member: { word: 'member', tone: 'good' },
  other: { word: 'other', tone: 'idle' },
};

/** What happened to the app, the newest first. */
export function Timeline({ row }: { row: AppRow }) {
  const path = appPath(row.id, 'timeline');
  const { value, failure } = usePolled<TimelineJson>(path, INTERVAL_MS, row.group?.leader?.member);
  const [chosen, setChosen] = useState<TimelineKind | ''>('');
  const events = (value?.events ?? []).filter(({ kind }) => chosen === '' || kind === chosen).reverse();
  return (
    <>
      <NotNow failure={failure} />
      <label class="search">
        Show
        <select value={chosen} onChange={(event) => setChosen(event.currentTarget.value as TimelineKind | '')}>
          <option value="">everything</option>
          {Object.entries(kinds).map(([kind, { word }]) => (
            <option key={kind} value={kind}>
              {word}
            </option>
          ))}
        </select>
      </label>
      {value !== null && events.length === 0 && <p>Nothing of this is told.</p>}
      <ol class="timeline">
        {events.map(({ at, kind, text }, index) => (
          <li key={`${at} ${events.length - index}`}>
            <time dateTime={at}>{clock(at, Date.now())}</time>
            <span class={`state ${kinds[kind].tone}`}>{kinds[kind].word}</span>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </>
  );
}
