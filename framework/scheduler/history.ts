/** Earlier trees of apps: what each change has replaced, for a bounded number of changes. */
import lodash from 'lodash';
import type { TreeChange } from '../app.js';
import type { Context } from './context.js';

const changesMax = 50;
/** Over all changes that are kept; the newest change is kept in any case. */
const specsMax = 10_000;

export function rememberChange({ state }: Context, change: TreeChange): void {
  const same = state.treeChanges.get(change.version);
  const { version } = change;
  const merged = { version, apps: { ...change.apps, ...same?.apps }, groups: { ...change.groups, ...same?.groups } };
  state.treeChanges.put(version, merged);
  let specs = 0;
  for (const [place, { version: kept, apps }] of newestFirst(state.treeChanges.values()).entries()) {
    specs += Object.keys(apps).length;
    if (place > 0 && (place >= changesMax || specs > specsMax)) state.treeChanges.remove(kept);
  }
}

export function newestFirst(changes: Iterable<TreeChange>): TreeChange[] {
  return lodash.sortBy([...changes], 'version').reverse();
}
