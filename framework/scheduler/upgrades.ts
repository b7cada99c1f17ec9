/** Upgrades of groups: how many replicas may be missing at a time, and who is replaced next. */
import type { AppSpec } from '../app.js';
import { isOutdated } from './apps.js';
import type { Context } from './context.js';
import { lastToLead } from './groups.js';
import { isCovered } from './guests.js';
import { caughtUp, type Group, groupState, type MemberTask } from './quorum.js';
import { isUp } from './up.js';

/** Groups up to this size cannot spare a replica. */
const unsparedMax = 2;

/** 0: a spare replica joins before another one leaves. */
const missingMax = ({ instances, upgradeStrategy }: Pick<AppSpec, 'instances' | 'upgradeStrategy'>): number =>
  upgradeStrategy.replicasMissingMax ?? (instances > unsparedMax ? 1 : 0);

export const outdated = (group: Group): MemberTask[] =>
  group.members.filter((task) => !task.replica.retiring && !task.stopping && isOutdated(group.app, task));

/** While the spare joins there is one slot more; once it has joined, the slot of an outdated member is dropped. */
export function needsSpare(context: Context, group: Group, restarting: boolean): boolean {
  const { app, record } = group;
  if (!restarting || missingMax(app.active) > 0 || outdated(group).length === 0) return false;
  const whole = groupState(group) === 'whole' && missing(context, group) === 0;
  const spareJoined = record.slots.length > app.active.instances && whole;
  const settled = group.members.every((task) => !task.replica.retiring);
  return settled && !spareJoined;
}

/** Of a restart; undefined: nobody yet. */
export function nextToReplace(context: Context, group: Group): MemberTask | undefined {
  const budget = missingMax(group.app.active);
  if (budget === 0 || group.record.moving || !isCovered(group)) return undefined;
  const state = groupState(group);
  const bears = state === 'whole' || (state === 'degraded' && budget > 1);
  return bears && missing(context, group) < budget ? lastToLead(group, outdated(group)) : undefined;
}

/** Wanted slots without a member that is caught up and stays; one of the wanted version has to be up, too. */
function missing(context: Context, group: Group): number {
  const isUseful = (task: MemberTask) => isOutdated(group.app, task) || isUp(context, group.app, task);
  const there = caughtUp(group).filter((task) => !task.replica.retiring && isUseful(task));
  return group.record.slots.filter((slot) => !there.some(({ replica }) => replica.self.slot === slot)).length;
}
