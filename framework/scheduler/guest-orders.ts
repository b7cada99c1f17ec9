/** What operators want of a replicated guest: an order to its primary, repeated, by later frameworks too, until a report shows its effect. */
import type { CommandResult } from '../service.js';
import { notFound, type Refusal } from './changes.js';
import type { Context } from './context.js';
import { coveringBackup, primaryOf, standingOf } from './guests.js';
import { order, withdraw } from './members.js';
import { type Group, groupOf, groupState, lostSentence, type MemberTask } from './quorum.js';
import type { AppRecord, GuestWishRecord } from './records.js';
import { tell } from './story.js';
import { nameOf } from './tasks.js';

/** A round may take 30 s before the primary gives its backup up (executor/vm/pair.ts); after this nobody wants it any more. */
export const guestWishMs = 45_000;

type WishType = GuestWishRecord['order']['type'];
const wishTypes: WishType[] = ['syncGuest', 'failOver'];
const keyOf = (appId: string, type: WishType) => `${type} ${appId}`;

/** A round that begins after this. The primary tells `request`, which is not 0 and rises, when it has ended. */
export function syncGuest(context: Context, appId: string, request: number): CommandResult {
  return want(context, appId, () => ({ type: 'syncGuest', request }));
}

/** The backup becomes the primary after one more round. */
export function failOverGuest(context: Context, appId: string): CommandResult {
  const isUnderWay = context.state.guestWishes.get(keyOf(appId, 'failOver')) !== undefined;
  const result = want(context, appId, (backup) => ({ type: 'failOver', toMember: backup.replica.self.member }));
  if (result.ok && !isUnderWay)
    tell(context, appId, 'its backup is to become the primary: an operator asked for it', { kind: 'leader' });
  return result;
}

function want(
  context: Context,
  appId: string,
  orderTo: (backup: MemberTask) => GuestWishRecord['order'],
): CommandResult {
  const app = context.state.apps.get(appId);
  if (!app) return notFound(appId);
  const pair = pairOf(app, groupOf(app, context.state.tasksOf(appId)));
  if ('ok' in pair) return pair;
  const body = orderTo(pair.backup);
  const id = keyOf(appId, body.type);
  context.state.guestWishes.put(id, { id, order: body, taskId: pair.primary.id, untilMs: context.now + guestWishMs });
  return { ok: true, deploymentId: null, version: app.spec.version };
}

const uncovered = (message: string): Refusal => ({ ok: false, reason: 'uncovered', message });

/** A primary and the backup that covers it, or why there is nothing that could be asked. */
function pairOf(app: AppRecord, group: Group | null): { primary: MemberTask; backup: MemberTask } | Refusal {
  const unfit = unfitSentence(app);
  if (unfit !== null || !group) return { ok: false, reason: 'invalid', message: unfit ?? `"${app.id}" has no group` };
  if (groupState(group) === 'lost') return uncovered(lostSentence(group));
  const primary = primaryOf(group);
  if (primary?.state !== 'TASK_RUNNING') return uncovered(`no primary of ${app.id} is known that could be reached`);
  const backup = coveringBackup(group);
  if (backup) return { primary, backup };
  const standing = standingOf(primary);
  const why = standing === 'seeding' ? 'its backup is being seeded' : standing === 'covered' ? away : 'it has none';
  return uncovered(`no backup covers the guest of ${app.id}: ${why}`);
}

const away = 'its backup cannot be reached or has not said that it is there';

function unfitSentence({ id, spec }: AppRecord): string | null {
  if (spec.container?.type !== 'VM') return `"${id}" is not a virtual machine`;
  if (spec.replication !== null) return null;
  return `"${id}" is a virtual machine without a backup; create it again with "replication": { "protocol": "vm" }`;
}

/** Moves what was asked for on, and gives it up when it takes too long. */
export function advanceGuestWishes(context: Context, group: Group): void {
  for (const type of wishTypes) {
    const wish = context.state.guestWishes.get(keyOf(group.app.id, type));
    if (wish) advance(context, group, wish);
  }
}

export function forgetGuestWishes(context: Context, appId: string): void {
  for (const type of wishTypes) context.state.guestWishes.remove(keyOf(appId, type));
}

function advance(context: Context, group: Group, wish: GuestWishRecord): void {
  const asked = group.members.find(({ id }) => id === wish.taskId);
  const isDone = hasHappened(group, wish);
  if (!isDone && mayHappen(group, wish, asked) && context.now < wish.untilMs) {
    if (asked) order(context, asked, wish.order);
    return;
  }
  context.state.guestWishes.remove(wish.id);
  if (asked) withdraw(context, asked, wish.order);
  tellEnd(context, group, wish, isDone);
}

/** A primary that has handed over ends, which may be heard before its successor has told its role. */
function mayHappen(group: Group, { order: body }: GuestWishRecord, asked: MemberTask | undefined): boolean {
  return asked !== undefined || (body.type === 'failOver' && primaryOf(group) === undefined);
}

function hasHappened(group: Group, { order: body }: GuestWishRecord): boolean {
  const primary = primaryOf(group);
  if (body.type === 'failOver') return primary?.replica.self.member === body.toMember;
  return (primary?.replica.report?.guest?.synced ?? 0) >= body.request;
}

function tellEnd(context: Context, group: Group, { order: body }: GuestWishRecord, isDone: boolean): void {
  const { id } = group.app;
  const primary = primaryOf(group);
  if (isDone && body.type === 'failOver' && primary)
    tell(context, id, `${nameOf(primary)} has become the primary`, {
      task: primary,
      kind: 'leader',
    });
  if (isDone) return;
  const what = body.type === 'failOver' ? 'fail-over' : 'round';
  tell(context, id, `the ${what} that an operator asked for did not come about: its primary ended or took too long`);
}
