/**
 * Replicas of a group that move to other agents, one at a time: a successor joins in a spare slot, and when it counts, the
 * replica leaves. So the group never has fewer members on the way.
 */
import type { Context } from './context.js';
import { type Demand, demandOf, towards } from './demand.js';
import { type Departure, departuresOf } from './departures.js';
import { freeSlots, lastToLead, putGroup, refreshed, wantSlots } from './groups.js';
import { retire } from './members.js';
import { type Group, groupState, type MemberTask, memberNumbered } from './quorum.js';
import type { Moving } from './records.js';
import { describeAgent, tell } from './story.js';
import { nameOf } from './tasks.js';

/** Begins a move of a whole group, or moves it on. A restart goes first where no successor has been placed yet. */
export function advanceMove(context: Context, group: Group, restarting: boolean): Group {
  const moving = group.record.moving ?? null;
  if (moving) settle(context, group, moving, restarting);
  else if (!restarting && groupState(group) === 'whole') begin(context, group);
  return refreshed(context, group);
}

function begin(context: Context, group: Group): void {
  const departures = departuresOf(context, group.members);
  const last = lastToLead(
    group,
    departures.map(({ task }) => task),
  );
  const next = departures.find(({ task }) => task === last);
  if (!next || group.record.slots.length !== group.app.active.instances) return;
  const [spare] = freeSlots(group);
  if (spare !== undefined) beginWith(context, group, next, spare);
  else if (group.members.length === group.record.slots.length) retire(context, next.task, next.reason);
}

function beginWith(context: Context, { app, record }: Group, departure: Departure<MemberTask>, spare: number): void {
  const { task, reason, to } = departure;
  const { slot, member } = task.replica.self;
  const slots = [...record.slots, spare].sort((a, b) => a - b);
  putGroup(context, app, { slots, moving: { member, slot, spare, reason, to } });
  tell(context, app.id, `${nameOf(task)} on ${describeAgent(task.agent)} is to move: ${reason}`);
}

function settle(context: Context, group: Group, moving: Moving, restarting: boolean): void {
  const leaver = memberNumbered(group, moving.member);
  const stays = leaver !== undefined && departuresOf(context, [leaver]).length > 0;
  const successor = successorOf(group, moving);
  if (!leaver || !stays || (restarting && !successor)) giveUp(context, group, moving);
  else if (successor && groupState(group) === 'whole' && group.record.slots.includes(moving.spare)) {
    dropSlot(context, group, moving.slot);
    retire(context, leaver, moving.reason);
  }
}

function successorOf(group: Group, { spare }: Moving): MemberTask | undefined {
  return group.members.find(({ replica, stopping }) => replica.self.slot === spare && !replica.retiring && !stopping);
}

/** One that has been placed takes the place of a replica that has gone. */
function giveUp(context: Context, group: Group, moving: Moving): void {
  const leaver = memberNumbered(group, moving.member);
  const hasGone = !leaver || leaver.stopping !== null || leaver.inactive || leaver.replica.retiring !== null;
  dropSlot(context, group, hasGone && successorOf(group, moving) ? moving.slot : moving.spare);
}

function dropSlot(context: Context, group: Group, slot: number): void {
  const app = putGroup(context, group.app, { moving: null });
  wantSlots(
    context,
    app,
    group.record,
    group.record.slots.filter((one) => one !== slot),
  );
}

/** For the successor: beside all others, but in place of the one that leaves. */
export function successorDemand(context: Context, { app, members }: Group, moving: Moving): Demand {
  const others = members.filter(({ replica }) => replica.self.member !== moving.member);
  const demand = demandOf(context, app, [moving.spare], others);
  return moving.to ? towards(demand, moving.to) : demand;
}
