import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { RespConnection } from '../../resp.js';
import { eventually } from '../group.js';
import type { Group } from './group.js';
import { OwnGroups, told } from './own-server.js';

describe('the handlers of a replicated server', function () {
  this.timeout(60_000);
  const own = new OwnGroups('signals.c', ['-lpthread']);
  let group: Group;

  const start = async (how: string) => {
    group = await own.start(how);
    return connect();
  };
  const connect = () => own.leadersClient();

  /** Requests follow each other while signals reach the leader in the middle of them. */
  async function signalUnderLoad(client: RespConnection, signals: NodeJS.Signals[]): Promise<void> {
    const leader = await group.leader();
    for (const signal of signals) {
      process.kill(leader.pid, signal);
      for (let i = 0; i < 5; i++) await told(client);
    }
  }

  const assertSame = () => own.assertSame();

  for (const how of ['plain', 'masked', 'pipe', 'pause']) {
    it(`run at the same entry on all replicas (${how}), and what they did survives the leader`, async () => {
      const client = await start(how);
      await signalUnderLoad(client, ['SIGHUP', 'SIGUSR1', 'SIGHUP', 'SIGHUP', 'SIGUSR1']);
      const all = async () => {
        const said = await told(client);
        return said.hup === 3 && said.usr1 === 2;
      };
      await eventually('not all signals were handled', all);
      const before = await told(client);
      if (how === 'pause') assert.ok((before.pauses as number) >= 3, `${before.pauses} pauses ended`);
      await assertSame();
      await group.kill(await group.leader());
      const after = await told(await connect(), 'tell');
      assert.deepEqual([after.hup, after.usr1], [3, 2]);
      process.kill((await group.leader()).pid, 'SIGHUP');
      await eventually('the next leader hears no signal', async () => (await told(await connect())).hup === 4);
      await assertSame();
    });
  }

  it('end a wait that nothing else ends', async () => {
    const client = await start('plain');
    const leader = await group.leader();
    await eventually('no wait has ended', async () => {
      process.kill(leader.pid, 'SIGHUP');
      await delay(20);
      return ((await told(client)).eintr as number) > 0;
    });
    await assertSame();
  });

  it('that were blocked run when a wait lets them come, and end it', async () => {
    const client = await start('masked');
    const before = await told(client, 'kill');
    assert.equal(before.hup, 0);
    const { hup, eintr } = await told(client);
    assert.deepEqual([hup, eintr], [1, (before.eintr as number) + 1]);
    assert.equal((await told(client, 'heir')).heir, 1);
    await assertSame();
  });

  it('do not begin within themselves, and run in children that inherit them', async () => {
    const client = await start('plain');
    const { hup, deepest } = await told(client, 'nest');
    assert.deepEqual([hup, deepest], [2, 1]);
    assert.equal((await told(client, 'heir')).heir, 11);
    assert.equal((await told(client, 'end-heir')).heir, 15);
    await assertSame();
  });

  it('run when a child signals the program by its number', async () => {
    const client = await start('plain');
    await told(client, 'told');
    await eventually('the signal is not heard', async () => (await told(client)).hup === 1);
    await assertSame();
  });

  it('run where the program signals itself, and when its children end', async () => {
    const client = await start('plain');
    assert.equal((await told(client, 'raise')).usr1, 1);
    assert.equal((await told(client, 'kill')).hup, 1);
    for (let i = 1; i <= 3; i++) {
      await told(client, 'child'); // ends in the same turn would be one signal
      await eventually('the end of a child is not told', async () => (await told(client)).chld === i);
    }
    await assertSame();
  });

  it('end sleeps', async () => {
    const client = await start('plain');
    client.sendRaw('nap\r\n');
    setTimeout(async () => process.kill((await group.leader()).pid, 'SIGHUP'), 50);
    await eventually('no answer', () => client.pushed.length > 0);
    assert.match(String(client.pushed[0]), /^hup 1 /);
    await assertSame();
  });

  it('run by timers of the kernel, which go on when the leader has died', async () => {
    await start('alarm');
    const ticks = async () => (await told(await connect())).alrm as number;
    await eventually('no ticks', async () => (await ticks()) >= 5);
    await group.kill(await group.leader());
    const before = await ticks();
    await eventually('no more ticks', async () => (await ticks()) >= before + 5);
    await assertSame();
  });

  it('do not run for a signal that a follower gets, which says so', async () => {
    const client = await start('plain');
    const leader = await group.leader();
    const follower = group.replicas.find((replica) => replica !== leader);
    process.kill(follower?.pid as number, 'SIGHUP');
    await eventually('it says nothing', () => /signals count at the leader/.test(follower?.output() ?? ''));
    for (let i = 0; i < 10; i++) assert.equal((await told(client)).hup, 0);
    await assertSame();
  });
});
