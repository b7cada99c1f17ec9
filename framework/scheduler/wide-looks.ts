/**
 * Looks at all agents for one of the apps that wait: why it does, or where room is to be kept for it. Steps may be hundreds in a second, so looks of each
 * kind take a bounded share of the time; where there are very many agents none is for what may find room among the next offers.
 */
import type { Context, Waiting } from './context.js';

/** Up to so many agents nothing of this matters. */
export const wideAgentsMax = 2000;
/** Looks cost about 20 us an agent: so they take a fifth of a processor at most. */
const agentsPerMs = 10;
/** Even to see who waits takes a while when they are very many. */
const walkEveryMs = 250;
/** Less than that, an app has not waited for long. */
const patienceMs = 2000;

type Kind = keyof Context['memory']['wideLooksMs'];

/** Now; then again when its time has passed. */
export const mayLook = ({ memory, now }: Context, kind: Kind): boolean => now >= memory.wideLooksMs[kind];

/** @param asked whether agents were looked at, rather than no more than who waits */
export function noteLook({ memory, now }: Context, kind: Kind, asked: boolean): void {
  const pauseMs = memory.agents.size / agentsPerMs;
  memory.wideLooksMs[kind] = now + (asked ? pauseMs : Math.min(pauseMs, walkEveryMs));
}

export const waitsLong = ({ memory, now }: Context, { sinceMs }: Waiting): boolean =>
  memory.agents.size <= wideAgentsMax || now - sinceMs >= patienceMs;
