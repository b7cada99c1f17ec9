import assert from 'node:assert/strict';
import { toPlain } from '../../framework/mesos-http-client/index.js';
import { pairMb } from '../../framework/replicated-guest.js';
import { requestOf } from '../../framework/scheduler/demand.js';
import { put } from './model/running.js';
import { appSpec, guestSpec, replicatedSpec, World } from './model/world.js';

describe('scheduler: what an app asks of placement', () => {
  it('says how many replicas it is to have, for what goes by the size of the app', () => {
    assert.equal(requestOf(replicatedSpec('/a', { instances: 5 })).size, 5);
  });

  it("has the executor's memory beside that of its spec; a guest's has it in it", () => {
    const world = new World(5, 96);
    world.connect();
    const plain = appSpec('/plain', { mem: 64, instances: 1 });
    for (const spec of [plain, replicatedSpec('/group', { mem: 64 }), guestSpec('/guest')]) world.command(put(spec));
    world.until(() => world.mesos.tasks.size === 7, 60);
    const given = [...world.mesos.tasks.values()].map(({ info }) => [info.name, toPlain(info.resources ?? []).mem]);
    const guests = [2 * 128 + pairMb, 2 * 128 + pairMb, 192].map((mem) => ['guest', mem]);
    const group = [0, 1, 2].map(() => ['group', 64 + 96]);
    assert.deepEqual(given.sort(), [...group, ...guests, ['plain', 64 + 96]].sort());
  });
});
