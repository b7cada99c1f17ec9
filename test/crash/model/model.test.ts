/**
 * `npm run crash -- --model` has the long form. GAIA_SEED and GAIA_RUNS choose the runs, GAIA_SECONDS is the time they have; GAIA_SHRINK=no leaves a failure
 * as large as it is.
 */
import { checkModel } from './model.js';

const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.GAIA_RUNS ?? 40);
const secondsMax = Number(process.env.GAIA_SECONDS ?? 60);

describe('scheduler as a whole', () => {
  it(`keeps what users were promised, whatever happens (seed ${seed}, ${numRuns} runs)`, function () {
    this.timeout(2 * secondsMax * 1000);
    checkModel({ seed, numRuns, secondsMax, shrinks: process.env.GAIA_SHRINK !== 'no' });
  });
});
