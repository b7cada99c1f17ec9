/** Maintenance windows of agents, as offers and inverse offers tell of them. */
import lodash from 'lodash';
import { type GroupRequest, type Unavailability, windowText } from '../../placement/index.js';
import type { InverseOffer, Offer } from '../mesos-http-client/index.js';
import { type Context, call, type Memory } from './context.js';
import { setNewest } from './newest.js';
import { describeAgent, tell } from './story.js';
import { nameOf } from './tasks.js';

/** So long before its window an agent is avoided: what is placed there would have to move soon. */
const horizonMs = 3_600_000;
/** Agents whose windows are remembered; the one that was told of first is forgotten first. */
const windowsMax = 20_000;
/** Mesos asks again after that. */
const refuse_seconds = 60;
const unheardMs = 3 * refuse_seconds * 1000;

/** What a request says, for agents to be avoided that go down. */
export const maintenanceAt = (nowMs: number): NonNullable<GroupRequest['maintenance']> => ({ nowMs, horizonMs });

/** The newest offer of an agent says when it goes down, or that nothing is known of that. */
export function noteOffered(memory: Memory, { agent_id, unavailability }: Offer): void {
  memory.asked.delete(agent_id.value);
  if (unavailability) noteWindow(memory, agent_id.value, windowOf(unavailability));
  else memory.unavailable.delete(agent_id.value);
}

/**
 * Notes the windows, also of agents that offer nothing now. What runs there is not moved for maintenance: the answer is no, and
 * its app is told; where nothing of ours runs, or all of it is on its way to other agents, the answer is yes.
 */
export function receiveInverseOffers(context: Context, offers: InverseOffer[]): void {
  const [yes, no] = lodash.partition(offers, ({ agent_id }) => mayGo(context, agent_id?.value ?? ''));
  for (const offer of no) tellStays(context, offer);
  for (const { id, agent_id, unavailability } of offers) {
    if (!agent_id) continue;
    noteWindow(context.memory, agent_id.value, windowOf(unavailability));
    setNewest(context.memory.asked, agent_id.value, { offerId: id.value, heardMs: context.now }, windowsMax);
  }
  const answer = (some: InverseOffer[]) => ({
    inverse_offer_ids: some.map(({ id }) => id),
    filters: { refuse_seconds },
  });
  if (yes.length > 0) call(context, { type: 'ACCEPT_INVERSE_OFFERS', accept_inverse_offers: answer(yes) });
  if (no.length > 0) call(context, { type: 'DECLINE_INVERSE_OFFERS', decline_inverse_offers: answer(no) });
}

function mayGo({ memory, state }: Context, agentId: string): boolean {
  return Object.hasOwn(memory.closed, agentId) || ![...state.tasks.values()].some(({ agent }) => agent.id === agentId);
}

/** Once for each window. */
function tellStays(context: Context, { agent_id, unavailability }: InverseOffer): void {
  const window = windowOf(unavailability);
  const agentId = agent_id?.value ?? '';
  if (context.memory.unavailable.get(agentId)?.startMs === window.startMs) return;
  for (const task of context.state.tasks.values()) {
    if (task.agent.id !== agentId) continue;
    const text = `${nameOf(task)} stays on ${describeAgent(task.agent)}, where ${windowText(window, context.now)}; gaia drain moves it`;
    tell(context, task.appId, text, { task });
  }
}

/** The window was called off or has changed; if so, another inverse offer or the next offer tells the new one. */
export function rescindInverseOffer({ memory }: Context, offerId: string): void {
  for (const [agentId, asked] of memory.asked) if (asked.offerId === offerId) forgetWindow(memory, agentId);
}

/** Inverse offers are repeated as long as the window is scheduled and something of ours is there. */
export function forgetUnheard({ memory, now }: Context): void {
  for (const [agentId, { heardMs }] of memory.asked) if (now - heardMs > unheardMs) forgetWindow(memory, agentId);
}

function forgetWindow({ unavailable, asked }: Memory, agentId: string): void {
  unavailable.delete(agentId);
  asked.delete(agentId);
}

function noteWindow({ unavailable }: Memory, agentId: string, window: Unavailability): void {
  setNewest(unavailable, agentId, window, windowsMax);
}

function windowOf({ start, duration }: InverseOffer['unavailability']): Unavailability {
  const ms = (nanoseconds: number) => Math.floor(nanoseconds / 1e6);
  return { startMs: ms(start.nanoseconds), durationMs: duration ? ms(duration.nanoseconds) : null };
}
