import { badPath } from './errors.js';

/** Ours, which Marathon does not know. */
const ownWords = ['placement', 'replicas', 'series', 'timeline', 'guest'] as const;

/** What a path below /v2/apps/ is about. Ids hold slashes, so resources of an app are told by their last words. */
export type AppPath =
  | { kind: 'app' | 'restart' | 'tasks' | 'versions' | (typeof ownWords)[number]; appId: string }
  | { kind: 'leader' | 'guestSync' | 'guestFailover' | 'group'; appId: string }
  | { kind: 'task' | 'log' | 'version'; appId: string; name: string };

/** Segments after `prefix`, percent-decoded exactly once; an encoded slash separates too, as clients encode ids whole. */
export function segmentsAfter(prefix: '/v2/apps' | '/v2/groups' | '/v2/queue' | '/v2/pods', url: string): string[] {
  const path = (url.split(/[?#]/)[0] ?? '').replaceAll(/\/{2,}/g, '/');
  try {
    return path
      .slice(prefix.length)
      .split('/')
      .flatMap((segment) => decodeURIComponent(segment).split('/'))
      .filter((segment) => segment !== '');
  } catch {
    throw badPath();
  }
}

/**
 * An app whose id is the whole path comes first, so that our own words (`ownWords`, `leader`, `guest/sync`, `guest/failover`), which
 * Marathon does not reserve, take no id away from users: they are read as resources only below an app, `ownWords` for GET and the others
 * for POST alone.
 */
export function readAppPath(segments: string[], method: string, exists: (appId: string) => boolean): AppPath {
  const idOf = (parts: string[]) => `/${parts.join('/')}`;
  const whole = idOf(segments);
  if (exists(whole)) return { kind: 'app', appId: whole };
  const [name = '', before = ''] = segments.slice(-2).reverse();
  const parent = idOf(segments.slice(0, -1));
  const grandparent = idOf(segments.slice(0, -2));
  if (name === '*') return { kind: 'group', appId: parent };
  if (name === 'restart' || name === 'tasks' || name === 'versions') return { kind: name, appId: parent };
  const ofTask = idOf(segments.slice(0, -3));
  if (name === 'log' && segments.at(-3) === 'tasks' && exists(ofTask))
    return { kind: 'log', appId: ofTask, name: before };
  if (before === 'tasks' && segments.length > 2) return { kind: 'task', appId: grandparent, name };
  if (before === 'versions' && segments.length > 2) return { kind: 'version', appId: grandparent, name };
  const ours = ownWords.find((word) => word === name);
  if (ours && (method === 'GET' || method === 'HEAD') && exists(parent)) return { kind: ours, appId: parent };
  const isOrder = before === 'guest' && method === 'POST' && exists(grandparent);
  if (name === 'sync' && isOrder) return { kind: 'guestSync', appId: grandparent };
  if (name === 'failover' && isOrder) return { kind: 'guestFailover', appId: grandparent };
  if (name === 'leader' && method === 'POST' && exists(parent)) return { kind: name, appId: parent };
  return { kind: 'app', appId: whole };
}
