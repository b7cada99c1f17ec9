/** When which nemesis strikes: decided by a seed alone, so that a seed says the same again; or read from a file. */
import { randomFrom } from '../random.js';
import { type Nemesis, type NemesisName, nemeses, nemesisNames } from './nemeses.js';

export interface Strike {
  /** Since the clients have begun. */
  atMs: number;
  nemesis: NemesisName;
  lastsMs: number;
  /** Which of those that can be struck then: the one at this place, counted round. */
  pick: number;
}

export interface Schedule {
  seed: number;
  seconds: number;
  strikes: Strike[];
}

const gapMs = { min: 300, max: 3500 };
/** So that clients have begun before the first one. */
const firstAtMs = 2000;
const picks = 2 ** 16;
export const secondsMax = 86_400;

/** Every nemesis comes once before one comes again. */
export function scheduleOf(seed: number, seconds: number, names: readonly NemesisName[]): Schedule {
  const random = randomFrom(seed);
  const between = (min: number, max: number) => Math.round(min + random() * (max - min));
  const strikes: Strike[] = [];
  let bag: NemesisName[] = [];
  for (let atMs = firstAtMs; ; atMs += between(gapMs.min, gapMs.max)) {
    if (bag.length === 0) bag = [...names];
    const [nemesis] = bag.splice(Math.floor(random() * bag.length), 1) as [NemesisName];
    const { lastsMs }: Nemesis = nemeses[nemesis];
    const strike = { atMs, nemesis, lastsMs: between(...lastsMs), pick: Math.floor(random() * picks) };
    if (atMs >= seconds * 1000) return { seed, seconds, strikes };
    strikes.push(strike);
  }
}

/** @throws Error that names what is wrong, and how it must be */
export function readSchedule(text: string): Schedule {
  const given = JSON.parse(text) as Partial<Schedule>;
  const { seed, seconds, strikes } = given;
  requireWhole('seed', seed, 2 ** 32);
  requireWhole('seconds', seconds, secondsMax);
  if (!Array.isArray(strikes))
    throw new Error('"strikes" is missing; it must be a list, as in schedule.json of a report');
  for (const [index, strike] of strikes.entries()) judge(`strikes[${index}]`, strike);
  return { seed, seconds, strikes } as Schedule;
}

function judge(where: string, { atMs, lastsMs, pick, nemesis }: Partial<Strike>): void {
  requireWhole(`${where}.atMs`, atMs, secondsMax * 1000);
  requireWhole(`${where}.lastsMs`, lastsMs, secondsMax * 1000);
  requireWhole(`${where}.pick`, pick, picks);
  if (!nemesisNames.some((name) => name === nemesis))
    throw new Error(`${where}.nemesis is ${JSON.stringify(nemesis)}; it must be one of ${nemesisNames.join(', ')}`);
}

function requireWhole(name: string, value: unknown, max: number): void {
  if (!(Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max))
    throw new Error(`"${name}" is ${JSON.stringify(value)}; it must be a whole number from 0 to ${max}`);
}
