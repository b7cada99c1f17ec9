/** Joiners that run but get no further: one joins at a time, so they would hold back all others. */
import type { ReplicaReport } from '../../executor/assignment.js';
import type { Context, JoinProgress } from './context.js';
import { retire } from './members.js';
import { type Group, isConfigured, leaderReport, type MemberTask } from './quorum.js';
import type { AppRecord } from './records.js';
import { avoidAgent, nameOf } from './tasks.js';

/** A joiner that has got no further for this long while the group has a leader is replaced by another one. */
export const joinStallMs = 300_000;

export function retireStalledJoiners(context: Context, group: Group): void {
  const { joiners } = context.memory;
  for (const task of group.members.filter((member) => !isConfigured(group, member))) {
    const before = joiners.get(task.id) ?? { ...nothing, sinceMs: context.now };
    const progress = progressOf(task.replica.report, before, context.now);
    if (!joins(task) || task.stopping || task.replica.retiring) joiners.delete(task.id);
    else if (progress !== null) joiners.set(task.id, progress);
    else if (leaderReport(group) === null) joiners.set(task.id, { ...before, sinceMs: context.now });
    else if (context.now - before.sinceMs >= joinStallMs) giveUp(context, task);
    else joiners.set(task.id, before);
  }
}

/** One that fetches its snapshot before its program runs reports that, too. */
function joins({ state, replica }: MemberTask): boolean {
  return state === 'TASK_RUNNING' || (state === 'TASK_STARTING' && replica.report !== null);
}

const nothing = { applied: 0, provider: 0, bytesTotal: 0, bytesDone: 0 };

/** Null when it is no further than it was. Another snapshot, or another member's, begins from nothing. */
function progressOf(report: ReplicaReport | null, before: JoinProgress, now: number): JoinProgress | null {
  const applied = report?.appliedIndex ?? 0;
  const { provider, bytesTotal, bytesDone } = report?.joining ?? before;
  const other = provider !== before.provider || bytesTotal !== before.bytesTotal;
  const further = applied > before.applied || other || bytesDone > before.bytesDone;
  return further ? { applied, provider, bytesTotal, bytesDone, sinceMs: now } : null;
}

function giveUp(context: Context, task: MemberTask): void {
  context.memory.joiners.delete(task.id);
  retire(context, task, `it ${whereItStands(task.replica.report)} for ${joinStallMs / 60_000} minutes without joining`);
  avoidAgent(
    context,
    context.state.apps.get(task.appId) as AppRecord,
    task,
    `${nameOf(task)} could not join from there`,
  );
}

function whereItStands(report: ReplicaReport | null): string {
  const joining = report?.joining;
  if (!joining) return `has stood still at index ${report?.appliedIndex ?? 0}`;
  if (joining.bytesTotal === 0) return 'has waited for a snapshot of the group';
  return `has stood still with ${joining.bytesDone} of ${joining.bytesTotal} bytes of a snapshot`;
}
