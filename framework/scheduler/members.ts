/**
 * Taking members away without harm: first out of the configuration, by an order to the leader that is repeated until
 * reports show it, then the kill. Leadership is handed over before a leader goes.
 */
import type { ExecutorOrder, MemberAddress } from '../../executor/assignment.js';
import { type Context, call, isDue, ordersTo } from './context.js';
import { coveringBackup, isPrimary } from './guests.js';
import {
  awaitsAnswer,
  caughtUp,
  deadMembers,
  type Group,
  groupState,
  isConfigured,
  leaderTask,
  type MemberTask,
  mayKill,
  mayRemove,
} from './quorum.js';
import { describeAgent, tell } from './story.js';
import { nameOf, stop } from './tasks.js';

const orderEveryMs = 2000;

export function retire(context: Context, task: MemberTask, reason: string): void {
  if (task.replica.retiring || task.stopping) return;
  context.state.tasks.put(task.id, { ...task, replica: { ...task.replica, retiring: reason } });
  tell(context, task.appId, `${nameOf(task)} on ${describeAgent(task.agent)} is taken out: ${reason}`, {
    task,
    kind: 'member',
  });
}

/** Why a member is taken out that may be back before it has left. */
export const unreachableTooLong = 'it has been unreachable for too long';

/**
 * It can be reached again, and nothing else speaks against it. Nobody is in its slot before it has left the configuration, which it may have
 * once its removal has been ordered.
 */
export function isBackInTime(group: Group, task: MemberTask): boolean {
  const { retiring, leaving } = task.replica;
  return retiring === unreachableTooLong && !leaving && !task.inactive && !task.stopping && isConfigured(group, task);
}

/** Else a group that was out of reach as a whole, and is back, would be worn away: all of it leaves, one after the other. */
export function keep(context: Context, task: MemberTask): void {
  context.state.tasks.put(task.id, { ...task, replica: { ...task.replica, retiring: null } });
  tell(
    context,
    task.appId,
    `${nameOf(task)} on ${describeAgent(task.agent)} stays: it is back before it was replaced`,
    {
      task,
      kind: 'member',
    },
  );
}

/** Stops retiring members that have left the configuration and moves the next one on its way out. */
export function advanceRetirements(context: Context, group: Group): void {
  const retiring = group.members.filter((task) => task.replica.retiring && !task.stopping);
  const configured = retiring.filter((task) => isConfigured(group, task));
  for (const task of retiring.filter((candidate) => !configured.includes(candidate))) {
    const allowed = mayKill(group, new Set([task.replica.self.member]));
    if (allowed) stop(context, task, task.replica.retiring as string, true);
  }
  const next =
    configured.find((task) => task.replica.leaving) ?? configured.find((task) => task.inactive) ?? configured[0];
  if (next) moveOut(context, group, next);
}

function moveOut(context: Context, group: Group, task: MemberTask): void {
  const leader = reachableLeader(group);
  if (!leader || awaitsAnswer(context, group) || !mayRemove(group, task.replica.self.member)) return;
  if (isPrimary(group, task)) failOver(context, task, coveringBackup(group));
  else if (leader.id !== task.id) {
    // Stored before the order is sent, so that the guard never counts on a member that may be out.
    if (!task.replica.leaving)
      context.state.tasks.put(task.id, { ...task, replica: { ...task.replica, leaving: true } });
    order(context, leader, removal(task.replica.self));
  } else handOver(context, leader, heirOf(group, task));
}

/** A guest's primary ends by itself when its backup has taken over. */
function failOver(context: Context, primary: MemberTask, backup: MemberTask | undefined): void {
  if (backup) order(context, primary, { type: 'failOver', toMember: backup.replica.self.member });
}

function handOver(context: Context, leader: MemberTask, heir: MemberTask | undefined): void {
  if (heir) order(context, leader, { type: 'transferLeadership', toMember: heir.replica.self.member });
}

/** The most current member that stays. */
export function heirOf(group: Group, leader: MemberTask): MemberTask | undefined {
  const index = (task: MemberTask) => task.replica.report?.appliedIndex ?? 0;
  const able = caughtUp(group).filter((task) => task.id !== leader.id && !task.replica.retiring);
  return able.sort((a, b) => index(b) - index(a))[0];
}

/** Members that have terminated only weigh on the majority. */
export function removeDead(context: Context, group: Group): void {
  const leader = reachableLeader(group);
  if (!leader || groupState(group) === 'noQuorum') return;
  for (const address of deadMembers(group)) order(context, leader, removal(address));
}

export function reachableLeader(group: Group): MemberTask | undefined {
  const leader = leaderTask(group);
  return leader?.state === 'TASK_RUNNING' ? leader : undefined;
}

const removal = ({ slot, member }: MemberAddress): ExecutorOrder => ({ type: 'removeMember', slot, member });

/** What is asked of a member no more. */
export function withdraw(context: Context, from: MemberTask, body: ExecutorOrder): void {
  context.memory.orders.get(from.id)?.delete(JSON.stringify(body));
}

export function order(context: Context, to: MemberTask, body: ExecutorOrder): void {
  const text = JSON.stringify(body);
  if (
    !context.memory.connected ||
    !isDue(ordersTo(context.memory, to.id), text, context.now, orderEveryMs, orderEveryMs)
  )
    return;
  const data = Buffer.from(text).toString('base64');
  call(context, {
    type: 'MESSAGE',
    message: { agent_id: { value: to.agent.id }, executor_id: { value: to.id }, data },
  });
}
