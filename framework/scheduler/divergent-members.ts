/** Members whose output the majority of their group contradicts: they are rebuilt, one at a time and not for ever. */
import { majorityOf } from '../../placement/index.js';
import { type Context, isoTime } from './context.js';
import { putGroup } from './groups.js';
import { retire } from './members.js';
import { type Group, groupState, isConfigured, type MemberTask } from './quorum.js';
import { tell } from './story.js';

/** From one rebuild in a generation of a group to the next; after the last one a person is asked. */
export const rebuildPausesMs = [0, 60_000, 600_000];

/**
 * A majority of the configuration says that its output differs from this member's. Where less do, nobody knows who is right: with two
 * members, or as long as reports are on their way.
 */
export function outvoted(group: Group): MemberTask | undefined {
  const counted = group.members.filter((task) => isConfigured(group, task));
  const accusers = ({ replica: { self } }: MemberTask) =>
    counted.filter(({ replica }) => replica.report?.divergence?.otherMember === self.member);
  return counted.find((task) => accusers(task).length >= majorityOf(group.record.configuration.length));
}

/** Taken out as by a user: only while the majority stays caught up without it. Its successor joins in its place. */
export function retireDivergent(context: Context, group: Group): void {
  const { app, record, members } = group;
  const isCalm = groupState(group) === 'whole' && !record.moving && members.every(({ replica }) => !replica.retiring);
  const task = isCalm ? outvoted(group) : undefined;
  if (!task) return;
  const { count, atMs } = record.rebuilds ?? { count: 0, atMs: 0 };
  const pauseMs = rebuildPausesMs[count];
  if (pauseMs === undefined) giveUp(context, group, task);
  if (pauseMs === undefined || context.now < atMs + pauseMs) return;
  putGroup(context, app, { rebuilds: { count: count + 1, atMs: context.now, gaveUp: null } });
  const { index } = accusation(group, task);
  retire(
    context,
    task,
    `its output differs from that of the majority since index ${index}: it is rebuilt from what the others have (${count + 1} of ${rebuildPausesMs.length})`,
  );
}

function giveUp(context: Context, group: Group, task: MemberTask): void {
  const { record, app } = group;
  const { member } = task.replica.self;
  if (!record.rebuilds || record.rebuilds.gaveUp === member) return;
  putGroup(context, app, { rebuilds: { ...record.rebuilds, gaveUp: member } });
  tell(
    context,
    app.id,
    `member ${member} differs from the majority again and is not rebuilt any more: ${rebuildPausesMs.length} times were in vain, the last one at ${isoTime(record.rebuilds.atMs)}. The program does not do the same everywhere: look at what its replicas have counted as unexpected, or run it in a replicated virtual machine`,
    { task, kind: 'divergence' },
  );
}

function accusation(group: Group, task: MemberTask): { index: number } {
  const found = group.members
    .map(({ replica }) => replica.report?.divergence)
    .find((divergence) => divergence?.otherMember === task.replica.self.member);
  return found ?? { index: 0 };
}
