import type { AppRecord } from '../scheduler/records.js';
import type { Entry } from './file.js';

/** As many members of one group may have been started since the backup. */
export const memberNumbersSkipped = 1000;

/**
 * The records as they are to be restored. Members that were started after the backup had numbers that it does not know, and numbers
 * are never used again (rule 2 of the scheduler): the next ones begin well beyond them.
 */
export function restored(entries: readonly Entry[]): Entry[] {
  return entries.map(([key, value]) =>
    key.startsWith('app:') ? [key, skipNumbers(value as AppRecord)] : [key, value],
  );
}

function skipNumbers(app: AppRecord): AppRecord {
  if (!app.group) return app;
  return { ...app, group: { ...app.group, nextMember: app.group.nextMember + memberNumbersSkipped } };
}
