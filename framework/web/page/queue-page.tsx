import { count, duration } from '../model/format.js';
import { useNow } from './clock.js';
import { NotNow } from './failure.js';
import { Link } from './navigation.js';
import { usePolled } from './polled.js';
import { useCluster } from './store.js';

interface Queued {
  app: { id: string };
  count: number;
  since: string;
  delay: { timeLeftSeconds: number };
  sentence: string | null;
  waitsFor: string;
  refusals: { sentence: string }[];
  earmark: { until: string; agents: { hostname: string }[] } | null;
}

const INTERVAL_MS = 3000;
const REFUSALS_MAX = 100;

/** What waits to be placed, and why. */
export function QueuePage() {
  const queue = useCluster((state) => state.queue);
  const { value, failure } = usePolled<{ queue: Queued[] }>('/v2/queue', INTERVAL_MS, queue);
  return (
    <>
      <h1>Queue</h1>
      <p class="summary" role="status">
        {value === null ? 'Not known yet.' : `${count(value.queue.length, 'app')} with tasks that wait to be placed`}
      </p>
      <NotNow failure={failure} />
      {value?.queue.map((item) => (
        <Item key={item.app.id} item={item} />
      ))}
    </>
  );
}

function Item({ item }: { item: Queued }) {
  const nowMs = useNow();
  const { app, since, delay, sentence, waitsFor, refusals, earmark } = item;
  return (
    <article class="panel">
      <h2>
        <Link to={{ page: 'app', appId: app.id, tab: 'placement' }}>{app.id}</Link>
      </h2>
      <p>
        {count(item.count, 'task')} to be placed, for {duration(nowMs - Date.parse(since))}; it waits for{' '}
        <strong>{waitsFor}</strong>
      </p>
      {sentence !== null && <p class="busy">{sentence}</p>}
      {delay.timeLeftSeconds > 0 && <p>The next attempt is in {duration(delay.timeLeftSeconds * 1000)}.</p>}
      {earmark !== null && (
        <p>
          Until {new Date(earmark.until).toLocaleTimeString()} what it needs is kept for it on{' '}
          {earmark.agents.map(({ hostname }) => hostname).join(', ')}.
        </p>
      )}
      <Refusals refusals={refusals} />
    </article>
  );
}

export function Refusals({ refusals }: { refusals: { sentence: string }[] }) {
  if (refusals.length === 0) return null;
  return (
    <details>
      <summary>{count(refusals.length, 'refusal')} by agents</summary>
      <ul>
        {refusals.slice(0, REFUSALS_MAX).map(({ sentence }) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {refusals.length > REFUSALS_MAX && <p class="muted">and {refusals.length - REFUSALS_MAX} more</p>}
    </details>
  );
}
