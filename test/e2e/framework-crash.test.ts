/** The framework may die at any moment: running groups are found again and nothing is launched twice. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { below, randomFrom } from '../random.js';
import { RespConnection } from '../resp.js';
import { portOf, redisSpec, System, until } from './system.js';

const APP = '/crash/ledger';

describe('a framework that is killed', function () {
  this.timeout(420_000);
  let system: System;

  before(async () => {
    system = await System.start();
  });
  after(() => system?.stop());

  const kill = () => process.kill(system.frameworkPid, 'SIGKILL');
  const restart = async () => {
    const ran = await system.upAgain();
    assert.equal(ran.status, 0, ran.stderr);
  };
  const reachable = () =>
    until('the API answers', 60_000, async () => (await system.request('GET', '/v2/info').catch(() => null)) !== null);

  it('in the middle of a deployment ends with exactly one task per replica', async () => {
    await system.deploy(redisSpec(APP));
    kill();
    await restart();
    await reachable();
    const group = await system.whole(APP);
    assert.deepEqual(group.replicas.map((replica) => replica.slot).sort(), [0, 1, 2]);
  });

  it('with a running group finds it again, untouched', async () => {
    const before = await system.whole(APP);
    const client = await RespConnection.open(portOf(before.replicas[0] as { address: string }));
    await client.call('SET', 'k', 'v');
    kill();
    assert.equal(await client.call('GET', 'k'), 'v', 'the group serves without the framework');
    await restart();
    await reachable();
    const after = await system.whole(APP);
    assert.deepEqual(
      after.replicas.map((replica) => replica.pid).sort(),
      before.replicas.map((replica) => replica.pid).sort(),
    );
    assert.equal(await client.call('GET', 'k'), 'v');
    client.close();
  });

  const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
  it(`ten times, amid deploying, scaling and killing, ends with one member per slot (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const pick = below(random);
    let instances = 3;
    const changes: (() => Promise<{ status: number } | null>)[] = [
      () =>
        system.request(
          'PUT',
          `/v2/apps${APP}?force=true`,
          redisSpec(APP, { instances, env: { ROUND: `${random()}` } }),
        ),
      () => {
        instances = 3 + pick(3);
        return system.request('PATCH', `/v2/apps${APP}?force=true`, { instances });
      },
      // Never more than one at a time: without its majority the group would be lost.
      async () => {
        const { group, replicas } = await system.group(APP);
        const pid = replicas[pick(replicas.length)]?.pid;
        if (group.state === 'whole' && pid) process.kill(pid, 'SIGKILL');
        return null;
      },
    ];
    for (let round = 0; round < 10; round++) {
      const change = (changes[pick(changes.length)] as (typeof changes)[number])();
      await sleep(pick(500));
      kill();
      const answer = await change.catch(() => null);
      assert.ok(answer === null || answer.status < 300, `answered before it died: ${JSON.stringify(answer)}`);
      await restart();
      await reachable();
    }
    await system.request('PATCH', `/v2/apps${APP}?force=true`, { instances });
    await until('the deployment is done', 180_000, async () => {
      assert.deepEqual((await system.request('GET', '/v2/deployments')).body, []);
      return true;
    });
    await until('one member per slot runs, and nothing else', 60_000, async () => {
      const group = await system.whole(APP, instances);
      const members = await system.group(APP);
      assert.equal(members.replicas.length, instances);
      assert.equal(new Set(group.replicas.map(({ slot }) => slot)).size, instances);
      assert.deepEqual(
        system.servers(),
        group.replicas.map(({ pid }) => pid as number).sort((a, b) => a - b),
      );
      return true;
    });
    assert.equal((await system.group(APP)).group.generation, 1, 'the group has never been lost');
  });
});
