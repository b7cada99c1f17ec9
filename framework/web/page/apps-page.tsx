import { useMemo, useState } from 'preact/hooks';
import { listed, stateOf } from '../model/app-list.js';
import { count, megabytes, short } from '../model/format.js';
import type { AppRow } from '../model/rows.js';
import { Link } from './navigation.js';
import { Search } from './search.js';
import { useCluster, useIsKnown } from './store.js';
import { type Column, Table } from './table.js';

export function AppsPage() {
  const apps = useCluster((state) => state.apps);
  const isKnown = useIsKnown();
  const [search, setSearch] = useState('');
  const rows = useMemo(() => listed(apps.values(), search), [apps, search]);
  return (
    <>
      <div class="heading">
        <h1>Apps</h1>
        <Search value={search} onSearch={setSearch} hint="id or state" />
      </div>
      <p class="summary" role="status">
        {isKnown ? `${count(rows.length, 'app')}${search === '' ? '' : ` of ${apps.size}`}` : ''}
      </p>
      <Table
        caption="Apps, those that somebody should look at first"
        columns={columns}
        rows={rows}
        keyOf={(app) => app.id}
        empty={isKnown ? <NoApps search={search} /> : 'Not known yet.'}
      />
    </>
  );
}

function NoApps({ search }: { search: string }) {
  return <>{search === '' ? 'There are no apps.' : `No app has "${search}" in its id or state.`}</>;
}

export function StateOf({ app }: { app: AppRow }) {
  const { tone, word, sentence } = stateOf(app);
  return (
    <span class={`state ${tone}`} title={sentence}>
      {word}
      {app.deploymentIds.length > 0 && <span class="deploying"> deploying</span>}
    </span>
  );
}

const kindOf = (app: AppRow) => (app.vm ? 'guest' : app.replicated ? 'replicas' : 'tasks');

const columns: Column<AppRow>[] = [
  {
    name: 'App',
    head: true,
    cell: (app) => <Link to={{ page: 'app', appId: app.id, tab: 'replicas' }}>{app.id}</Link>,
  },
  { name: 'State', cell: (app) => <StateOf app={app} /> },
  { name: 'Run', kind: 'number', cell: (app) => `${app.tasksRunning} of ${app.instances}` },
  { name: 'Kind', kind: 'wide', cell: kindOf },
  { name: 'Cpus', kind: 'wide number', cell: (app) => short(app.cpus) },
  { name: 'Memory', kind: 'wide number', cell: (app) => megabytes(app.mem) },
  { name: 'Waiting', kind: 'wide number', cell: (app) => (app.waiting === 0 ? '' : app.waiting) },
];
