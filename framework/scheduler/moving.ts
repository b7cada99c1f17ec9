/**
 * Replicas of a group that move to other agents, one at a time: a successor joins in a spare slot, and when it counts, the
 * replica leaves. So the group never has fewer members on the way.
 */
import lodash from 'lodash';
import { isReplicatedGuest } from '../replicated-guest.js';
import { mayMove } from './awake.js';
import { type Context, isDue, type Memory, ordersTo } from './context.js';
import { type Demand, demandOf, fromMaintenance, towards } from './demand.js';
import { type Departure, departuresOf } from './departures.js';
import { freeSlots, lastToLead, putGroup, refreshed, wantSlots } from './groups.js';
import { isCovered } from './guests.js';
import { retire } from './members.js';
import { caughtUp, type Group, groupState, type MemberTask, memberNumbered } from './quorum.js';
import type { AppRecord, Moving } from './records.js';
import { describeAgent, tell } from './story.js';
import { planOver } from './surroundings.js';
import { nameOf } from './tasks.js';

/** Begins a move of a whole group, or moves it on. A restart goes first where no successor has been placed yet. */
export function advanceMove(context: Context, group: Group, restarting: boolean): Group {
  const moving = group.record.moving ?? null;
  if (moving) settle(context, group, moving, restarting);
  else if (!restarting && groupState(group) === 'whole' && isCovered(group)) begin(context, group);
  return refreshed(context, group);
}

/** At most so many groups, those that only wait for an agent not counted: a successor gets all that its group has. */
const movesAtOnceMax = 20;
/** How often a group whose successor finds no agent asks whether all that are to leave would find some together. */
const togetherEveryMs = 10_000;

/** Counts the moves that may begin in this step. */
export function countMoves(context: Context): void {
  const { state, memory } = context;
  const open = mayMove(context) ? movesAtOnceMax : 0;
  const underWay =
    open === 0 ? [] : [...state.apps.values()].filter((app) => app.group?.moving && !isStuck(memory, app));
  memory.movesLeft = Math.max(0, open - underWay.length);
}

/** No agent would do for what it waits for. */
function isStuck({ waiting }: Memory, { id }: AppRecord): boolean {
  const known = waiting.get(id);
  return known !== undefined && known.sentence !== null && !known.fits;
}

function begin(context: Context, group: Group): void {
  if (context.memory.movesLeft === 0) return;
  const departures = departuresOf(context, group.members);
  const last = lastToLead(
    group,
    departures.map(({ task }) => task),
  );
  const next = departures.find(({ task }) => task === last);
  if (!next || group.record.slots.length !== group.app.active.instances) return;
  const [spare] = isReplicatedGuest(group.app.active) ? [] : freeSlots(group);
  if (spare !== undefined) beginWith(context, group, next, spare);
  else if (group.members.length === group.record.slots.length) leaveFirst(context, group, next);
}

/**
 * There is no slot for a successor: the largest groups have one replica less for a while. So have guests, of which a primary has one
 * backup, and whose slots say who is the witness.
 */
function leaveFirst(context: Context, group: Group, departure: Departure<MemberTask>): void {
  const { task, reason } = departure;
  if (
    isDue(ordersTo(context.memory, task.id), 'leaves first', context.now, togetherEveryMs, togetherEveryMs) &&
    haveRoom(context, group, [departure])
  )
    retire(context, task, reason);
}

/** These would find other agents, beside the group's others. */
function haveRoom(context: Context, { app, members }: Group, departures: Departure<MemberTask>[]): boolean {
  const leaving = departures.map(({ task }) => task);
  const slots = leaving.map(({ replica }) => replica.self.slot);
  const demand = demandOf(context, app, slots, lodash.difference(members, leaving));
  const { request } = departures[0]?.isForMaintenance ? fromMaintenance(context, demand) : demand;
  const agents = [...context.memory.agents.values()].map(({ snapshot }) => snapshot);
  return planOver(context, request, agents).unplaced.length === 0;
}

function beginWith(context: Context, { app, record }: Group, departure: Departure<MemberTask>, spare: number): void {
  const { task, reason, to } = departure;
  const { slot, member } = task.replica.self;
  const slots = [...record.slots, spare].sort((a, b) => a - b);
  putGroup(context, app, { slots, moving: { member, slot, spare, reason, to, together: false } });
  context.memory.movesLeft -= 1;
  tell(context, app.id, `${nameOf(task)} on ${describeAgent(task.agent)} is to move: ${reason}`, {
    task,
    kind: 'member',
  });
}

function settle(context: Context, group: Group, moving: Moving, restarting: boolean): void {
  const leaver = memberNumbered(group, moving.member);
  const stays = leaver !== undefined && departuresOf(context, [leaver]).length > 0;
  const successor = successorOf(group, moving);
  const isVoid = !leaver || !stays || isSmaller(group) || !hasSlots(group, moving);
  if (isVoid || (restarting && !successor)) giveUp(context, group, moving);
  else if (hasJoined(group, moving)) {
    dropSlot(context, group, moving.slot);
    retire(context, leaver, moving.reason);
  } else if (!successor) tryTogether(context, group, moving, leaver);
}

/** Constraints may bind replicas to each other: then they count at the end, when all that are to leave have left. */
function tryTogether(context: Context, group: Group, moving: Moving, leaver: MemberTask): void {
  const { memory, now } = context;
  const leaving = departuresOf(context, group.members);
  if (moving.together || moving.to || leaving.length < 2 || !isStuck(memory, group.app)) return;
  const isTime = isDue(ordersTo(memory, leaver.id), 'moves together', now, togetherEveryMs, togetherEveryMs);
  if (isTime && haveRoom(context, group, leaving))
    putGroup(context, group.app, { moving: { ...moving, together: true } });
}

/** The app wants fewer replicas than when the move began. */
const isSmaller = ({ app, record }: Group) => record.slots.length - 1 > app.active.instances;

const hasSlots = ({ record: { slots } }: Group, { slot, spare }: Moving) =>
  slots.includes(slot) && slots.includes(spare);

/** The successor counts, and nothing else is missing. */
function hasJoined(group: Group, { spare }: Moving): boolean {
  const counts = caughtUp(group).some(({ replica }) => replica.self.slot === spare && !replica.retiring);
  return counts && groupState(group) === 'whole' && group.record.slots.includes(spare);
}

function successorOf(group: Group, { spare }: Moving): MemberTask | undefined {
  return group.members.find(({ replica, stopping }) => replica.self.slot === spare && !replica.retiring && !stopping);
}

/** One that has been placed takes the place of a replica that has gone, or is not wanted any more. */
function giveUp(context: Context, group: Group, moving: Moving): void {
  const leaver = memberNumbered(group, moving.member);
  const hasGone =
    isSmaller(group) || !leaver || leaver.stopping !== null || leaver.inactive || leaver.replica.retiring !== null;
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

/** For the successor: beside all others, or those that stay, in place of the one that leaves. */
export function successorDemand(context: Context, { app, members }: Group, moving: Moving): Demand {
  const departures = departuresOf(context, members);
  const leaving = moving.together ? departures.map(({ task }) => task) : [];
  const others = lodash.difference(members, leaving).filter(({ replica }) => replica.self.member !== moving.member);
  const demand = demandOf(context, app, [moving.spare], others);
  if (departures[0]?.isForMaintenance) return fromMaintenance(context, demand);
  return moving.to ? towards(demand, moving.to) : demand;
}
