import type { ApiClient } from './api-client.js';
import { Failure } from './failure.js';
import { idsOf, kindAt } from './known.js';
import { nearest } from './near.js';
import { gaia } from './program-name.js';

/** A failure because nothing of this id is there, with the id that may have been meant. */
export async function withNearest(api: Pick<ApiClient, 'get'>, path: string, failure: Failure): Promise<Failure> {
  const kind = kindAt(path);
  // What is there but has no such part names the thing, too: then there is nothing to guess.
  const [, id] = /'([^']+)' does not exist$/m.exec(failure.message) ?? [];
  if (kind === null || id === undefined) return failure;
  const ids = await idsOf(api, kind).catch(() => []);
  const meant = nearest(id, ids);
  const remedy = meant === null ? `See those there are with: ${gaia} ${kind} list` : `Did you mean ${meant}?`;
  return new Failure(failure.exitCode, failure.message, remedy, failure.more);
}
