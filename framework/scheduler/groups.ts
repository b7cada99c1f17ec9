/** Replicated apps: generations, slots, and what is to be launched. */
import { isReplicatedGuest } from '../replicated-guest.js';
import { REPLICAS_MAX } from '../spec/replication.js';
import type { Context } from './context.js';
import { type Demand, demandOf } from './demand.js';
import { retireDivergent } from './divergent-members.js';
import { offerBackup } from './guest-offers.js';
import { advanceGuestWishes } from './guest-orders.js';
import { isGuestOutOfReach } from './guests.js';
import { advanceHandOver } from './hand-over.js';
import { retireStalledJoiners } from './joiners.js';
import { advanceRetirements, isBackInTime, keep, removeDead, retire, unreachableTooLong } from './members.js';
import { advanceMove, successorDemand } from './moving.js';
import {
  type Group,
  groupOf,
  groupState,
  isConfigured,
  isFilled,
  isLost,
  leaderReport,
  leaderTask,
  lostSentence,
  type MemberTask,
} from './quorum.js';
import type { AppRecord, GroupRecord, Moving, TaskRecord } from './records.js';
import { giveUpAway, returningDemands } from './returning.js';
import { tell } from './story.js';
import { stop } from './tasks.js';
import { retireUnhealthy } from './unhealthy-members.js';
import { needsSpare, nextToReplace, outdated } from './upgrades.js';
import { victimsOf } from './victims.js';

/** Makes one step towards a whole group of the wanted version; returns what is to be launched. */
export function convergeGroup(
  context: Context,
  app: AppRecord,
  tasks: readonly TaskRecord[],
  restarting: boolean,
): Demand[] {
  if (app.deleting) return stopAll(context, tasks, 'the app is deleted');
  const present = withGroup(context, app);
  if (!present.group) return [];
  const old = tasks.filter((task) => task.replica?.generation !== present.group?.generation);
  stopAll(context, old, `generation ${present.group.generation} of the group takes over`);
  let group = groupOf(present, tasks) as Group;
  if (isLost(group)) return handleLoss(context, group);
  if (restarting && group.record.founded && !group.record.everLed && outdated(group).length > 0) {
    newGeneration(context, group.app);
    return stopAll(context, group.members, `the app has a new version, ${app.active.version}`);
  }
  if (group.record.founded && group.record.everLed) {
    group = adjustSlots(context, advanceMove(context, group, restarting), restarting);
    retireSurplus(context, group, restarting);
    retireStalledJoiners(context, refreshed(context, group));
    retireUnhealthy(context, refreshed(context, group));
    retireDivergent(context, refreshed(context, group));
    advanceRetirements(context, refreshed(context, group));
    giveUpAway(context, refreshed(context, group));
    removeDead(context, refreshed(context, group));
    advanceHandOver(context, refreshed(context, group));
    offerBackup(context, refreshed(context, group));
    advanceGuestWishes(context, refreshed(context, group));
    group = refreshed(context, group);
  }
  tellState(context, group);
  const missing = missingSlots(context, group, old);
  return [...returningDemands(context, group), ...(missing ? [missing] : [])];
}

function stopAll(context: Context, tasks: readonly TaskRecord[], reason: string): Demand[] {
  for (const task of tasks) stop(context, task, reason);
  return [];
}

export function refreshed(context: Context, group: Group): Group {
  const app = context.state.apps.get(group.app.id) as AppRecord;
  return groupOf(app, context.state.tasksOf(app.id)) as Group;
}

export function putGroup(context: Context, app: AppRecord, change: Partial<GroupRecord>): AppRecord {
  return context.state.apps.put(app.id, { ...app, group: { ...(app.group as GroupRecord), ...change } });
}

function withGroup(context: Context, app: AppRecord): AppRecord {
  const { group, active } = app;
  if (!group) return active.instances === 0 ? app : newGeneration(context, app);
  // One that waits for its founders has no members yet whose slots would have to be kept.
  const resized = !group.founded && active.instances > 0 && group.slots.length !== active.instances;
  return resized ? putGroup(context, app, { slots: firstSlots(active.instances) }) : app;
}

const firstSlots = (count: number) => Array.from({ length: count }, (_, slot) => slot);

/** An empty group: new secrets, no members yet. Member numbers go on where the last generation stopped. */
export function newGeneration(context: Context, app: AppRecord): AppRecord {
  const { ids } = context.options;
  const group: GroupRecord = {
    generation: (app.group?.generation ?? 0) + 1,
    slots: firstSlots(app.active.instances),
    filledSlots: [],
    nextMember: app.group?.nextMember ?? 1,
    secretHex: ids.secretHex(),
    seedHex: ids.secretHex(),
    epochMs: context.now,
    founded: false,
    everLed: false,
    leader: null,
    termMax: 0,
    configurationIndex: 0,
    configuration: [],
    ghosts: [],
    durability: app.active.replication?.durability ?? 'memory',
    snapshot: app.active.replication?.snapshot ?? { provider: 'replay' },
    away: [],
    toldState: 'forming',
  };
  return context.state.apps.put(app.id, { ...app, group });
}

/** A generation that has promised nothing to anyone is begun again; any other loss is final. */
function handleLoss(context: Context, group: Group): Demand[] {
  const missed = missedStart(group);
  if (missed === null) {
    tellState(context, group);
    return [];
  }
  const next = newGeneration(context, group.app);
  tell(context, next.id, `${missed.happened}: generation ${next.group?.generation} begins`, { kind: 'failure' });
  return stopAll(context, group.members, `its generation ${missed.never}`);
}

/** Why nothing was promised; null: something may have been. */
function missedStart(group: Group): { happened: string; never: string } | null {
  const { app, record } = group;
  if (!record.everLed)
    return { happened: 'a majority of the founders ended before they had a leader', never: 'never had a leader' };
  if (isReplicatedGuest(app.active) && !record.guestCovered && !isGuestOutOfReach(group))
    return {
      happened: 'the guest ended with its primary before a backup had ever covered it, and is booted anew',
      never: 'never had a guest that was covered',
    };
  return null;
}

/** Adds the lowest free slots or drops the highest, until there are as many as the app wants. */
function adjustSlots(context: Context, group: Group, restarting: boolean): Group {
  const hasSpare = Boolean(group.record.moving) || needsSpare(context, group, restarting);
  const wanted = group.app.active.instances + (hasSpare ? 1 : 0);
  const slots = [...group.record.slots];
  if (slots.length === wanted) return group;
  const free = freeSlots(group);
  while (slots.length < wanted && free.length > 0) slots.push(free.shift() as number);
  while (slots.length > wanted) slots.splice(slots.indexOf(slotToDrop(context, group, slots, restarting)), 1);
  if (slots.length === group.record.slots.length) return group;
  wantSlots(context, group.app, group.record, slots);
  return refreshed(context, group);
}

/** Slots that are neither wanted nor taken. */
export function freeSlots(group: Group): number[] {
  return firstSlots(REPLICAS_MAX).filter((slot) => !group.record.slots.includes(slot) && !isOccupied(group, slot));
}

/** A slot that is wanted no more is forgotten: whoever comes there later replaces nobody. */
export function wantSlots(context: Context, app: AppRecord, group: GroupRecord, slots: number[]): void {
  const filledSlots = group.filledSlots.filter((slot) => slots.includes(slot));
  putGroup(context, app, { slots: [...slots].sort((a, b) => a - b), filledSlots });
}

/** One that is empty, else of an outdated member, else of whoever leaves the rest most evenly spread. */
function slotToDrop(context: Context, group: Group, slots: number[], restarting: boolean): number {
  const filled = (slot: number) => group.members.some((task) => task.replica.self.slot === slot);
  const stale = restarting ? outdated(group) : [];
  const empty = slots.findLast((slot) => !filled(slot));
  if (empty !== undefined) return empty;
  const staying = group.members.filter(({ replica }) => slots.includes(replica.self.slot) && !replica.retiring);
  const [victim] = victimsOf(context, group.app, staying, 1, leaderTask(group));
  return (lastToLead(group, stale) ?? victim)?.replica.self.slot ?? Math.max(...slots);
}

/** Followers by slot before the leader. */
export function lastToLead(group: Group, members: MemberTask[]): MemberTask | undefined {
  const leader = leaderTask(group)?.id;
  return [...members].sort(
    (a, b) => Number(a.id === leader) - Number(b.id === leader) || a.replica.self.slot - b.replica.self.slot,
  )[0];
}

/** Retires members whose slot is no longer wanted, lost sight of as long as they are, or outdated; of the last kind one in each step. */
function retireSurplus(context: Context, group: Group, restarting: boolean): void {
  const { app, record } = group;
  for (const task of group.members) {
    if (!record.slots.includes(task.replica.self.slot)) retire(context, task, 'its slot is no longer wanted');
    else if (task.inactive) retire(context, task, unreachableTooLong);
    else if (isBackInTime(group, task)) keep(context, task);
  }
  const next = restarting ? nextToReplace(context, refreshed(context, group)) : undefined;
  if (next) retire(context, next, `the app has a new version, ${app.active.version}`);
}

/** A slot is taken until its member has terminated, or can no longer vote and cannot be reached. */
function isOccupied(group: Group, slot: number): boolean {
  if (group.record.away.some(({ replica }) => replica.self.slot === slot)) return true;
  return group.members.some((task) => task.replica.self.slot === slot && (!task.inactive || isConfigured(group, task)));
}

/** A new group whole; in a living group one joiner at a time, and only while a majority lives; successors of others last. */
function missingSlots(context: Context, group: Group, old: readonly TaskRecord[]): Demand | null {
  const { app, record, members } = group;
  if (!record.founded) {
    const leaving = old.some((task) => task.state !== 'TASK_UNREACHABLE');
    return leaving ? null : demandOf(context, app, record.slots, old);
  }
  if (groupState(group) === 'noQuorum' || groupState(group) === 'forming') return null;
  const joining = members.some((task) => !isConfigured(group, task) && !task.stopping && !task.replica.retiring);
  const open = record.slots.filter((candidate) => !isOccupied(group, candidate));
  const slot = open.find((candidate) => candidate !== record.moving?.spare);
  if (joining || open.length === 0) return null;
  if (slot !== undefined) return demandOf(context, app, [slot], members);
  return successorDemand(context, group, record.moving as Moving);
}

const sentences: Record<string, string> = {
  whole: 'the group is whole again',
  degraded: 'the group is degraded: it serves, but not all replicas are in its configuration',
  noQuorum: 'a majority of the group is not known to be alive: it cannot serve until members come back',
};

/** Tells each change of the group's state once; a new group that fills up is told of when it is whole. */
export function tellState(context: Context, group: Group): void {
  const state = groupState(group);
  const { app, record } = group;
  const filling = record.toldState === 'forming' && (state === 'degraded' || state === 'noQuorum');
  // A new leader has been named and will say in a moment who follows it.
  const unknown = state === 'degraded' && record.leader !== null && leaderReport(group) === null;
  // Nothing is missing; somebody has to leave yet.
  const leaving = state === 'degraded' && record.toldState === 'whole' && isFilled(group);
  if (state === record.toldState || filling || unknown || leaving) return;
  putGroup(context, app, { toldState: state });
  const first = record.toldState === 'forming' && state === 'whole';
  const text = state === 'lost' ? lostSentence(group) : first ? 'the group is whole' : sentences[state];
  const bad = state === 'lost' || state === 'noQuorum';
  if (text) tell(context, app.id, text, { kind: bad ? 'failure' : 'member' });
}
