/** What has changed between two pictures. Pure. */
import lodash from 'lodash';
import type { Picture } from './rows.js';

const tables = ['agents', 'apps', 'tasks'] as const;

/** Whole rows that are new or other than before, ids of those that are gone; lists as a whole. Null: nothing has. */
export function changesBetween(before: Picture, after: Picture): Record<string, unknown> | null {
  const changes: Record<string, unknown> = {};
  for (const table of tables) {
    const [changed, gone] = rowsBetween<object>(before[table], after[table]);
    if (changed.length > 0) changes[table] = changed;
    if (gone.length > 0) changes[`${table}Gone`] = gone;
  }
  for (const part of ['master', 'deployments', 'queue'] as const)
    if (!lodash.isEqual(before[part], after[part])) changes[part] = after[part];
  return lodash.isEmpty(changes) ? null : { at: after.at, ...changes };
}

function rowsBetween<Row>(before: ReadonlyMap<string, Row>, after: ReadonlyMap<string, Row>): [Row[], string[]] {
  const changed: Row[] = [];
  const gone: string[] = [];
  for (const [id, row] of after) if (before.get(id) !== row) changed.push(row);
  for (const id of before.keys()) if (!after.has(id)) gone.push(id);
  return [changed, gone];
}

/** As JSON has it. */
export function wholeOf(picture: Picture): Record<string, unknown> {
  const lists = tables.map((table) => [table, [...picture[table].values()]]);
  return { ...picture, ...Object.fromEntries(lists) };
}
