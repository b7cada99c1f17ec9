/** Carries a schedule out. */
import { NotInTime } from '../e2e/system.js';
import { rest } from './interruption.js';
import type { NemesisName } from './nemeses.js';
import type { Schedule, Strike } from './schedule.js';
import { type Arena, type Begin, Skipped } from './strikes/arena.js';
import { churnStrikes } from './strikes/churn.js';
import { clockStrikes } from './strikes/clock.js';
import { diskStrikes } from './strikes/disk.js';
import { memoryStrikes } from './strikes/memory.js';
import { networkStrikes } from './strikes/network.js';
import { processStrikes } from './strikes/processes.js';
import type { Timeline } from './timeline.js';

const begins: Record<NemesisName, Begin> = {
  ...processStrikes,
  ...networkStrikes,
  ...diskStrikes,
  ...memoryStrikes,
  ...clockStrikes,
  ...churnStrikes,
};

/** Of a strike that could not be begun or ended as meant. */
export interface Failure {
  text: string;
  /** By `performance.now()`, since when that was tried which took too long; undefined: it is no matter of time. */
  lateSinceMs?: number;
}

/** Resolves when the last strike has ended. Interrupted, it begins none any more and ends those that are under way. */
export async function carryOut(
  schedule: Schedule,
  arena: Arena,
  timeline: Timeline,
  interrupted: AbortSignal,
): Promise<Failure[]> {
  const ends: Promise<Failure[]>[] = [];
  for (const strike of schedule.strikes) {
    await rest(Math.max(0, strike.atMs - timeline.ms), interrupted);
    if (interrupted.aborted) break;
    ends.push(carryOutOne(strike, arena, timeline, interrupted));
  }
  return (await Promise.all(ends)).flat();
}

async function carryOutOne(
  { nemesis, pick, lastsMs }: Strike,
  arena: Arena,
  timeline: Timeline,
  interrupted: AbortSignal,
): Promise<Failure[]> {
  let sinceMs = performance.now();
  try {
    const { target, end } = await begins[nemesis](arena, pick);
    timeline.tell('strike', `${nemesis}: ${target}${lastsMs > 0 ? `, for ${lastsMs} ms` : ''}`);
    if (end === undefined) return [];
    await rest(lastsMs, interrupted);
    sinceMs = performance.now();
    await end();
    timeline.tell('end', `${nemesis}: ${target}`);
  } catch (error) {
    const text = `${nemesis}: ${(error as Error).message}`;
    timeline.tell('skipped', text);
    if (error instanceof Skipped) return [];
    const failure = { text: `${(timeline.ms / 1000).toFixed(2)} s: ${text}` };
    return [error instanceof NotInTime ? { ...failure, lateSinceMs: sinceMs } : failure];
  }
  return [];
}
