/** Maintenance windows of agents, as offers and inverse offers tell of them. */
import { avoidance, type GroupRequest, type Unavailability } from '../../placement/index.js';
import type { InverseOffer, Offer } from '../mesos-http-client/index.js';
import type { Context, Memory } from './context.js';
import { setAgent } from './known-agents.js';

/** So long before its window what runs on an agent is moved away, and nothing new is placed there while others do. */
const horizonMs = 3_600_000;

/** What a request says, for agents to be avoided that go down. */
export const maintenanceAt = (nowMs: number): NonNullable<GroupRequest['maintenance']> => ({ nowMs, horizonMs });

/** What is to be said of an agent that goes down soon, or is down; null: it does not. */
export function windowAt({ memory, now }: Pick<Context, 'memory' | 'now'>, id: string): string | null {
  const unavailable = memory.unavailable.get(id);
  return unavailable ? avoidance({ avoid: {}, maintenance: maintenanceAt(now) }, { id, unavailable }) : null;
}

/** The agents that go down soon, by id, and why they take nothing that moves because of maintenance. */
export function goingDown(context: Context): Record<string, string> {
  const windows = [...context.memory.unavailable.keys()].map((id) => [id, windowAt(context, id)] as const);
  return Object.fromEntries(windows.flatMap(([id, window]) => (window === null ? [] : [[id, window]])));
}

/** The newest offer of an agent says when it goes down, or that nothing is known of that. */
export function noteOffered(context: Context, { agent_id, unavailability }: Offer): void {
  context.memory.asked.delete(agent_id.value);
  if (unavailability) noteWindow(context, agent_id.value, windowOf(unavailability));
  else forgetWindow(context.memory, agent_id.value);
}

export function forgetWindow({ unavailable, asked, allowed }: Memory, agentId: string): void {
  unavailable.delete(agentId);
  allowed.delete(agentId);
  asked.delete(agentId);
}

export function noteWindow(context: Context, agentId: string, window: Unavailability): void {
  setAgent(context, context.memory.unavailable, agentId, window);
}

export function windowOf({ start, duration }: InverseOffer['unavailability']): Unavailability {
  const ms = (nanoseconds: number) => Math.floor(nanoseconds / 1e6);
  return { startMs: ms(start.nanoseconds), durationMs: duration ? ms(duration.nanoseconds) : null };
}
