/** Maintenance windows of agents, as offers and inverse offers tell of them. */
import type { GroupRequest, Unavailability } from '../../placement/types.js';
import type { InverseOffer, Offer } from '../mesos-http-client/index.js';
import { type Context, call, type Memory } from './context.js';
import { setNewest } from './newest.js';

/** So long before its window an agent is avoided: what is placed there would have to move soon. */
const horizonMs = 3_600_000;
/** Agents whose windows are remembered; the one that was told of first is forgotten first. */
const windowsMax = 20_000;

/** What a request says, for agents to be avoided that go down. */
export const maintenanceAt = (nowMs: number): NonNullable<GroupRequest['maintenance']> => ({ nowMs, horizonMs });

/** The newest offer of an agent says when it goes down, or that nothing is known of that. */
export function noteOffered(memory: Memory, { agent_id, unavailability }: Offer): void {
  if (unavailability) noteWindow(memory, agent_id.value, windowOf(unavailability));
  else memory.unavailable.delete(agent_id.value);
}

/**
 * Notes the windows, also of agents that offer nothing now, and declines: nothing is moved for maintenance. A window that is
 * called off shows in the agent's next offer.
 */
export function receiveInverseOffers(context: Context, offers: InverseOffer[]): void {
  for (const { agent_id, unavailability } of offers)
    if (agent_id) noteWindow(context.memory, agent_id.value, windowOf(unavailability));
  call(context, {
    type: 'DECLINE_INVERSE_OFFERS',
    decline_inverse_offers: { inverse_offer_ids: offers.map(({ id }) => id) },
  });
}

function noteWindow({ unavailable }: Memory, agentId: string, window: Unavailability): void {
  setNewest(unavailable, agentId, window, windowsMax);
}

function windowOf({ start, duration }: InverseOffer['unavailability']): Unavailability {
  const ms = (nanoseconds: number) => Math.floor(nanoseconds / 1e6);
  return { startMs: ms(start.nanoseconds), durationMs: duration ? ms(duration.nanoseconds) : null };
}
