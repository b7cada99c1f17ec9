/** What is around every page: who looks, where one can go, and how old what is shown is. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Route } from '../model/route.js';
import { AppPage } from './app/app-page.js';
import { AppsPage } from './apps-page.js';
import { MapPage } from './cluster/map-page.js';
import { ConnectionNotice } from './connection.js';
import { DeploymentsPage } from './deployments-page.js';
import { EventsPage } from './events-page.js';
import { Footer } from './footer.js';
import { later } from './later.js';
import { Link, useRoute } from './navigation.js';
import { Notice } from './notice.js';
import { QueuePage } from './queue-page.js';
import { signOut, whenSignedOut } from './session.js';
import { tell } from './store.js';
import { ThemeChoice } from './theme.js';
import { askWho, type Me, MeContext, SignIn } from './user.js';
import { watchCluster } from './watching.js';

const EditorPage = later(async () => (await import('./editor/editor-page.js')).EditorPage);

type Visitor = Me | 'asking' | 'unknown';

export function Page() {
  const [visitor, setVisitor] = useState<Visitor>('asking');
  const enter = (me: Me) => setVisitor(me);
  const leave = () => {
    signOut();
    tell({ type: 'signedOut' });
    setVisitor('unknown');
  };
  useEffect(() => {
    whenSignedOut(leave);
    return findOut(enter);
  }, []);
  useEffect(() => {
    if (typeof visitor === 'string') return;
    const watching = new AbortController();
    void watchCluster(tell, watching.signal);
    return () => watching.abort();
  }, [visitor]);
  if (visitor === 'unknown') document.body.dataset.connection = 'signed-out';
  if (visitor === 'unknown') return <SignIn onSignedIn={enter} />;
  const me = visitor === 'asking' ? null : visitor;
  return (
    <MeContext.Provider value={me}>
      <Shell me={me} onLeave={leave} />
    </MeContext.Provider>
  );
}

/** Asks until there is an answer; a 401 shows the form by itself. */
function findOut(enter: (me: Me) => void): () => void {
  let timer = 0;
  const attempt = () =>
    askWho().then(enter, (failure) => {
      if (failure.status === 401) return;
      tell({ type: 'lost', reason: failure.message });
      timer = window.setTimeout(attempt, 2000);
    });
  void attempt();
  return () => clearTimeout(timer);
}

const places: [Route, string][] = [
  [{ page: 'apps' }, 'Apps'],
  [{ page: 'map' }, 'Map'],
  [{ page: 'deployments' }, 'Deployments'],
  [{ page: 'queue' }, 'Queue'],
  [{ page: 'events' }, 'Events'],
  [{ page: 'edit', appId: null }, 'New app'],
];

function Shell({ me, onLeave }: { me: Me | null; onLeave: () => void }) {
  const route = useRoute();
  useTitleAndFocus(route);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <Link to={{ page: 'apps' }} class="brand">
          GAIA
        </Link>
        <nav aria-label="Pages">
          {places.map(([to, name]) => (
            <Link key={name} to={to} current={isWithin(route, to)}>
              {name}
            </Link>
          ))}
        </nav>
        <div class="end">
          {me?.authenticated && (
            <button type="button" class="quiet" onClick={onLeave}>
              Sign out {me.name}
            </button>
          )}
          <ThemeChoice />
        </div>
        <ConnectionNotice />
      </header>
      <Notice />
      <main id="main" tabIndex={-1} data-page={route?.page ?? 'nowhere'}>
        <Content route={route} />
      </main>
      <Footer />
    </>
  );
}

/** An app's page, and that where it is edited, are within the apps. */
function isWithin(route: Route | null, place: Route): boolean {
  const isOfApp = route !== null && 'appId' in route && route.appId !== null;
  return isOfApp ? place.page === 'apps' : route?.page === place.page;
}

function Content({ route }: { route: Route | null }) {
  switch (route?.page) {
    case 'apps':
      return <AppsPage />;
    case 'app':
      return <AppPage appId={route.appId} tab={route.tab} />;
    case 'map':
      return <MapPage />;
    case 'deployments':
      return <DeploymentsPage />;
    case 'queue':
      return <QueuePage />;
    case 'events':
      return <EventsPage />;
    case 'edit':
      return <EditorPage key={route.appId} appId={route.appId} />;
    default:
      return <Nowhere />;
  }
}

function Nowhere() {
  return (
    <>
      <h1>There is no such page</h1>
      <p>
        The <Link to={{ page: 'apps' }}>list of apps</Link> is where everything begins.
      </p>
    </>
  );
}

/** A new page is read from its beginning, also by who does not see it. */
function useTitleAndFocus(route: Route | null): void {
  const first = useRef(true);
  const name = route === null ? 'nowhere' : 'appId' in route && route.appId !== null ? route.appId : route.page;
  useEffect(() => {
    document.title = `${name} · GAIA`;
    if (!first.current) document.getElementById('main')?.focus();
    first.current = false;
  }, [name]);
}
