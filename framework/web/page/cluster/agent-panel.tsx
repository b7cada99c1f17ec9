import { placeOf } from '../../model/domains.js';
import { megabytes, short, taskState } from '../../model/format.js';
import type { AgentRow, TaskRow } from '../../model/rows.js';
import { Link } from '../navigation.js';
import { Share } from './share.js';

const TASKS_MAX = 50;

/** What is known of the agent that is chosen on the map. */
export function AgentPanel({ agent, tasks }: { agent: AgentRow | undefined; tasks: readonly TaskRow[] }) {
  return (
    <section class="panel" aria-label="The chosen agent">
      {agent === undefined ? (
        <p class="muted">Choose an agent to see what runs there.</p>
      ) : (
        <Agent agent={agent} tasks={tasks} />
      )}
    </section>
  );
}

function Agent({ agent, tasks }: { agent: AgentRow; tasks: readonly TaskRow[] }) {
  return (
    <>
      <h2 aria-live="polite">{agent.hostname}</h2>
      <p class="muted">{placeOf(agent) || 'no region, zone or rack'}</p>
      {agent.draining && <p class="busy">It is being emptied and takes nothing.</p>}
      {agent.unavailable && (
        <p class="busy">Maintenance from {new Date(agent.unavailable.startMs).toLocaleString()}.</p>
      )}
      {!agent.offered && <p class="muted">It has offered nothing since the framework started.</p>}
      <dl class="facts">
        <dt>Free cpus</dt>
        <dd>
          <Share agent={agent} kind="cpus" words={short} />
        </dd>
        <dt>Free memory</dt>
        <dd>
          <Share agent={agent} kind="mem" words={megabytes} />
        </dd>
        <dt>Free disk</dt>
        <dd>
          <Share agent={agent} kind="disk" words={megabytes} />
        </dd>
        <dt>Agent</dt>
        <dd>
          <code>{agent.id}</code>
        </dd>
      </dl>
      <Tasks tasks={tasks} />
    </>
  );
}

function Tasks({ tasks }: { tasks: readonly TaskRow[] }) {
  if (tasks.length === 0) return <p>No task of this framework is here.</p>;
  return (
    <>
      <ul class="plain">
        {tasks.slice(0, TASKS_MAX).map(({ id, appId, slot, role, state }) => (
          <li key={id}>
            <Link to={{ page: 'app', appId, tab: 'replicas' }}>{appId}</Link>
            {slot !== undefined && ` slot ${slot}`}
            {role !== undefined && `, ${role}`} <span class="muted">{taskState(state)}</span>
          </li>
        ))}
      </ul>
      {tasks.length > TASKS_MAX && <p class="muted">and {tasks.length - TASKS_MAX} more</p>}
    </>
  );
}
