/** /v2/events as it comes: the newest on top. */
import { useEffect, useState } from 'preact/hooks';
import { EventParser, type ServerEvent } from '../model/event-stream.js';
import { clock, count } from '../model/format.js';
import { pause } from './clock.js';
import { Search } from './search.js';
import { ask, piecesOf } from './session.js';
import { type Column, Table } from './table.js';

interface Told {
  key: string;
  at: string;
  type: string;
  text: string;
}

const EVENTS_MAX = 500;
const PAUSE_MS = 2000;
const FLUSH_MS = 200;

export function EventsPage() {
  const { events, failure } = useEvents();
  const [search, setSearch] = useState('');
  const rows = events.filter(({ type, text }) => `${type} ${text}`.toLowerCase().includes(search.toLowerCase()));
  return (
    <>
      <div class="heading">
        <h1>Events</h1>
        <Search value={search} onSearch={setSearch} hint="type, app, task" />
      </div>
      <p class="summary">
        {count(rows.length, 'event')}, of the last {EVENTS_MAX} at most
        {failure !== null && <span class="bad">; {failure}, trying again</span>}
      </p>
      <Table
        caption="Events, the newest first"
        columns={columns}
        rows={rows}
        keyOf={({ key }) => key}
        empty="Nothing has been told yet."
      />
    </>
  );
}

const columns: Column<Told>[] = [
  { name: 'When', cell: ({ at }) => clock(at, Date.now()) },
  { name: 'What', head: true, cell: ({ type }) => type },
  { name: 'About', kind: 'wide', cell: ({ text }) => <code>{text}</code> },
];

/** Resumes after the last that was seen. */
function useEvents(): { events: Told[]; failure: string | null } {
  const [events, setEvents] = useState<Told[]>([]);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    const stopping = new AbortController();
    void follow(stopping.signal, setFailure, (fresh) => {
      setEvents((before) => [...fresh.reverse(), ...before].slice(0, EVENTS_MAX));
    });
    return () => stopping.abort();
  }, []);
  return { events, failure };
}

async function follow(
  signal: AbortSignal,
  onFailure: (failure: string | null) => void,
  onEvents: (events: Told[]) => void,
): Promise<void> {
  const place = { after: 'oldest' };
  while (!signal.aborted) {
    try {
      const path = `/v2/events?after=${encodeURIComponent(place.after)}`;
      const answer = await ask(path, { accept: 'text/event-stream', signal });
      onFailure(null);
      await readAll(answer, place, onEvents);
      onFailure('the stream has ended');
    } catch (error) {
      onFailure((error as Error).message);
    }
    await pause(PAUSE_MS, signal);
  }
}

/** To the end; `place` is after the last event that has come. */
async function readAll(answer: Response, place: { after: string }, onEvents: (events: Told[]) => void): Promise<void> {
  const parser = new EventParser();
  let waiting: Told[] = [];
  const flush = setInterval(() => {
    if (waiting.length > 0) onEvents(waiting.splice(0));
  }, FLUSH_MS);
  try {
    for await (const piece of piecesOf(answer)) {
      const fresh = parser.push(piece);
      place.after = fresh.findLast(({ id }) => id !== null)?.id ?? place.after;
      waiting = [...waiting, ...fresh.map(toldOf)].slice(-EVENTS_MAX);
    }
  } finally {
    clearInterval(flush);
    onEvents(waiting);
  }
}

let keys = 0;

function toldOf({ type, data }: ServerEvent): Told {
  const { timestamp, eventType, ...more } = JSON.parse(data) as Record<string, unknown>;
  keys += 1;
  return {
    key: String(keys),
    at: String(timestamp),
    type: String(eventType ?? type),
    text: JSON.stringify(more).slice(0, 300),
  };
}
