import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { compareLiving } from './exactness.js';
import { type Group, type Replica, startGroup, until } from './group.js';
import { RespClient } from './resp.js';

const megabyte = 1 << 20;

describe('a replicated redis-server', function () {
  this.timeout(120_000);
  let group: Group;
  let leader: Replica;

  before(async () => {
    group = await startGroup({ shell: true });
    leader = await group.leader();
  });
  after(() => group?.stop());

  afterEach(async () => {
    await group.quiesce();
    for (const comparison of compareLiving(group)) assert.deepEqual(comparison.differences.slice(0, 3), []);
    for (const replica of group.living()) assert.deepEqual(replica.state?.unexpected, {});
  });

  it('takes writes and reads at every replica', async () => {
    for (const replica of group.replicas) {
      const client = await group.client(replica.address.slot);
      const key = `slot${replica.address.slot}`;
      assert.equal(await client.send('SET', key, replica.address.member), 'OK');
      for (const other of group.replicas) {
        const reader = await group.client(other.address.slot);
        assert.equal(await reader.send('GET', key), String(replica.address.member));
        reader.close();
      }
      client.close();
    }
  });

  it('stores and returns 64 MiB through a follower', async () => {
    const follower = group.replicas.find((replica) => replica !== leader) as Replica;
    const client = await group.client(follower.address.slot);
    const value = 'x'.repeat(64 * megabyte);
    assert.equal(await client.send('SET', 'large', value), 'OK');
    assert.equal((await client.send('GET', 'large')) === value, true);
    await client.send('DEL', 'large');
    client.close();
  });

  it('answers other clients while one does not read its replies', async () => {
    const slow = await group.client(leader.address.slot);
    const other = await group.client(leader.address.slot);
    await slow.send('SET', 'wide', 'y'.repeat(4 * megabyte));
    slow.socket.pause();
    for (let i = 0; i < 16; i++) slow.sendRaw('*2\r\n$3\r\nGET\r\n$4\r\nwide\r\n');
    for (let i = 0; i < 20; i++) {
      const begin = Date.now();
      assert.equal(await other.send('PING'), 'PONG');
      assert.ok(Date.now() - begin < 1000, `PING took ${Date.now() - begin} ms`);
    }
    slow.socket.resume();
    await until('not all 16 replies came', () => slow.pushed.length === 16, 20_000);
    await other.send('DEL', 'wide');
    slow.close();
    other.close();
  });

  it('delivers replies after a half-close, then the end of the stream', async () => {
    const client = await RespClient.connect(leader.address.servicePort, true);
    const reply = client.pipeline([['PING'], ['ECHO', 'last']]);
    client.socket.end();
    assert.deepEqual(await reply, ['PONG', 'last']);
    await until('the server does not close', () => client.closed);
    client.close();
  });

  it('survives resets with output pending', async () => {
    const client = await group.client(leader.address.slot);
    await client.send('SET', 'wide', 'z'.repeat(megabyte));
    for (let i = 0; i < 10; i++) {
      const doomed = await group.client(leader.address.slot);
      doomed.sendRaw('*2\r\n$3\r\nGET\r\n$4\r\nwide\r\n'.repeat(4));
      await delay(i);
      doomed.reset();
    }
    assert.equal(await client.send('PING'), 'PONG');
    const clientsNow = async () =>
      String(await client.send('CLIENT', 'LIST'))
        .trim()
        .split('\n').length === 1;
    await until('the reset clients are not gone', clientsNow);
    client.close();
  });

  it('serves 1,000 connections', async () => {
    const clients = await Promise.all(Array.from({ length: 1000 }, () => group.client(leader.address.slot)));
    const replies = await Promise.all(clients.map((client) => client.send('INCR', 'thousand')));
    assert.deepEqual(
      replies.map(Number).sort((a, b) => a - b),
      Array.from({ length: 1000 }, (_, i) => i + 1),
    );
    for (const client of clients) client.close();
  });

  it('uses little processor time while idle', async () => {
    const ticks = (replica: Replica) => {
      const fields = readFileSync(`/proc/${replica.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      return Number(fields[11]) + Number(fields[12]);
    };
    const before = group.replicas.map(ticks);
    await delay(5000);
    const percents = group.replicas.map((replica, i) => (ticks(replica) - (before[i] as number)) / 5);
    for (const percent of percents) assert.ok(percent < 4, `idle replicas use ${percents.join(' ')} % of a core`);
  });

  it('answers INFO, which describes the replica, without being taken for divergent', async () => {
    const client = await group.client(leader.address.slot);
    assert.match(String(await client.send('INFO')), new RegExp(`tcp_port:${leader.address.servicePort}`));
    client.close();
    await group.quiesce();
    for (const replica of group.living()) assert.equal(replica.state?.divergence, null);
  });

  it('goes on as a follower when it was paused and another leads now', async () => {
    const paused = leader;
    const writer = await group.client(leader.address.slot);
    process.kill(paused.pid, 'SIGSTOP');
    writer.sendRaw('*3\r\n$3\r\nSET\r\n$6\r\npaused\r\n$3\r\nold\r\n');
    const others = group.replicas.filter((replica) => replica !== paused);
    leader = await until('nobody else leads', () => others.find((replica) => replica.state?.role === 'leader'));
    const client = await group.client(leader.address.slot);
    assert.equal(await client.send('SET', 'paused', 'new'), 'OK');
    process.kill(paused.pid, 'SIGCONT');
    await until('the former leader does not follow', () => paused.state?.leader === leader.address.member);
    await until('its clients are not disconnected', () => writer.closed);
    assert.equal(await client.send('GET', 'paused'), 'new');
    client.close();
  });

  it('hands leadership over and ends on SIGTERM', async () => {
    const member = leader.address.member;
    const writer = await group.client(leader.address.slot);
    await writer.send('SET', 'kept', 'value');
    writer.close();
    await group.kill(leader, 'SIGTERM');
    assert.deepEqual(leader.exit, { code: 0, signal: null }, leader.output());
    const next = await group.leader();
    assert.notEqual(next.address.member, member);
    const client = await group.client(next.address.slot);
    assert.equal(await client.send('GET', 'kept'), 'value');
    client.close();
  });
});
