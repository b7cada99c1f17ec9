/** Lives with one rule left out, until a check notices. */
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

export async function check(mutant: Mutant): Promise<Verdict> {
  const startMs = Date.now();
  const args = ['--mutant', String(mutant.name), '--seeds', String(livesMax), '--jobs', '1'];
  const { status, summary } = await simulate(args, secondsMax);
  const seconds = (Date.now() - startMs) / 1000;
  const late = seconds >= secondsMax;
  const crashed = status === null && !late ? 'the simulator crashed' : null;
  const seed = String(summary?.failedSeed ?? '');
  return { mutant, check: summary?.check ?? crashed, seed, lives: summary?.lives ?? 0, seconds };
}
