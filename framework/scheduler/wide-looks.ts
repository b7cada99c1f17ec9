/**
 * Looks at all agents for one of the apps that wait: why it does, or where room is to be kept for it. Where there are very many agents, and steps may be
 * hundreds in a second, looks of each kind take a bounded share of the time, and none is for what may find room among the next offers.
 */
import type { Context, Waiting } from './context.js';

/** Up to so many agents nothing of this matters. */
export const wideAgentsMax = 2000;
/** Looks cost about 20 us an agent: so they take a fifth of a processor at most. */
const agentsPerMs = 10;
/** Less than that, an app has not waited for long. */
const patienceMs = 2000;

type Kind = keyof Context['memory']['wideLooksMs'];

/** Now; then again when its time has passed. */
export const mayLook = ({ memory, now }: Context, kind: Kind): boolean => now >= memory.wideLooksMs[kind];

export function noteLook({ memory, now }: Context, kind: Kind): void {
  const { size } = memory.agents;
  if (size > wideAgentsMax) memory.wideLooksMs[kind] = now + size / agentsPerMs;
}

export const waitsLong = ({ memory, now }: Context, { sinceMs }: Waiting): boolean =>
  memory.agents.size <= wideAgentsMax || now - sinceMs >= patienceMs;
