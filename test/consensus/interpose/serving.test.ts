import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { RespConnection } from '../../resp.js';
import { eventually } from '../group.js';
import { compareLiving } from './exactness.js';
import { type Group, type Replica, startGroup } from './group.js';

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

  it('is called redis-server, as without GAIA', () => {
    for (const replica of group.replicas)
      assert.equal(readFileSync(`/proc/${replica.pid}/comm`, 'utf8'), 'redis-server\n');
  });

  it('takes writes and reads at every replica', async () => {
    for (const replica of group.replicas) {
      const client = await group.client(replica.address.slot);
      const key = `slot${replica.address.slot}`;
      assert.equal(await client.call('SET', key, replica.address.member), 'OK');
      for (const other of group.replicas) {
        const reader = await group.client(other.address.slot);
        assert.equal(await reader.call('GET', key), String(replica.address.member));
        reader.close();
      }
      client.close();
    }
  });

  it('stores and returns 64 MiB through a follower', async () => {
    const follower = group.replicas.find((replica) => replica !== leader) as Replica;
    const client = await group.client(follower.address.slot);
    const value = 'x'.repeat(64 * megabyte);
    assert.equal(await client.call('SET', 'large', value), 'OK');
    assert.equal((await client.call('GET', 'large')) === value, true);
    await client.call('DEL', 'large');
    client.close();
  });

  it('answers other clients while one does not read its replies', async () => {
    const slow = await group.client(leader.address.slot);
    const other = await group.client(leader.address.slot);
    await slow.call('SET', 'wide', 'y'.repeat(4 * megabyte));
    slow.socket.pause();
    for (let i = 0; i < 16; i++) slow.sendRaw('*2\r\n$3\r\nGET\r\n$4\r\nwide\r\n');
    for (let i = 0; i < 20; i++) {
      const begin = Date.now();
      assert.equal(await other.call('PING'), 'PONG');
      assert.ok(Date.now() - begin < 1000, `PING took ${Date.now() - begin} ms`);
    }
    slow.socket.resume();
    await eventually('not all 16 replies came', () => slow.pushed.length === 16, 20_000);
    await other.call('DEL', 'wide');
    slow.close();
    other.close();
  });

  it('delivers replies after a half-close, then the end of the stream', async () => {
    const client = await RespConnection.open(leader.address.servicePort, '127.0.0.1', true);
    const reply = client.pipeline([['PING'], ['ECHO', 'last']]);
    client.socket.end();
    assert.deepEqual(await reply, ['PONG', 'last']);
    await eventually('the server does not close', () => client.closed);
    client.close();
  });

  it('survives resets with output pending', async () => {
    const client = await group.client(leader.address.slot);
    await client.call('SET', 'wide', 'z'.repeat(megabyte));
    for (let i = 0; i < 10; i++) {
      const doomed = await group.client(leader.address.slot);
      doomed.sendRaw('*2\r\n$3\r\nGET\r\n$4\r\nwide\r\n'.repeat(4));
      await delay(i);
      doomed.reset();
    }
    assert.equal(await client.call('PING'), 'PONG');
    const clientsNow = async () =>
      String(await client.call('CLIENT', 'LIST'))
        .trim()
        .split('\n').length === 1;
    await eventually('the reset clients are not gone', clientsNow);
    client.close();
  });

  it('serves 1,000 connections', async () => {
    const clients = await Promise.all(Array.from({ length: 1000 }, () => group.client(leader.address.slot)));
    const replies = await Promise.all(clients.map((client) => client.call('INCR', 'thousand')));
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
    assert.match(String(await client.call('INFO')), new RegExp(`tcp_port:${leader.address.servicePort}`));
    client.close();
    await group.quiesce();
    for (const replica of group.living()) assert.equal(replica.state?.divergence, null);
  });

  it('goes on without what it did not commit when it was paused and another led meanwhile', async () => {
    const paused = leader;
    const writer = await group.client(paused.address.slot);
    // A client that it has not accepted before is none of the leader's: as a follower it would carry its write to the other one.
    await writer.call('PING');
    process.kill(paused.pid, 'SIGSTOP');
    writer.sendRaw('*3\r\n$3\r\nSET\r\n$6\r\npaused\r\n$3\r\nold\r\n');
    const others = group.replicas.filter((replica) => replica !== paused);
    const second = await eventually(
      'nobody else leads',
      () => others.find((replica) => replica.state?.role === 'leader'),
      30_000,
    );
    const client = await group.client(second.address.slot);
    assert.equal(await client.call('SET', 'paused', 'new'), 'OK');
    client.close();
    process.kill(paused.pid, 'SIGCONT');
    await eventually('its clients are not disconnected', () => writer.closed);
    leader = await group.leader();
    const reader = await group.client(leader.address.slot);
    assert.equal(await reader.call('GET', 'paused'), 'new');
    reader.close();
  });

  it('hands leadership over and ends on SIGTERM', async () => {
    const member = leader.address.member;
    const writer = await group.client(leader.address.slot);
    await writer.call('SET', 'kept', 'value');
    writer.close();
    await group.kill(leader, 'SIGTERM');
    assert.deepEqual(leader.exit, { code: 0, signal: null }, leader.output());
    const next = await group.leader();
    assert.notEqual(next.address.member, member);
    const client = await group.client(next.address.slot);
    assert.equal(await client.call('GET', 'kept'), 'value');
    client.close();
  });
});

describe('a client that does not read its replies', function () {
  this.timeout(30_000);
  let group: Group;

  before(async () => {
    group = await startGroup({ configuration: [`output_bytes_max=${2 * megabyte}`, `output_bytes_soft=${megabyte}`] });
  });
  after(() => group?.stop());

  it('is closed through the log when more than the bound is buffered', async () => {
    const slow = await group.client((await group.leader()).address.slot);
    const other = await group.client((await group.leader()).address.slot);
    await slow.call('SET', 'wide', 'y'.repeat(32 * megabyte));
    slow.socket.pause();
    slow.sendRaw('*2\r\n$3\r\nGET\r\n$4\r\nwide\r\n');
    const clientsNow = async () => /connected_clients:(\d+)/.exec(String(await other.call('INFO', 'clients')))?.[1];
    await eventually('the client is not closed', async () => (await clientsNow()) === '1');
    slow.socket.resume();
    await eventually('its socket is not closed', () => slow.closed);
    assert.deepEqual(slow.pushed, []);
    other.close();
    await group.quiesce();
    for (const comparison of compareLiving(group)) assert.deepEqual(comparison.differences, []);
    for (const replica of group.replicas) {
      assert.deepEqual(replica.state?.unexpected, {});
      assert.equal(replica.state?.divergence, null);
    }
  });
});
