/** Lives with one rule left out, until a check notices; for some rules a day. */
import { coreDay } from '../day/core.js';
import type { Mutant } from './catalogue.js';
import { simulate } from './simulate.js';

const livesMax = 20_000;
const secondsMax = 200;

export interface Verdict {
  mutant: Mutant;
  check: string | null; // that noticed; null: it survived
  seed: string;
  lives: number;
  seconds: number;
}

type Noticed = Pick<Verdict, 'check' | 'seed' | 'lives'>;

export async function check(mutant: Mutant): Promise<Verdict> {
  const startMs = Date.now();
  const noticed = await (mutant.day ? inDay(mutant, mutant.day) : inLives(mutant));
  return { mutant, ...noticed, seconds: (Date.now() - startMs) / 1000 };
}

async function inLives({ name }: Mutant): Promise<Noticed> {
  const startMs = Date.now();
  const args = ['--mutant', String(name), '--seeds', String(livesMax), '--jobs', '1'];
  const { status, summary } = await simulate(args, secondsMax);
  const late = Date.now() - startMs >= secondsMax * 1000;
  const crashed = status === null && !late ? 'the simulator crashed' : null;
  return {
    check: summary?.check ?? crashed,
    seed: String(summary?.failedSeed ?? ''),
    lives: summary?.lives ?? 0,
  };
}

async function inDay({ name }: Mutant, day: NonNullable<Mutant['day']>): Promise<Noticed> {
  const { faults } = await coreDay({ ...day, mutant: String(name) }, () => undefined);
  // A simulator that ends without naming a promise has noticed nothing.
  const check = /^[\w ]+(?=: )/.exec(faults[0] ?? '')?.[0] ?? null;
  return { check, seed: String(day.seed), lives: 1 };
}
