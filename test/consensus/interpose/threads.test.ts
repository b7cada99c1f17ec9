import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually } from '../group.js';
import { compareLiving } from './exactness.js';
import { type Group, repository, startGroup } from './group.js';
import { exactMemcached, MemcachedClient } from './memcached.js';

const itemsPerBatch = 500;
const items = Number(process.env.GAIA_ITEMS ?? 110_000);
const clients = 8;

async function assertEqual(group: Group, turnsMin: number): Promise<void> {
  await group.quiesce();
  const comparisons = compareLiving(group);
  assert.ok(comparisons.length > 0);
  for (const comparison of comparisons) {
    assert.deepEqual(comparison.differences, []);
    assert.ok(comparison.turns > turnsMin, `only ${comparison.turns} turns compared`);
  }
  for (const replica of group.living()) assert.equal(replica.state?.divergence, null);
}

async function assertExact(group: Group, turnsMin: number): Promise<void> {
  await assertEqual(group, turnsMin);
  for (const replica of group.living()) {
    assert.deepEqual(replica.state?.unexpected, {});
    assert.equal(replica.state?.label, 'exact');
  }
}

describe('a replicated memcached with its background threads off', function () {
  this.timeout(120_000);
  let group: Group;
  afterEach(() => group?.stop());

  const connect = async () => {
    const { clientPort } = await group.leader();
    return Promise.all(Array.from({ length: clients }, () => MemcachedClient.open(clientPort)));
  };

  /** Keys are shared by all clients, so that the order between the threads matters. */
  async function fill(from: number, to: number): Promise<void> {
    const all = await connect();
    const work = all.map(async (client, own) => {
      for (let first = from + own * itemsPerBatch; first < to; first += clients * itemsPerBatch) {
        let commands = '';
        for (let key = first; key < first + itemsPerBatch; key++)
          commands += `set key${key} 0 0 8\r\nvalue${key % 1000}xxx\r\n`.replace(
            /value(\d+)x+/,
            (_, n) => `v${String(n).padStart(7, '0')}`,
          );
        commands += `incr total ${itemsPerBatch}\r\nappend log 0 0 2\r\n${own};\r\n`;
        const reply = await client.ask(commands, itemsPerBatch + 2);
        assert.ok(!reply.includes('ERROR'), reply.slice(0, 200));
      }
    });
    await Promise.all(work);
    for (const client of all) client.close();
  }

  for (const threads of [1, 4]) {
    it(`executes the same turns with ${threads} thread${threads === 1 ? '' : 's'} on all replicas, before and after a kill of the leader`, async () => {
      group = await startGroup({ program: exactMemcached(threads) });
      const [client] = await connect();
      await client?.ask('set total 0 0 1\r\n0\r\nset log 0 0 0\r\n\r\n', 2);
      client?.close();
      const half = Math.floor(items / 2);
      await fill(0, half);
      await group.kill(await group.leader());
      await fill(half, items);
      const after = await MemcachedClient.open((await group.leader()).clientPort);
      const total = await after.ask('get total\r\n', 3);
      const log = await after.ask('get log\r\n', 3);
      for (let key = 0; key < items; key += 1000) await after.ask(`get key${key}\r\n`, 3);
      after.close();
      assert.equal(Number(total.split('\r\n')[1]), items);
      assert.equal(log.split('\r\n')[1]?.length, (2 * items) / itemsPerBatch);
      await assertExact(group, 100);
    });
  }
});

describe('a replicated server whose threads wait for each other', function () {
  this.timeout(60_000);
  let directory: string;
  let server: string;
  let group: Group;

  before(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'gaia-threads-'));
    server = path.join(directory, 'threads');
    execFileSync('gcc', [
      '-O2',
      '-o',
      server,
      path.join(repository, 'test/consensus/interpose/threads.c'),
      '-lpthread',
    ]);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));
  beforeEach(async () => {
    group = await startGroup({ program: (port) => [server, String(port)] });
  });
  afterEach(() => group?.stop());

  const connect = async () => {
    const { clientPort } = await group.leader();
    return Promise.all(Array.from({ length: 6 }, () => MemcachedClient.open(clientPort)));
  };

  async function ask(rounds: number): Promise<void> {
    const all = await connect();
    const words = ['hold', 'wait', 'try', 'helper', 'hold', 'try', 'helper'];
    const rounded = all.map(async (client, own) => {
      for (let round = 0; round < rounds; round++) {
        const asked = words.slice(own % words.length).concat(words.slice(0, round % words.length));
        await client.ask(asked.map((word) => `${word}\r\n`).join(''), asked.length);
      }
    });
    await Promise.all(rounded);
    for (const client of all) client.close();
  }

  it('lets them run in one order on all replicas, before and after a kill of the leader', async () => {
    await ask(20);
    await group.kill(await group.leader());
    await ask(20);
    await assertEqual(group, 100);
    for (const replica of group.living())
      await eventually('the thread past the hooks is not told', () => replica.state?.unexpected.foreignThread === 1);
  });

  it('goes on while one of them waits for something outside, and loses the label exact', async () => {
    const [slow, quick] = await connect();
    const late = slow?.ask('away\r\n', 1);
    let answered = false;
    late?.then(() => {
      answered = true;
    });
    await quick?.ask('hold\r\nhelper\r\n', 2);
    assert.equal(answered, false, 'nobody was answered before the thread that waited came back');
    assert.match((await late) ?? '', /^\+away \d+\r\n$/);
    for (const replica of group.replicas) {
      await eventually('the thread is not counted', () => replica.state?.unexpected.threadWasAway === 1);
      assert.equal(replica.state?.label, 'checked');
    }
    await quick?.ask('hold\r\nhelper\r\n', 2);
    await group.quiesce();
    for (const comparison of compareLiving(group)) assert.deepEqual(comparison.differences, []);
  });
});
