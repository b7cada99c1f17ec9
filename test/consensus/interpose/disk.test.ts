/** Durability `disk`: unmodified servers survive that all of them are killed at once. */
import assert from 'node:assert/strict';
import type { RespConnection } from '../../resp.js';
import { eventually } from '../group.js';
import { type Group, type Replica, saveHook, startGroup } from './group.js';

/** Writes without end; resolves with the keys that were acknowledged when the connection breaks. */
async function writeUntilBroken(client: RespConnection, prefix: string): Promise<string[]> {
  const acknowledged: string[] = [];
  try {
    for (let i = 0; ; i++) {
      const key = `${prefix}:${i}`;
      if ((await client.call('SET', key, `value of ${key}`)) === 'OK') acknowledged.push(key);
      await client.call('RPUSH', 'order', key);
    }
  } catch {
    return acknowledged;
  }
}

/** Clients are closed for every snapshot: this one asks again. */
async function digestAt(group: Group, slot: number): Promise<unknown> {
  return await eventually('no digest', async () => {
    const client = await group.client(slot);
    const digest = await client.call('DEBUG', 'DIGEST').catch(() => null);
    client.close();
    return digest;
  });
}

async function digests(group: Group): Promise<unknown[]> {
  await group.quiesce();
  const found = [];
  for (const { address } of group.replicas) found.push(await digestAt(group, address.slot));
  return found;
}

/** Clients are closed for every snapshot: whoever writes comes again. */
async function writeKeys(group: Group, prefix: string, count: number): Promise<string[]> {
  const keys: string[] = [];
  await eventually(`${count} keys`, async () => {
    const client = await group.client((await group.leader()).address.slot);
    try {
      while (keys.length < count) {
        const key = `${prefix}:${keys.length}`;
        await client.call('SET', key, key);
        keys.push(key);
      }
      return true;
    } catch {
      return false;
    } finally {
      client.close();
    }
  });
  return keys;
}

async function writeUntilShortened(group: Group): Promise<void> {
  const short = () => group.replicas.every(({ state }) => (state?.journalFrom ?? 0) > 1);
  const value = 'v'.repeat(1_000_000);
  await eventually(
    'journals to be shortened',
    async () => {
      const client = await group.client((await group.leader()).address.slot);
      for (let i = 0; i < 8; i++) await client.call('SET', `large${i}`, value).catch(() => {});
      client.close();
      return short();
    },
    90_000,
  );
}

describe('a replicated redis-server with durability disk', function () {
  this.timeout(120_000);

  for (const transport of ['shm', 'tcp'] as const) {
    it(`loses nothing acknowledged when all members are killed at once, over ${transport}`, async () => {
      const group = await startGroup({
        transport,
        durability: 'disk',
        args: ['--save', '', '--enable-debug-command', 'local'],
      });
      try {
        const acknowledged: string[] = [];
        for (let life = 1; life <= 2; life++) {
          const clients = await Promise.all(group.replicas.map(({ address }) => group.client(address.slot)));
          const writers = clients.map((client, number) => writeUntilBroken(client, `life${life}:client${number}`));
          const before = await group.quiesce();
          await eventually(
            'too few writes',
            () => (group.replicas[0]?.state?.appliedIndex ?? 0) > before + 300,
            20_000,
          );
          await Promise.all(group.replicas.map((replica) => group.kill(replica)));
          acknowledged.push(...(await Promise.all(writers)).flat());
          for (const { address } of [...group.replicas]) await group.restart(address.slot);
          await group.leader();
          const client = await group.client(0);
          for (const key of acknowledged) assert.equal(await client.call('GET', key), `value of ${key}`);
          client.close();
        }
        assert.ok(acknowledged.length > 100, `${acknowledged.length} writes were acknowledged`);
        const [first, ...others] = await digests(group);
        for (const digest of others) assert.equal(digest, first);
        for (const { state } of group.replicas) assert.deepEqual([state?.divergence, state?.diskError], [null, null]);
        const client = await group.client(1);
        assert.equal(await client.call('SET', 'and', 'on'), 'OK');
        client.close();
      } finally {
        await group.stop();
      }
    });
  }

  it('returns by its own snapshots from shortened journals, and lets a newcomer in', async () => {
    const group = await startGroup({
      durability: 'disk',
      configuration: saveHook,
      args: ['--save', '', '--enable-debug-command', 'local'],
    });
    try {
      await writeUntilShortened(group);
      const acknowledged = await writeKeys(group, 'before', 200);
      const [before] = await digests(group);
      for (let life = 0; life < 2; life++) {
        await Promise.all(group.replicas.map((replica) => group.kill(replica)));
        for (const { address } of [...group.replicas]) await group.restart(address.slot);
        await group.leader();
        for (const digest of await digests(group)) assert.equal(digest, before);
        for (const { state } of group.replicas) {
          assert.deepEqual(state?.unexpected, { joinedBySnapshot: 1 });
          assert.deepEqual([state?.divergence, state?.diskError, state?.snapshotError], [null, null, null]);
          assert.ok((state?.journalFrom ?? 0) > 1);
        }
      }
      acknowledged.push(...(await writeKeys(group, 'after', 200)));
      const victim = group.living().find(({ state }) => state?.role === 'follower') as Replica;
      await group.kill(victim);
      const fresh = await group.replace(victim.address.slot, 90_000);
      assert.ok((fresh.state?.snapshotIndex ?? 0) > 0, 'what it was given is its own');
      await Promise.all(group.replicas.map((replica) => group.kill(replica)));
      for (const { address } of [...group.replicas]) await group.restart(address.slot);
      await group.leader();
      const [first, ...others] = await digests(group);
      for (const digest of others) assert.equal(digest, first);
      const client = await group.client(fresh.address.slot);
      for (const key of acknowledged) assert.equal(await client.call('GET', key), key);
      client.close();
    } finally {
      await group.stop();
    }
  });

  it('takes a member back that was away, and needs it', async () => {
    const group = await startGroup({ durability: 'disk' });
    try {
      const [away, next] = [(await group.leader()).address.slot, ((await group.leader()).address.slot + 1) % 3];
      await group.kill(group.replicas[away] as (typeof group.replicas)[number]);
      const client = await group.client((away + 2) % 3);
      await eventually(
        'nobody serves',
        async () => (await client.call('SET', 'k', 'v').catch(() => null)) === 'OK',
        10_000,
      );
      await group.restart(away);
      await group.quiesce();
      await group.kill(group.replicas[next] as (typeof group.replicas)[number]);
      await group.leader();
      const reader = await group.client(away);
      assert.equal(await reader.call('GET', 'k'), 'v');
      assert.equal(await reader.call('SET', 'k', 'w'), 'OK');
      reader.close();
      client.close();
    } finally {
      await group.stop();
    }
  });
});
