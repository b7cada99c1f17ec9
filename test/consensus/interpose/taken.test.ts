import assert from 'node:assert/strict';
import { eventually } from '../group.js';
import type { Group, Replica } from './group.js';
import { OwnGroups, told } from './own-server.js';

describe('signals that a replicated server waits for itself', function () {
  this.timeout(60_000);
  const own = new OwnGroups('taken.c', ['-lpthread']);
  let group: Group;

  const start = async (how: string) => {
    group = await own.start(how);
    return connect();
  };
  const connect = () => own.leadersClient();

  const assertSame = () => own.assertSame();

  for (const how of ['thread', 'all', 'timed', 'read', 'poll', 'edge']) {
    it(`are taken at the same entry by all replicas (${how}), and SIGTERM hands leadership over first`, async () => {
      const client = await start(how);
      const leader = await group.leader();
      for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGHUP'] as const) {
        const before = await told(client);
        process.kill(leader.pid, signal);
        await eventually(`${signal} is not taken`, async () => {
          const now = await told(client);
          return (now.hup as number) + (now.usr1 as number) === (before.hup as number) + (before.usr1 as number) + 1;
        });
      }
      assert.equal((await told(client, 'kill')).hup, 2); // its own: what waits for it has not run yet
      await eventually('its own signal is not taken', async () => (await told(client)).hup === 3);
      await told(client, 'child');
      await eventually('the end of a child is not told', async () => (await told(client)).chld === 1);
      if (how === 'timed') await eventually('no time-out', async () => (await told(client)).ticked === 1);
      await assertSame();
      await group.kill(leader, 'SIGTERM');
      assert.deepEqual(leader.exit, { code: 7, signal: null }, leader.output());
      const after = await told(await connect());
      assert.deepEqual([after.hup, after.usr1, after.chld], [3, 1, 1]);
      process.kill((await group.leader()).pid, 'SIGHUP');
      await eventually('the next leader takes no signal', async () => (await told(await connect())).hup === 4);
      await assertSame();
    });
  }

  it('come from the server itself, also by a descriptor', async () => {
    const client = await start('poll');
    await told(client, 'raise');
    await eventually('what it raised is not taken', async () => (await told(client)).usr1 === 1);
    await assertSame();
  });

  it('come from its threads and the kernel’s timers, too', async () => {
    const client = await start('thread');
    await told(client, 'thread');
    await eventually('what a thread sent is not taken', async () => (await told(client)).usr1 === 1);
    assert.equal((await told(client, 'pending')).usr1, 2);
    assert.equal((await told(client, 'heir')).hup, 1);
    await told(client, 'tick');
    await eventually('no ticks', async () => ((await told(client)).alrm as number) >= 3);
    await assertSame();
  });

  it('do not count when a follower gets them, which says so, and SIGINT ends one replica', async () => {
    const client = await start('all');
    const follower = group.replicas.find((replica) => replica.state?.role === 'follower');
    process.kill(follower?.pid as number, 'SIGHUP');
    await eventually('it says nothing', () => /signals count at the leader/.test(follower?.output() ?? ''));
    for (let i = 0; i < 10; i++) assert.equal((await told(client)).hup, 0);
    await group.kill(follower as Replica, 'SIGINT');
    assert.deepEqual(follower?.exit, { code: 7, signal: null });
    assert.equal((await told(client)).hup, 0);
    await assertSame();
  });
});
