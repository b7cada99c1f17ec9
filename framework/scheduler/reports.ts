/** Reports of replicas: who leads, who is in the configuration, how far each has come. */
import lodash from 'lodash';
import type { MemberAddress, ReplicaReport } from '../../executor/assignment.js';
import { parseShallowJson } from '../mesos-http-client/index.js';
import { type Context, isoTime } from './context.js';
import { divergenceText } from './divergence-text.js';
import { putGroup, refreshed } from './groups.js';
import { newerRoles, standingSentence } from './guests.js';
import { retire } from './members.js';
import { type Group, groupOf, type MemberTask, memberNumbered } from './quorum.js';
import type { GroupRecord } from './records.js';
import { isReport } from './report-shape.js';
import { sharedMembers } from './sharing.js';
import { describeAgent, tell } from './story.js';
import { groupName } from './task-info.js';
import { nameOf } from './tasks.js';

const reportBytesMax = 1 << 20;
/** A leader's report that arrives this long after a member's end was made after it. */
const reportDelayMaxMs = 5000;

/** The report in the data of an update or message; null if there is none or it is not one. */
export function reportIn(data: string | undefined): ReplicaReport | null {
  if (data === undefined || data === '' || data.length > reportBytesMax) return null;
  try {
    const report: unknown = parseShallowJson(Buffer.from(data, 'base64').toString());
    return isReport(report) ? report : null;
  } catch {
    return null;
  }
}

export function receiveReport(context: Context, taskId: string, report: ReplicaReport): void {
  const task = context.state.tasks.get(taskId);
  const app = task && context.state.apps.get(task.appId);
  if (!task?.replica || !app?.group) return;
  if (report.group !== groupName(app.id, task.replica) || report.member !== task.replica.self.member) return;
  const before = task.replica.report;
  if (before !== null && isOlder(report, before)) return;
  const configuration = sharedMembers(report.configuration, app.group.configuration);
  const known = { ...report, configuration, metrics: report.metrics ?? before?.metrics ?? null };
  const record = { ...task, replica: { ...task.replica, report: known, reportedAt: isoTime(context.now) } };
  if (isNews(before, report)) context.state.tasks.put(taskId, record);
  else context.state.tasks.putVolatile(taskId, record);
  const group = groupOf(app, context.state.tasksOf(app.id)) as Group;
  if (task.replica.generation !== app.group.generation) return;
  learnConfiguration(context, group, report);
  learnLeader(context, refreshed(context, group), report);
  if (report.role === 'leader') forgetGhosts(context, refreshed(context, group));
  learnGuest(context, refreshed(context, group), before, report);
  tellTrouble(context, record as MemberTask, before, report);
}

/** Updates are sent again and messages overtake them; within one member's life none of these numbers goes back. */
function isOlder(report: ReplicaReport, known: ReplicaReport): boolean {
  const order = (r: ReplicaReport) => [r.term, r.configurationIndex, r.committedIndex, r.appliedIndex];
  const [late, early] = [order(report), order(known)];
  const differs = late.findIndex((value, place) => value !== early[place]);
  return differs !== -1 && (late[differs] as number) < (early[differs] as number);
}

/** Indices move all the time; they need not survive a restart. */
function isNews(before: ReplicaReport | null, report: ReplicaReport): boolean {
  if (before === null) return true;
  if (lastingFields.some((name) => !lodash.isEqual(before[name], report[name]))) return true;
  return (
    report.peers.length !== before.peers.length || !report.peers.every((peer, at) => isSameLink(peer, before.peers[at]))
  );
}

const lastingFields = [
  ...(['role', 'term', 'leader', 'configurationIndex', 'label'] as const),
  ...(['divergence', 'journalError', 'guest'] as const),
] as const;

type Peer = ReplicaReport['peers'][number];

const isSameLink = (one: Peer, other: Peer | undefined): boolean =>
  one.member === other?.member && one.connected === other.connected && one.transport === other.transport;

function learnConfiguration(context: Context, group: Group, report: ReplicaReport): void {
  const { record } = group;
  if (report.configuration.length === 0 || report.configurationIndex <= record.configurationIndex) return;
  putGroup(context, group.app, { configurationIndex: report.configurationIndex, configuration: report.configuration });
  const had = (member: MemberAddress, list: MemberAddress[]) => list.some((other) => other.member === member.member);
  for (const joined of report.configuration.filter((member) => !had(member, record.configuration))) {
    const task = memberNumbered(group, joined.member);
    if (task) context.state.tasks.put(task.id, { ...task, replica: { ...task.replica, counted: true } });
    const name = task ? `${nameOf(task)} on ${describeAgent(task.agent)}` : `member ${joined.member}`;
    tell(
      context,
      group.app.id,
      `${name} has caught up and counts: the configuration at index ${report.configurationIndex} has members ${numbers(report)}`,
      { ...(task && { task }), kind: 'member' },
    );
  }
  for (const left of record.configuration.filter((member) => !had(member, report.configuration))) {
    tell(context, group.app.id, `member ${left.member} has left the configuration: members ${numbers(report)} remain`, {
      kind: 'member',
    });
    const task = memberNumbered(group, left.member);
    if (task) retire(context, task, 'it is no longer in the configuration');
  }
}

function forgetGhosts(context: Context, group: Group): void {
  const { ghosts } = group.record;
  const kept = ghosts.filter(({ sinceMs }) => context.now - sinceMs < reportDelayMaxMs);
  if (kept.length < ghosts.length) putGroup(context, group.app, { ghosts: kept });
}

const numbers = (report: ReplicaReport) => report.configuration.map(({ member }) => member).join(', ');

function learnLeader(context: Context, group: Group, report: ReplicaReport): void {
  const { record, app } = group;
  if (report.leader === 0 || isOldBallot(record, report)) return;
  const leader = memberNumbered(group, report.leader);
  if (!leader || (record.leader?.member === report.leader && record.leader.term === report.term)) return;
  putGroup(context, app, { leader: { member: report.leader, term: report.term }, termMax: report.term, everLed: true });
  if (record.leader?.member === report.leader) return;
  const { leaderChanges } = context.memory;
  if (record.everLed) leaderChanges.set(app.id, (leaderChanges.get(app.id) ?? 0) + 1);
  tell(context, app.id, `${nameOf(leader)} on ${describeAgent(leader.agent)} leads since term ${report.term}`, {
    task: leader,
    kind: 'leader',
  });
}

/** Ballots are ordered by term, then by member: of two that lead in one term the higher one is the later. */
function isOldBallot({ termMax, leader }: GroupRecord, { term, leader: member }: ReplicaReport): boolean {
  return term < termMax || (term === leader?.term && member < leader.member);
}

function learnGuest(context: Context, group: Group, before: ReplicaReport | null, report: ReplicaReport): void {
  const [was, is] = [before?.guest?.standing ?? null, report.guest?.standing ?? null];
  const guestRoles = newerRoles(group, report.guest);
  const app = guestRoles ? putGroup(context, group.app, { guestRoles }) : group.app;
  if (is === 'covered' && !group.record.guestCovered) putGroup(context, app, { guestCovered: true });
  const sentence = standingSentence(was, is);
  const task = memberNumbered(group, report.member);
  if (sentence && task)
    tell(context, group.app.id, `${nameOf(task)} on ${describeAgent(task.agent)}: ${sentence}`, {
      task,
      kind: 'member',
    });
}

function tellTrouble(context: Context, task: MemberTask, before: ReplicaReport | null, report: ReplicaReport): void {
  if (report.divergence && report.divergence.otherMember !== before?.divergence?.otherMember) {
    tell(context, task.appId, divergenceText(task, report.divergence), { task, kind: 'divergence' });
  }
  if (report.journalError && report.journalError !== before?.journalError) {
    tell(context, task.appId, `no replica can join from ${nameOf(task)}: ${report.journalError}`, {
      task,
      kind: 'failure',
    });
  }
}
