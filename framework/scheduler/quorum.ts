/** What is known of a group's health, and the guard before everything that takes a member away by our own hand. */
import type { MemberAddress, ReplicaReport } from '../../executor/assignment.js';
import { majorityOf } from '../../placement/index.js';
import { isReplicatedGuest } from '../replicated-guest.js';
import type { GroupView } from '../service.js';
import type { Context } from './context.js';
import { guestBears, isGuestLost, isGuestOutOfReach } from './guests.js';
import type { AppRecord, GroupRecord, ReplicaRecord, TaskRecord } from './records.js';

/** A member that is further behind than this does not count as caught up. */
const lagEntriesMax = 10_000;

export interface MemberTask extends TaskRecord {
  replica: ReplicaRecord;
}

/** A group with the tasks of its present generation. */
export interface Group {
  app: AppRecord;
  record: GroupRecord;
  members: MemberTask[];
}

/** By the list of its tasks, which is another one when any of them has changed. */
const groups = new WeakMap<readonly TaskRecord[], Group>();

export function groupOf(app: AppRecord, tasks: readonly TaskRecord[]): Group | null {
  const record = app.group;
  if (!record) return null;
  const known = groups.get(tasks);
  if (known?.app === app) return known;
  const members = tasks.filter((task): task is MemberTask => task.replica?.generation === record.generation);
  const group = { app, record, members };
  groups.set(tasks, group);
  return group;
}

export function memberNumbered(group: Group, member: number): MemberTask | undefined {
  return group.members.find((task) => task.replica.self.member === member);
}

export function isConfigured(group: Group, task: MemberTask): boolean {
  return group.record.configuration.some((address) => address.member === task.replica.self.member);
}

export function leaderTask(group: Group): MemberTask | undefined {
  const leader = group.record.leader;
  return leader ? memberNumbered(group, leader.member) : undefined;
}

/**
 * What the leader says of itself under its ballot. Null while only others have named it: a follower's report may come
 * first, and an earlier report of the leader was made in another role.
 */
export function leaderReport(group: Group): ReplicaReport | null {
  const report = leaderTask(group)?.replica.report;
  return report?.role === 'leader' && report.term === group.record.leader?.term ? report : null;
}

/**
 * Members of the configuration that run and stay, are connected to the leader and hold nearly all of its log. Nobody is
 * known to before the leader has said so.
 */
export function caughtUp(group: Group): MemberTask[] {
  const leader = leaderReport(group);
  if (leader === null) return [];
  const staying = (task: MemberTask) => task.state === 'TASK_RUNNING' && !task.stopping && !task.replica.leaving;
  return group.members.filter((task) => isConfigured(group, task) && staying(task) && keepsUp(task, leader));
}

function keepsUp(task: MemberTask, leader: ReplicaReport): boolean {
  if (leader.member === task.replica.self.member) return true;
  const peer = leader.peers.find((candidate) => candidate.member === task.replica.self.member);
  return peer?.connected === true && leader.committedIndex - peer.appliedIndex <= lagEntriesMax;
}

/** Members of the configuration that have terminated and will not return: what they knew is gone. */
export function deadMembers(group: Group): MemberAddress[] {
  const { away, configuration } = group.record;
  const mayReturn = (address: MemberAddress) => away.some(({ replica }) => replica.self.member === address.member);
  return configuration.filter((address) => !memberNumbered(group, address.member) && !mayReturn(address));
}

/** A majority of the configuration has terminated, or all that had the guest, or who alone has it cannot be reached. */
export function isLost(group: Group): boolean {
  const { founded, configuration } = group.record;
  const isMinority = configuration.length - deadMembers(group).length < majorityOf(configuration.length);
  return founded && (isMinority || isGuestLost(group) || isGuestOutOfReach(group));
}

/**
 * Members that may be in the configuration now: those last reported, and joiners of whom it is not known. Reports come
 * late, so the guard reckons with the larger set.
 */
function possiblyCounted(group: Group): Set<number> {
  const { configuration, ghosts } = group.record;
  const joiners = group.members.filter(({ replica }) => !replica.counted);
  return new Set(
    [...configuration, ...ghosts, ...joiners.map(({ replica }) => replica.self)].map(({ member }) => member),
  );
}

/**
 * A leader has led under the newest configuration: a majority of it holds all that was decided before. Until then the only
 * other copy may be with a member that has left (rule M1 of consensus/native).
 */
function hasSettled(group: Group): boolean {
  const report = leaderReport(group);
  return report !== null && report.configurationIndex >= group.record.configurationIndex;
}

/**
 * May these members be killed now? Only if a majority of the configuration stays caught up without them, and a guest has its backup
 * among those that stay; those that have left it once it has settled.
 */
export function mayKill(group: Group, victims: ReadonlySet<number>): boolean {
  if (!guestBears(group, victims)) return false;
  const possible = possiblyCounted(group);
  if (![...victims].some((member) => possible.has(member))) return hasSettled(group);
  const staying = caughtUp(group).filter((task) => !victims.has(task.replica.self.member));
  return staying.length >= majorityOf(possible.size);
}

/** May this member be taken out of the configuration? Only if a majority of what remains is caught up. */
export function mayRemove(group: Group, member: number): boolean {
  const remaining = possiblyCounted(group);
  remaining.delete(member);
  const staying = caughtUp(group).filter((task) => task.replica.self.member !== member);
  return remaining.size > 0 && staying.length >= majorityOf(remaining.size);
}

/** After a subscription, until Mesos has answered for all members that are believed to run, the guard knows too little. */
export function awaitsAnswer(context: Context, group: Group): boolean {
  const { pending } = context.memory.reconcile;
  return group.members.some((task) => task.state === 'TASK_RUNNING' && pending.has(task.id));
}

const states = new WeakMap<Group, GroupView['state']>();

/** See `GroupView.state`. */
export function groupState(group: Group): GroupView['state'] {
  const state = states.get(group) ?? stateOf(group);
  states.set(group, state);
  return state;
}

function stateOf(group: Group): GroupView['state'] {
  const { record } = group;
  if (isLost(group)) return record.everLed ? 'lost' : 'forming';
  if (!record.everLed) return 'forming';
  const running = group.members.filter((task) => isConfigured(group, task) && task.state === 'TASK_RUNNING');
  if (running.length < majorityOf(record.configuration.length)) return 'noQuorum';
  return isWhole(group) ? 'whole' : 'degraded';
}

function isWhole(group: Group): boolean {
  const counted = caughtUp(group).length;
  const { configuration } = group.record;
  return isFilled(group) && counted === configuration.length && configuration.length === settledSlots(group).length;
}

/** Every wanted slot has a member that counts, a successor's only if it has come; there may be others that are to leave. */
export function isFilled(group: Group): boolean {
  const { slots, moving } = group.record;
  const staying = caughtUp(group).filter(({ replica }) => !replica.retiring);
  return slots.every((slot) => slot === moving?.spare || staying.some(({ replica }) => replica.self.slot === slot));
}

/** The wanted slots; one that a successor is to join in only once it counts: nothing is missing before. */
function settledSlots({ record }: Group): number[] {
  const spare = record.moving?.spare;
  const joined = record.configuration.some(({ slot }) => slot === spare);
  return joined ? record.slots : record.slots.filter((slot) => slot !== spare);
}

/** Why it is lost, and what may be done. */
export function lostSentence(group: Group): string {
  const { app } = group;
  const remedy = 'nothing is restarted by itself. Restart the app with force=true to begin a new, empty generation';
  if (isGuestOutOfReach(group))
    return `the only member of ${app.id} with its guest cannot be reached; when its agent is back the guest goes on, until then ${remedy}`;
  if (isReplicatedGuest(app.active))
    return `too many members of ${app.id} have ended, and with them the memory of its guest, and its disk if it had one; ${remedy}`;
  const { durability = 'memory' } = app.group ?? {};
  return (
    `a majority of the members of ${app.id} has terminated and with it the state of the group (durability "${durability}"); ` +
    remedy
  );
}
