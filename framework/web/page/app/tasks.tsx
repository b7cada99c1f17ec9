import type { AppJson, TaskJson } from '../../model/app-json.js';
import { clock, taskState } from '../../model/format.js';
import { placeText } from '../../model/replica-words.js';
import { type Column, Table } from '../table.js';
import { Kill } from './kill.js';

/** Of an app that is not replicated. */
export function Tasks({ app }: { app: AppJson | null }) {
  return (
    <Table
      caption={`Tasks of ${app?.id ?? 'the app'}`}
      columns={columns}
      rows={app?.tasks ?? []}
      keyOf={({ id }) => id}
      empty={app === null ? 'Not known yet.' : 'No task runs.'}
    />
  );
}

const columns: Column<TaskJson>[] = [
  { name: 'Task', head: true, cell: ({ id }) => <code>{id}</code> },
  { name: 'State', cell: ({ state }) => taskState(state) },
  { name: 'Agent', kind: 'wide', cell: ({ host }) => host },
  { name: 'Place', kind: 'wide', cell: ({ zone, attributes }) => placeText(zone, attributes) },
  { name: 'Ports', kind: 'wide', cell: ({ ports }) => ports.join(', ') },
  {
    name: 'Since',
    kind: 'wide',
    cell: ({ startedAt }) => (startedAt === undefined ? '' : clock(startedAt, Date.now())),
  },
  { name: 'Health', kind: 'wide', cell: (task) => <HealthOf task={task} /> },
  { name: 'Action', cell: ({ id }) => <Kill taskId={id} name={id} /> },
];

function HealthOf({ task: { healthCheckResults = [] } }: { task: TaskJson }) {
  if (healthCheckResults.length === 0) return <span class="muted">no checks, or none has said anything</span>;
  const failing = healthCheckResults.find(({ alive }) => !alive);
  if (failing === undefined) return <span class="good">healthy</span>;
  return <span class="bad">{failing.lastFailureCause ?? 'fails'}</span>;
}
