/**
 * Leaders lost at random moments, one after another, while users change things: killed, standing still, asked to abdicate, cut off from
 * ZooKeeper. No task ever runs that the present leader does not know: what a former one launched it had stored. In the end there is what was
 * asked for last, and a replicated group beside it has not noticed anything.
 * Takes minutes: `GAIA_TAKEOVERS=30 npm test -- takeovers`.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import _ from 'lodash';
import { below, randomFrom } from '../random.js';
import { Ensemble, type Scheduler } from './schedulers.js';
import { type Replica, redisSpec, until } from './system.js';

const APP = '/v2/apps/busy';
const GROUP = '/v2/apps/group';
const instancesMax = 6;
const rounds = Number(process.env.GAIA_TAKEOVERS ?? 0);
const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);

function lostAgainAndAgain(this: Mocha.Suite): void {
  this.timeout(60_000 + rounds * 30_000);
  const pick = below(randomFrom(seed));
  let ensemble: Ensemble;

  before(async () => {
    ensemble = await Ensemble.start({ zkSessionTimeoutMs: 20_000 });
  });
  after(() => ensemble?.stop());

  const faults: ((leader: Scheduler) => Promise<void>)[] = [
    async (leader) => {
      leader.process.kill('SIGKILL');
      ensemble.schedulers = ensemble.schedulers.filter((one) => one !== leader);
      await ensemble.add();
    },
    async (leader) => {
      leader.process.kill('SIGSTOP');
      await sleep(500 + pick(6000));
      leader.process.kill('SIGCONT');
    },
    async (leader) => {
      await leader.request('DELETE', '/v2/leader').catch(() => null);
    },
    async () => {
      ensemble.zooKeeper.signal(0, 'SIGSTOP');
      await sleep(500 + pick(5000));
      ensemble.zooKeeper.signal(0, 'SIGCONT');
    },
  ];

  /** Whatever comes of it: whoever is asked may be lost, too. */
  const scale = (instances: number) =>
    (ensemble.schedulers[pick(ensemble.schedulers.length)] as Scheduler)
      .request('PATCH', `${APP}?force=true`, { instances })
      .catch(() => null);

  const known = async (): Promise<string[]> => {
    const { tasks } = (await (await ensemble.leader()).request('GET', `${APP}/tasks`)).body;
    return tasks.map(({ id }: { id: string }) => id);
  };

  /** Which processes its members are, once it is whole. */
  const members = (): Promise<string[]> =>
    until('the group is whole', 60_000, async () => {
      const { group, replicas } = (await (await ensemble.leader()).request('GET', `${GROUP}/replicas`)).body;
      if (group.state !== 'whole' || replicas.some(({ pid }: Replica) => pid === null)) return null;
      return replicas.map(({ slot, member, pid }: Replica) => `${group.generation}:${slot}:${member}:${pid}`).sort();
    });

  it(`launch nothing that the next one does not know, and end with what was asked for last (seed ${seed}, ${rounds} rounds)`, async () => {
    const app = { id: '/busy', cmd: 'exec sleep 600', cpus: 0.1, mem: 32, instances: 1, backoffSeconds: 0 };
    assert.equal((await (await ensemble.leader()).request('POST', '/v2/apps', app)).status, 201);
    await ensemble.running(await ensemble.leader(), APP, 1);
    assert.equal((await (await ensemble.leader()).request('POST', '/v2/apps', redisSpec('/group'))).status, 201);
    const membersBefore = await members();
    const { frameworks } = await ensemble.inMesos();
    for (let round = 0; round < rounds; round += 1) {
      const leader = await ensemble.leader();
      const changes = [1, 2, 3].map(async (n) => {
        await sleep(n * pick(400));
        return scale(1 + pick(instancesMax));
      });
      await sleep(pick(600));
      await (faults[pick(faults.length)] as (typeof faults)[number])(leader);
      await Promise.all(changes);
      const before = await known();
      const { tasks } = await ensemble.inMesos();
      const busy = tasks.filter((id) => id.startsWith('busy.'));
      assert.deepEqual(_.difference(busy, before, await known()), [], `round ${round}`);
      assert.deepEqual(await members(), membersBefore);
    }
    const last = 1 + pick(instancesMax);
    await until('the last change is taken', 30_000, async () => (await scale(last))?.status === 200);
    const ids = await ensemble.running(await ensemble.leader(), APP, last);
    await until('Mesos runs them and nothing else, for the same framework', 30_000, async () => {
      const found = await ensemble.inMesos();
      assert.deepEqual([found.frameworks, found.tasks.filter((id) => id.startsWith('busy.'))], [frameworks, ids]);
      return true;
    });
    for (const { ended, log } of ensemble.schedulers) assert.equal(ended, false, log);
  });
}

if (rounds > 0) describe('schedulers that are lost again and again', lostAgainAndAgain);
