/** The framework may die at any moment: running groups are found again and nothing is launched twice. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RespConnection } from './resp.js';
import { portOf, redisSpec, System, until } from './system.js';

const APP = '/crash/ledger';

describe('a framework that is killed', function () {
  this.timeout(180_000);
  let system: System;

  before(async () => {
    system = await System.start();
  });
  after(() => system?.stop());

  const kill = () => {
    const { frameworkPid } = JSON.parse(readFileSync(join(system.directory, 'gaia-up.json'), 'utf8')) as { frameworkPid: number };
    process.kill(frameworkPid, 'SIGKILL');
  };
  const restart = async () => {
    const ran = await system.upAgain();
    assert.equal(ran.status, 0, ran.stderr);
  };
  const reachable = () => until('the API answers', 20_000, async () => (await system.request('GET', '/v2/info').catch(() => null)) !== null);

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
    assert.deepEqual(after.replicas.map((replica) => replica.pid).sort(), before.replicas.map((replica) => replica.pid).sort());
    assert.equal(await client.call('GET', 'k'), 'v');
    client.close();
  });
});
