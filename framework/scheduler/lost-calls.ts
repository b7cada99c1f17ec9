/**
 * Calls that take offers and got no answer: Mesos may have carried them out, or keep the offers out for ever. Declining does no harm in the
 * first case, and mends the other; behind it, on the same connection, Mesos can be asked for the tasks: none of them can be launched any more.
 */
import { tasksOfCall } from '../call-tasks.js';
import type { SchedulerCallBody } from '../mesos-http-client/index.js';
import { type Context, call } from './context.js';
import { askSoon } from './reconcile.js';

/** Like the rest of an offer that was accepted. */
const refuseSeconds = 1;

export function noteLostCall({ memory }: Context, lost: SchedulerCallBody): void {
  if (lost.type !== 'ACCEPT' && lost.type !== 'DECLINE') return;
  const { offer_ids } = lost.type === 'ACCEPT' ? lost.accept : lost.decline;
  for (const { value } of offer_ids) memory.lostCalls.offerIds.add(value);
  for (const id of tasksOfCall(lost)) memory.lostCalls.taskIds.add(id);
}

/** Once a tick: a master that answers nothing is not asked all the time. */
export function mendLostCalls(context: Context): void {
  const { offerIds, taskIds } = context.memory.lostCalls;
  if (offerIds.size === 0 || !context.memory.connected) return;
  const offer_ids = [...offerIds].map((value) => ({ value }));
  call(context, { type: 'DECLINE', decline: { offer_ids, filters: { refuse_seconds: refuseSeconds } } });
  askSoon(context, taskIds);
  offerIds.clear();
  taskIds.clear();
}
