/** Earlier trees of apps: what each change has replaced, for a bounded number of changes. */
import lodash from 'lodash';
import type { TreeChange } from '../app.js';
import { type Context, isoTime } from './context.js';

const changesMax = 50;
/** Over all changes that are kept; the newest change is kept in any case. */
const specsMax = 10_000;

/** The order of versions is that of the changes: one that is not later than all before gets another in the history. */
export function rememberChange({ state }: Context, change: TreeChange): void {
  const [newest] = newestFirst(state.treeChanges.values());
  const version = newest && newest.version >= change.version ? after(newest.version) : change.version;
  state.treeChanges.put(version, { ...change, version });
  let specs = 0;
  for (const [place, { version: kept, apps }] of newestFirst(state.treeChanges.values()).entries()) {
    specs += Object.keys(apps).length;
    if (place > 0 && (place >= changesMax || specs > specsMax)) state.treeChanges.remove(kept);
  }
}

const after = (version: string) => isoTime(Date.parse(version) + 1);

export function newestFirst(changes: Iterable<TreeChange>): TreeChange[] {
  return lodash.sortBy([...changes], 'version').reverse();
}
