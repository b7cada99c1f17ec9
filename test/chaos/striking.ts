/** Carries a schedule out. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NemesisName } from './nemeses.js';
import type { Schedule, Strike } from './schedule.js';
import { type Arena, type Begin, Skipped } from './strikes/arena.js';
import { networkStrikes } from './strikes/network.js';
import { processStrikes } from './strikes/processes.js';
import type { Timeline } from './timeline.js';

const begins: Record<NemesisName, Begin> = { ...processStrikes, ...networkStrikes };

/** Resolves when the last strike has ended. */
export async function carryOut(schedule: Schedule, arena: Arena, timeline: Timeline): Promise<void> {
  const ends: Promise<void>[] = [];
  for (const strike of schedule.strikes) {
    await sleep(Math.max(0, strike.atMs - timeline.ms));
    ends.push(carryOutOne(strike, arena, timeline));
  }
  await Promise.all(ends);
}

async function carryOutOne(strike: Strike, arena: Arena, timeline: Timeline): Promise<void> {
  const { nemesis, pick, lastsMs } = strike;
  try {
    const { target, end } = await begins[nemesis](arena, pick);
    timeline.tell('strike', `${nemesis}: ${target}${lastsMs > 0 ? `, for ${lastsMs} ms` : ''}`);
    if (end === undefined) return;
    await sleep(lastsMs);
    await end();
    timeline.tell('end', `${nemesis}: ${target}`);
  } catch (error) {
    if (!(error instanceof Skipped)) throw error;
    timeline.tell('skipped', `${nemesis}: ${error.message}`);
  }
}
