/** Agents that are to be avoided while others do: somebody said so, or they go down for maintenance. */
import type { AgentSnapshot, GroupRequest, Unavailability } from './types.js';

/** Why the agent is to be avoided, as a part of a sentence; null: it is not. */
export function avoidance(
  { avoid, maintenance }: Pick<GroupRequest, 'avoid' | 'maintenance'>,
  { id, unavailable }: Pick<AgentSnapshot, 'id' | 'unavailable'>,
): string | null {
  if (Object.hasOwn(avoid, id)) return avoid[id] ?? '';
  if (!unavailable || !maintenance || !isNear(unavailable, maintenance)) return null;
  return windowText(unavailable, maintenance.nowMs);
}

/** It has begun and not ended, or begins within the horizon. */
function isNear({ startMs, durationMs }: Unavailability, { nowMs, horizonMs }: Maintenance): boolean {
  const isOver = durationMs !== null && startMs + durationMs <= nowMs;
  return !isOver && startMs <= nowMs + horizonMs;
}

type Maintenance = NonNullable<GroupRequest['maintenance']>;

/** 'maintenance begins at 2026-01-02T03:00:00.000Z, in 25 min, and takes 60 min' */
export function windowText({ startMs, durationMs }: Unavailability, nowMs: number): string {
  const start = `at ${new Date(startMs).toISOString()}`;
  const begins = startMs <= nowMs ? `has begun ${start}` : `begins ${start}, in ${minutes(startMs - nowMs)}`;
  return `maintenance ${begins}, and ${durationMs === null ? 'no end is known' : `takes ${minutes(durationMs)}`}`;
}

function minutes(ms: number): string {
  return `${Math.ceil(ms / 60_000)} min`;
}

/** Why an agent takes none of the group, whatever the others do; null: it may. */
export function closure({ closed }: Pick<GroupRequest, 'closed'>, agentId: string): string | null {
  return closed && Object.hasOwn(closed, agentId) ? (closed[agentId] as string) : null;
}
