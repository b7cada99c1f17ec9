/** Memories of a replicated guest's two QEMUs are the same after every round, whatever its server does. */
import assert from 'node:assert/strict';
import { missedBy, runIdentity } from './campaign/identity.js';
import { loads } from './loads.js';
import { patienceMs } from './machine.js';

const rounds = Number(process.env.GAIA_ROUNDS ?? 15);

describe(`a replicated guest of two processors (${rounds} rounds)`, function () {
  this.timeout(4 * patienceMs + rounds * 3000);

  for (const [name, load] of Object.entries(loads))
    it(`has one memory after each round: ${name}`, async () => {
      const told = await runIdentity({ load, count: rounds, memoryMib: load.memoryMib, vcpus: 2, endMs: Infinity });
      assert.deepEqual(missedBy(told, rounds), []);
      console.log(
        `      ${told.answers} answers; of ${told.dirtyPages} dirty pages ${told.equalPages} were equal by themselves`,
      );
    });
});
