/** Carries word between the members of a replicated guest: a backup that is ready waits for the primary to dial it. */
import type { Context } from './context.js';
import { primaryOf, standingOf } from './guests.js';
import { order } from './members.js';
import { type Group, isConfigured, type MemberTask } from './quorum.js';

/** Tells the primary of a backup that waits for its guest's state, again until it takes it. */
export function offerBackup(context: Context, group: Group): void {
  const primary = primaryOf(group);
  if (primary?.state !== 'TASK_RUNNING' || standingOf(primary) !== 'alone') return;
  const waiting = group.members.find((task) => awaits(group, task));
  const port = waiting?.replica.report?.guest?.relayPort ?? 0;
  if (!waiting || port === 0) return;
  const { member, host } = waiting.replica.self;
  order(context, primary, { type: 'offerBackup', member, host, port });
}

/** Only a member that counts can become the primary later. */
function awaits(group: Group, task: MemberTask): boolean {
  const stays = task.state === 'TASK_RUNNING' && !task.stopping && !task.replica.retiring;
  return stays && isConfigured(group, task) && standingOf(task) === 'awaiting';
}
