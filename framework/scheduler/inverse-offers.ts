/** Mesos' question whether an agent may go down. */
import lodash from 'lodash';
import { windowText } from '../../placement/index.js';
import type { InverseOffer } from '../mesos-http-client/index.js';
import { isPinned, residentSentence } from './cluster.js';
import { type Context, call } from './context.js';
import { setAgent } from './known-agents.js';
import { forgetWindow, noteWindow, windowAt, windowOf } from './maintenance.js';
import { groupOf, mayKill } from './quorum.js';
import type { AppRecord, TaskRecord } from './records.js';
import { describeAgent, tell } from './story.js';
import { nameOf } from './tasks.js';

/** Mesos asks again after that. */
const refuse_seconds = 60;
const unheardMs = 3 * refuse_seconds * 1000;

/**
 * Notes the windows, also of agents that offer nothing now. The answer is yes when nothing of ours runs there, or all of it is on
 * its way to other agents and no group would miss its majority. Apps with volumes are told that their tasks stay.
 */
export function receiveInverseOffers(context: Context, offers: InverseOffer[]): void {
  const tasksAt = lodash.groupBy([...context.state.tasks.values()], ({ agent }) => agent.id);
  const at = ({ agent_id }: InverseOffer) => tasksAt[agent_id?.value ?? ''] ?? [];
  for (const offer of offers) note(context, offer, at(offer));
  const [yes, no] = lodash.partition(offers, (offer) => allow(context, offer.agent_id?.value ?? '', at(offer)));
  const answer = (some: InverseOffer[]) => ({
    inverse_offer_ids: some.map(({ id }) => id),
    filters: { refuse_seconds },
  });
  if (yes.length > 0) call(context, { type: 'ACCEPT_INVERSE_OFFERS', accept_inverse_offers: answer(yes) });
  if (no.length > 0) call(context, { type: 'DECLINE_INVERSE_OFFERS', decline_inverse_offers: answer(no) });
}

function note(context: Context, offer: InverseOffer, there: TaskRecord[]): void {
  const { id, agent_id, unavailability } = offer;
  if (!agent_id) return;
  const window = windowOf(unavailability);
  if (context.memory.unavailable.get(agent_id.value)?.startMs !== window.startMs) tellStays(context, offer, there);
  noteWindow(context, agent_id.value, window);
  setAgent(context, context.memory.asked, agent_id.value, { offerId: id.value, heardMs: context.now });
}

function tellStays(context: Context, { unavailability }: InverseOffer, there: TaskRecord[]): void {
  const window = windowText(windowOf(unavailability), context.now);
  for (const task of there) {
    const app = context.state.apps.get(task.appId);
    if (!app || !isPinned(app)) continue;
    const where = `stays on ${describeAgent(task.agent)}, where ${window}: it is there ${residentSentence}`;
    tell(context, task.appId, `${nameOf(task)} ${where}`, { task });
  }
}

/** One after the other: what has been allowed counts for the next. */
function allow(context: Context, agentId: string, there: TaskRecord[]): boolean {
  const { allowed } = context.memory;
  allowed.delete(agentId);
  const may = mayGo(context, agentId, there);
  if (may) allowed.add(agentId);
  return may;
}

function mayGo(context: Context, agentId: string, there: TaskRecord[]): boolean {
  if (there.length === 0) return true;
  const apps = [...new Set(there.map(({ appId }) => appId))].map((id) => context.state.apps.get(id));
  return isLeft(context, agentId) && apps.every((app) => app === undefined || isSpared(context, app, agentId));
}

/** What runs there moves. */
const isLeft = (context: Context, agentId: string) =>
  Object.hasOwn(context.memory.closed, agentId) || windowAt(context, agentId) !== null;

/**
 * The app bears that this agent goes down now with all that are allowed to, and all with a smaller id that are left: before a restart
 * they may have been allowed. So a majority stays, whichever of them go.
 */
function isSpared(context: Context, app: AppRecord, agentId: string): boolean {
  if (isPinned(app)) return false;
  const group = groupOf(app, context.state.tasksOf(app.id));
  if (!group) return true;
  const goes = ({ agent: { id } }: TaskRecord) =>
    context.memory.allowed.has(id) || (id <= agentId && isLeft(context, id));
  return mayKill(group, new Set(group.members.filter(goes).map(({ replica }) => replica.self.member)));
}

/** The window was called off or has changed; if so, another inverse offer or the next offer tells the new one. */
export function rescindInverseOffer({ memory }: Context, offerId: string): void {
  for (const [agentId, asked] of memory.asked) if (asked.offerId === offerId) forgetWindow(memory, agentId);
}

/** Inverse offers are repeated as long as the window is scheduled and something of ours is there. */
export function forgetUnheard({ memory, now }: Context): void {
  for (const [agentId, { heardMs }] of memory.asked) if (now - heardMs > unheardMs) forgetWindow(memory, agentId);
}
