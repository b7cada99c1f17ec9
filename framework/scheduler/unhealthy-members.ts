/** Members that fail their health checks: one at a time is taken out and replaced, and only out of a group that is well without it. */
import { majorityOf } from '../../placement/index.js';
import type { Context } from './context.js';
import { isHealthy, noteUnhealthy, unhealthySentence } from './health.js';
import { retire } from './members.js';
import { type Group, groupState, isConfigured, leaderTask } from './quorum.js';

/**
 * Where most members fail it is the program, or the group's leader, to which all others forward: another member mends nothing, and
 * each replacement is one more risk.
 */
export function retireUnhealthy(context: Context, group: Group): void {
  const { app, record, members } = group;
  const isCalm = groupState(group) === 'whole' && !record.moving && members.every(({ replica }) => !replica.retiring);
  if (!isCalm) return;
  const failing = members.flatMap((task) => {
    const reason = task.stopping ? null : unhealthySentence(context, app, task);
    return reason === null ? [] : [{ task, reason }];
  });
  const leader = leaderTask(group)?.id;
  const next = failing.find(({ task }) => task.id !== leader) ?? failing[0];
  const well = members.filter((task) => isConfigured(group, task) && isHealthy(context, app, task) === true);
  if (!next || well.length < majorityOf(record.configuration.length)) return;
  retire(context, next.task, next.reason);
  noteUnhealthy(context, next.task, next.reason);
}
