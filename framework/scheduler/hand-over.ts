/** Leadership that a user moves: an order to the leader, repeated until a report shows the heir leading. */
import { isReplicatedGuest } from '../replicated-guest.js';
import type { CommandResult } from '../service.js';
import { notFound, type Refusal } from './changes.js';
import type { Context } from './context.js';
import { heirOf, order, reachableLeader } from './members.js';
import { caughtUp, type Group, groupOf, leaderTask, type MemberTask } from './quorum.js';
import { tell } from './story.js';
import { nameOf } from './tasks.js';

/** An order may come at a bad moment, such as a change of the configuration; after this long nobody wants it any more. */
export const handOverMs = 10_000;

/** `slot` null: to whoever is most current. Idempotent; to the present leader it changes nothing. */
export function transferLeadership(context: Context, appId: string, slot: number | null): CommandResult {
  const app = context.state.apps.get(appId);
  if (!app) return notFound(appId);
  if (isReplicatedGuest(app.active))
    return refusal('invalid', `"${appId}" is a replicated guest, whose primary leads; use gaia vm failover ${appId}`);
  const group = groupOf(app, context.state.tasksOf(appId));
  const heir = group ? chooseHeir(group, slot) : refusal('invalid', `"${appId}" is not replicated and has no leader`);
  if ('ok' in heir) return heir;
  if (heir.id !== leaderTask(group as Group)?.id) {
    context.state.awake.wake(appId);
    context.memory.handOvers.set(appId, { member: heir.replica.self.member, untilMs: context.now + handOverMs });
    tell(context, appId, `leadership is to move to ${nameOf(heir)}: a user asked for it`, { kind: 'leader' });
  }
  return { ok: true, deploymentId: null, version: app.spec.version };
}

const refusal = (reason: 'invalid' | 'quorum', message: string): Refusal => ({ ok: false, reason, message });

function chooseHeir(group: Group, slot: number | null): MemberTask | Refusal {
  const { id } = group.app;
  const leader = reachableLeader(group);
  if (!leader) return refusal('quorum', `${id} has no leader that could hand over; wait until it has one`);
  const able = caughtUp(group).filter((task) => !task.replica.retiring);
  const heir = slot === null ? heirOf(group, leader) : able.find((task) => task.replica.self.slot === slot);
  if (heir) return heir;
  const slots = able.map((task) => task.replica.self.slot).sort();
  const whom = slot === null ? 'no other replica' : `no replica in slot ${slot}`;
  return refusal('quorum', `${whom} of ${id} could lead now; slots that could: ${slots.join(', ') || 'none'}`);
}

/** Moves what was asked for on, and gives it up when it takes too long. */
export function advanceHandOver(context: Context, group: Group): void {
  const { id } = group.app;
  const wanted = context.memory.handOvers.get(id);
  if (!wanted) return;
  const leader = reachableLeader(group);
  const isDone = leader?.replica.self.member === wanted.member;
  if (isDone || context.now >= wanted.untilMs) {
    context.memory.handOvers.delete(id);
    if (!isDone)
      tell(context, id, `member ${wanted.member} has not taken over within ${handOverMs / 1000} s`, { kind: 'leader' });
  } else if (leader) {
    order(context, leader, { type: 'transferLeadership', toMember: wanted.member });
  }
}
