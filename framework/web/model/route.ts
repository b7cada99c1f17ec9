/** Which page a path is. Ids of apps are in it as they are, with their slashes. */

export type Route =
  | { page: 'apps' | 'map' | 'deployments' | 'queue' | 'events' }
  | { page: 'app'; appId: string; tab: AppTab }
  | { page: 'edit'; appId: string | null };

export const appTabs = ['replicas', 'plots', 'timeline', 'placement', 'logs'] as const;
export type AppTab = (typeof appTabs)[number];

const BASE = '/ui';

/** Null: there is no such page. */
export function readRoute(path: string, query: string): Route | null {
  const parts = partsOf(path);
  if (parts === null) return null;
  const [page = '', ...id] = parts;
  const appId = id.length === 0 ? null : `/${id.join('/')}`;
  if (page === 'edit') return { page, appId };
  if (page === 'apps' && appId !== null) return { page: 'app', appId, tab: tabIn(query) };
  if (appId !== null) return null;
  if (page === '' || page === 'apps') return { page: 'apps' };
  const plain = (['map', 'deployments', 'queue', 'events'] as const).find((one) => one === page);
  return plain === undefined ? null : { page: plain };
}

/** Null: it is not decodable. */
function partsOf(path: string): string[] | null {
  const parts = path.slice(BASE.length).split('/');
  try {
    return parts.filter((part) => part !== '').map(decodeURIComponent);
  } catch {
    return null;
  }
}

function tabIn(query: string): AppTab {
  const wanted = new URLSearchParams(query).get('tab');
  return appTabs.find((tab) => tab === wanted) ?? 'replicas';
}

/** An id as a part of an address: its slashes stay. */
export const encodedId = (appId: string): string => appId.split('/').map(encodeURIComponent).join('/');

export function pathOf(route: Route): string {
  switch (route.page) {
    case 'app':
      return `${BASE}/apps${encodedId(route.appId)}${route.tab === 'replicas' ? '' : `?tab=${route.tab}`}`;
    case 'edit':
      return `${BASE}/edit${route.appId === null ? '' : encodedId(route.appId)}`;
    case 'apps':
      return `${BASE}/`;
    default:
      return `${BASE}/${route.page}`;
  }
}
