/** Real processes, killed; `npm run crash -- --processes` has the long form. GAIA_SEED chooses the run. */
import assert from 'node:assert/strict';
import { killProcesses } from './lanes.js';

const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);

describe(`processes of the framework that are killed (seed ${seed})`, function () {
  this.timeout(180_000);

  it('leave a store from which the next one goes on', async () => {
    const { kills } = await killProcesses({ store: 'lmdb', count: 3, seed, lanes: 1, minutes: 1 });
    assert.ok(kills > 0);
  });
});
