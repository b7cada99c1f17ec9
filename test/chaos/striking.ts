/** Carries a schedule out. */
import { NotInTime } from '../e2e/system.js';
import { rest } from './interruption.js';
import { type Nemesis, type NemesisName, nemeses } from './nemeses.js';
import type { Schedule, Strike } from './schedule.js';
import { type Arena, type Begin, Impossible, Skipped, type Struck } from './strikes/arena.js';
import { churnStrikes } from './strikes/churn.js';
import { clockStrikes } from './strikes/clock.js';
import { diskStrikes } from './strikes/disk.js';
import { memoryStrikes } from './strikes/memory.js';
import { networkStrikes } from './strikes/network.js';
import { processStrikes } from './strikes/processes.js';
import type { Attempt, Timeline } from './timeline.js';

const begins: Record<NemesisName, Begin> = {
  ...processStrikes,
  ...networkStrikes,
  ...diskStrikes,
  ...memoryStrikes,
  ...clockStrikes,
  ...churnStrikes,
};

const nextOneMs = 500;

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
  strike: Strike,
  arena: Arena,
  timeline: Timeline,
  interrupted: AbortSignal,
): Promise<Failure[]> {
  const { nemesis, lastsMs } = strike;
  let sinceMs = performance.now();
  let hasBegun = false;
  try {
    const { target, end, missed } = await begun(strike, arena, interrupted);
    hasBegun = true;
    const forHowLong = lastsMs > 0 ? `, for ${lastsMs} ms` : '';
    timeline.tell('strike', `${nemesis}: ${target}${forHowLong}`, { nemesis, ...(missed && { missed }) });
    if (end === undefined) return [];
    await rest(lastsMs, interrupted);
    sinceMs = performance.now();
    await end();
    timeline.tell('end', `${nemesis}: ${target}`);
  } catch (error) {
    const isSkipped = error instanceof Skipped;
    const text = `${nemesis}: ${(error as Error).message}`;
    timeline.tell(isSkipped ? 'skipped' : 'failed', text, hasBegun ? undefined : missedBy(nemesis, error as Error));
    if (isSkipped) return [];
    const failure = { text: `${(timeline.ms / 1000).toFixed(2)} s: ${text}` };
    return [error instanceof NotInTime ? { ...failure, lateSinceMs: sinceMs } : failure];
  }
  return [];
}

const missedBy = (nemesis: NemesisName, error: Error): Attempt => ({
  ...{ nemesis, missed: error.message },
  ...(error instanceof Impossible && { isImpossible: true }),
});

/** Where there is nobody whom it may strike, one with patience asks for the next one. */
async function begun({ nemesis, pick }: Strike, arena: Arena, interrupted: AbortSignal): Promise<Struck> {
  const { patienceMs = 0 }: Nemesis = nemeses[nemesis];
  const untilMs = performance.now() + patienceMs;
  for (let next = pick; ; next += 1) {
    try {
      return await begins[nemesis](arena, next);
    } catch (error) {
      const mayComeYet = error instanceof Skipped && !(error instanceof Impossible);
      if (!mayComeYet || interrupted.aborted || performance.now() >= untilMs) throw error;
    }
    await rest(nextOneMs, interrupted);
  }
}
