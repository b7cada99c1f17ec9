import type { AppJson } from '../../model/app-json.js';
import { type AppTab, appTabs } from '../../model/route.js';
import type { AppRow } from '../../model/rows.js';
import { StateOf } from '../apps-page.js';
import { Failure } from '../failure.js';
import { later } from '../later.js';
import { Link } from '../navigation.js';
import { type Polled, usePolled } from '../polled.js';
import { appPath } from '../session.js';
import { useCluster, useIsKnown } from '../store.js';
import { Actions } from './actions.js';
import { Logs } from './logs.js';
import { Placement } from './placement.js';
import { Replicas } from './replicas.js';
import { Tasks } from './tasks.js';
import { Timeline } from './timeline.js';

const INTERVAL_MS = 5000;
const Plots = later(async () => (await import('./plots.js')).Plots);

/** One app. Details are asked for anew when the stream says that something of it has changed. */
export function AppPage({ appId, tab }: { appId: string; tab: AppTab }) {
  const row = useCluster((state) => state.apps.get(appId));
  const tasks = useCluster((state) => state.tasksOfApp.get(appId));
  const isKnown = useIsKnown();
  const details = usePolled<{ app: AppJson }>(appPath(appId), INTERVAL_MS, tasksChanged(row, tasks?.length));
  if (row === undefined) return <Unknown appId={appId} isKnown={isKnown} />;
  return (
    <>
      <div class="heading">
        <h1>{appId}</h1>
        <Actions app={row} />
      </div>
      <p class="summary">
        <StateOf app={row} /> {`${row.tasksRunning} of ${row.instances} run`}
      </p>
      <Notes details={details} />
      <nav class="tabs" aria-label="About this app">
        {appTabs.map((name) => (
          <Link key={name} to={{ page: 'app', appId, tab: name }} current={name === tab}>
            {wordOf(name, row)}
          </Link>
        ))}
      </nav>
      <Tab key={`${appId} ${tab}`} tab={tab} row={row} app={details.value?.app ?? null} />
    </>
  );
}

const tasksChanged = (row: AppRow | undefined, tasks: number | undefined) =>
  row && `${row.version} ${row.tasksRunning} ${row.tasksStaged} ${row.waiting} ${tasks} ${row.group?.leader?.member}`;

function wordOf(tab: AppTab, row: AppRow): string {
  if (tab === 'replicas' && !row.replicated) return 'tasks';
  return tab === 'logs' && row.vm ? 'console' : tab;
}

function Tab({ tab, row, app }: { tab: AppTab; row: AppRow; app: AppJson | null }) {
  switch (tab) {
    case 'replicas':
      return row.replicated ? <Replicas row={row} /> : <Tasks app={app} />;
    case 'plots':
      return <Plots row={row} />;
    case 'timeline':
      return <Timeline row={row} />;
    case 'placement':
      return <Placement row={row} />;
    case 'logs':
      return <Logs row={row} />;
  }
}

function Unknown({ appId, isKnown }: { appId: string; isKnown: boolean }) {
  return (
    <>
      <h1>{appId}</h1>
      {isKnown ? (
        <p>
          There is no such app. <Link to={{ page: 'edit', appId }}>Make it</Link>, or look at the{' '}
          <Link to={{ page: 'apps' }}>apps there are</Link>.
        </p>
      ) : (
        <p>Not known yet.</p>
      )}
    </>
  );
}

/** What it waits for, and its last failure. */
function Notes({ details: { value, failure } }: { details: Polled<{ app: AppJson }> }) {
  const { waiting = null, lastTaskFailure: last } = value?.app ?? {};
  return (
    <>
      <Failure failure={failure} />
      {waiting !== null && (
        <p class="busy">
          {waiting.count} to be placed: {waiting.sentence ?? 'it waits for offers'}
        </p>
      )}
      {last !== undefined && (
        <details>
          <summary>
            Last failure: {new Date(last.timestamp).toLocaleString()} on {last.host}
          </summary>
          <pre class="box">{`${last.taskId} ${last.state}\n${last.message}`}</pre>
        </details>
      )}
    </>
  );
}
