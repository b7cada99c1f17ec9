import type { ApiClient } from './api-client.js';
import { Failure } from './failure.js';
import { idsOf, kindAt } from './known.js';
import { remedyFor } from './near.js';

/** A failure because nothing of this id is there, with the id that may have been meant. */
export async function withNearest(api: Pick<ApiClient, 'get'>, path: string, failure: Failure): Promise<Failure> {
  const kind = kindAt(path);
  // What is there but has no such part names the thing, too: then there is nothing to guess.
  const [, id] = /'([^']+)' does not exist$/m.exec(failure.message) ?? [];
  if (kind === null || id === undefined) return failure;
  const ids = await idsOf(api, kind).catch(() => []);
  return new Failure(failure.exitCode, failure.message, remedyFor(id, ids, `${kind} list`), failure.more);
}
