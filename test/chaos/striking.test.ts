/** What is carried out of a schedule, and how it is counted. */
import assert from 'node:assert/strict';
import type { Cluster } from './cluster.js';
import { type NemesisName, nemesisNames } from './nemeses.js';
import { scheduleOf } from './schedule.js';
import { Arena } from './strikes/arena.js';
import { carryOut } from './striking.js';
import { familyTallies, type NemesisTally, tallyOf } from './tally.js';
import { Timeline } from './timeline.js';

/** Somebody else's, without a replica; operators are answered what `status` says. */
function arenaOf(status: () => number): Arena {
  const api = { request: async () => ({ status: status() }) };
  return new Arena({ api, machines: null, replicas: () => [], agents: [] } as unknown as Cluster);
}

/** All at once. */
async function tallies(names: NemesisName[], arena: Arena): Promise<NemesisTally[]> {
  const strikes = names.map((nemesis) => ({ nemesis, atMs: 0, lastsMs: 0, pick: 0 }));
  const timeline = new Timeline();
  await carryOut({ seed: 1, seconds: 1, strikes }, arena, timeline, new AbortController().signal);
  return tallyOf(strikes, timeline.moments);
}

describe('the strikes of a chaos run', () => {
  it('are counted by nemesis, and so is why one has met nobody', async () => {
    const statuses = [200, 409, 409];
    const arena = arenaOf(() => statuses.shift() ?? 0);
    const found = await tallies(['scale-plain', 'scale-plain', 'scale-plain', 'scale-plain', 'kill-server'], arena);
    assert.deepEqual(found, [
      {
        ...{ nemesis: 'scale-plain', family: 'churn', scheduled: 4, struck: 1 },
        missed: { 'answered 409': 2, 'answered not at all': 1 },
      },
      {
        ...{ nemesis: 'kill-server', family: 'processes', scheduled: 1, struck: 0 },
        missed: { 'there is no replica': 1 },
      },
    ]);
  });

  it('are impossible in a family when each of its nemeses is', async () => {
    const found = await tallies(
      ['cut-agent', 'split-agents', 'kill-agent', 'kill-server'],
      arenaOf(() => 200),
    );
    const [network, processes] = familyTallies(found);
    assert.match(network?.impossible ?? '', /somebody else's/);
    assert.deepEqual([network?.scheduled, network?.struck, processes?.impossible], [2, 0, null]);
  });

  it('are of every nemesis in the two minutes of `npm test`, whatever the seed', () => {
    for (let seed = 0; seed < 1000; seed += 1) {
      const names = new Set(scheduleOf(seed, 120, nemesisNames).strikes.map(({ nemesis }) => nemesis));
      assert.equal(names.size, nemesisNames.length, `seed ${seed}`);
    }
  });
});
