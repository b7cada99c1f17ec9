/** A scheduler that is killed between two of its actions; `npm run crash` has the long form. GAIA_SEED chooses the run. */
import { check, pointsOf } from './points.js';
import { scenarios } from './scenarios.js';

const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
const pointsMax = 12;

describe(`scheduler that is killed (seed ${seed})`, function () {
  this.timeout(60_000);
  for (const scenario of scenarios)
    it(scenario.name, () => {
      const faultShare = 0.1;
      const count = check({ scenario, seed, faultShare: 0, points: [] });
      const stride = Math.max(1, Math.ceil((2 * count) / pointsMax));
      for (const share of [0, faultShare])
        for (const point of pointsOf(count, stride, seed))
          check({ scenario, seed, faultShare: share, points: [point] });
    });
});
