/**
 * Targets that are given damaged input are tried for GAIA_FUZZ_SECONDS (10) each. GAIA_SEED is the seed, else the clock; it stands in
 * the title. A try is a list of choices, as in the native cases (consensus/native/mutator.h): fast-check makes those of a failure fewer.
 */
import fc from 'fast-check';
import type { Below } from './random.js';

const seconds = Number(process.env.GAIA_FUZZ_SECONDS ?? 10);
export const fuzzMs = seconds * 1000;
export const fuzzSeed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
/** The try under way when the time is over ends, however slow the machine is. */
export const fuzzTimeoutMs = fuzzMs + 60_000;

/** `choices` in turn; 0 when there are no more. */
function chosenFrom(choices: readonly number[]): Below {
  let next = 0;
  return (count) => {
    const choice = choices[next] ?? 0;
    next += 1;
    return choice % count;
  };
}

const choices = fc.array(fc.nat(0xffff), { maxLength: 60, size: 'max' });

/** A test that tries so long. */
export function fuzz(what: string, attempt: (pick: Below) => void | Promise<void>): void {
  it(`fuzz: ${what} (seed ${fuzzSeed})`, async () => {
    const settings = { interruptAfterTimeLimit: fuzzMs, markInterruptAsFailure: false, numRuns: 2 ** 31 - 1 };
    await fc.assert(
      fc.asyncProperty(choices, async (list) => attempt(chosenFrom(list))),
      { ...settings, seed: fuzzSeed },
    );
  }).timeout(fuzzTimeoutMs);
}
