/** Joiners that run but get no further: one joins at a time, so they would hold back all others. */
import type { Context } from './context.js';
import { retire } from './members.js';
import { type Group, isConfigured, leaderReport, type MemberTask } from './quorum.js';
import type { AppRecord } from './records.js';
import { avoidAgent, nameOf } from './tasks.js';

/** A joiner whose applied index stands still this long while the group has a leader is replaced by another one. */
export const joinStallMs = 300_000;

export function retireStalledJoiners(context: Context, group: Group): void {
  const { joiners } = context.memory;
  for (const task of group.members.filter((member) => !isConfigured(group, member))) {
    if (task.state !== 'TASK_RUNNING' || task.stopping || task.replica.retiring) joiners.delete(task.id);
    else if (leaderReport(group) === null || hasMoved(context, task)) note(context, task);
    else if (context.now - (joiners.get(task.id)?.sinceMs ?? context.now) >= joinStallMs) giveUp(context, task);
  }
}

const appliedBy = (task: MemberTask) => task.replica.report?.appliedIndex ?? 0;

function hasMoved({ memory }: Context, task: MemberTask): boolean {
  return memory.joiners.get(task.id)?.applied !== appliedBy(task);
}

function note({ memory, now }: Context, task: MemberTask): void {
  memory.joiners.set(task.id, { applied: appliedBy(task), sinceMs: now });
}

function giveUp(context: Context, task: MemberTask): void {
  context.memory.joiners.delete(task.id);
  const reason = `it has stood still at index ${appliedBy(task)} for ${joinStallMs / 60_000} minutes without joining`;
  retire(context, task, reason);
  avoidAgent(
    context,
    context.state.apps.get(task.appId) as AppRecord,
    task,
    `${nameOf(task)} could not join from there`,
  );
}
