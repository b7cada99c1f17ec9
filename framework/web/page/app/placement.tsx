import type { PlacementJson } from '../../model/app-json.js';
import { taskState } from '../../model/format.js';
import { placeText } from '../../model/replica-words.js';
import type { AppRow } from '../../model/rows.js';
import { NotNow } from '../failure.js';
import { usePolled } from '../polled.js';
import { Refusals } from '../queue-page.js';
import { appPath } from '../session.js';

const INTERVAL_MS = 5000;
const TASKS_MAX = 100;

type Placed = PlacementJson['tasks'][number];

/** Why there, and why not elsewhere. */
export function Placement({ row }: { row: AppRow }) {
  const version = `${row.version} ${row.tasksRunning} ${row.waiting}`;
  const { value, failure } = usePolled<PlacementJson>(appPath(row.id, 'placement'), INTERVAL_MS, version);
  if (value === null) return <p>{failure?.message ?? 'Not known yet.'}</p>;
  const { spread, survives, waiting, tasks } = value;
  return (
    <>
      <NotNow failure={failure} />
      {spread.length > 0 && <p>Spread over {spread.map(rungText).join(', then ')}.</p>}
      {survives !== null && <p>The group {survives.sentence}.</p>}
      {waiting !== null && (
        <section class="panel">
          <h2>{waiting.count} to be placed</h2>
          <p class="busy">{waiting.sentence ?? 'It waits for offers.'}</p>
          <Refusals refusals={waiting.refusals} />
        </section>
      )}
      {tasks.slice(0, TASKS_MAX).map((task) => (
        <PlacedTask key={task.taskId} task={task} />
      ))}
      {tasks.length > TASKS_MAX && <p class="muted">and {tasks.length - TASKS_MAX} more</p>}
    </>
  );
}

function rungText(rung: PlacementJson['spread'][number]): string {
  if (typeof rung === 'string') return rung;
  if (!rung.required) return rung.domain;
  const most = rung.maxPerDomain === undefined ? 'never a majority in one' : `at most ${rung.maxPerDomain} each`;
  return `${rung.domain} (${most})`;
}

function PlacedTask({ task }: { task: Placed }) {
  const { slot, taskId, host, zone, attributes, state, placement } = task;
  return (
    <article class="panel">
      <h2>
        {slot === null ? <code>{taskId}</code> : `Replica ${slot}`} on {host}
      </h2>
      <p class="muted">{[placeText(zone, attributes), taskState(state)].filter(Boolean).join(', ')}</p>
      {placement === null ? <p>No record of the decision is kept.</p> : <Scores placement={placement} />}
    </article>
  );
}

function Scores({ placement: { score, parts, others } }: { placement: NonNullable<Placed['placement']> }) {
  return (
    <>
      <p>Score {score.toFixed(3)}, of</p>
      <table class="scores">
        <thead>
          <tr>
            <th scope="col">What counts</th>
            <th scope="col">From 0 to 1</th>
            <th scope="col">Weight</th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ name, value, weight }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value.toFixed(3)}</td>
              <td>{weight.toFixed(3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {others.length > 0 && (
        <details>
          <summary>Other agents</summary>
          <ul>
            {others.map(({ hostname, sentence }) => (
              <li key={hostname + sentence}>{sentence}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
