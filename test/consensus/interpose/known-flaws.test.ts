/** What broke in earlier systems that replicate unmodified servers, done to ours; test/consensus/README.md lists all of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { eventually } from '../group.js';
import { compareLiving } from './exactness.js';
import { type Group, type Replica, startGroup } from './group.js';

const kilobyte = 1 << 10;
const megabyte = 1 << 20;

describe('a replicated redis-server, where others broke', function () {
  this.timeout(180_000);
  let group: Group;
  let leader: Replica;

  before(async () => {
    group = await startGroup({});
    leader = await group.leader();
  });
  after(() => group?.stop());

  it('tells apart more connections than 16 bits can count', async () => {
    const connections = 66_000;
    let left = connections;
    const opener = async () => {
      while (left-- > 0) await ping(leader.address.servicePort);
    };
    await Promise.all(Array.from({ length: 50 }, opener));
    const client = await group.client(leader.address.slot);
    const id = Number(await client.call('CLIENT', 'ID'));
    client.close();
    assert.ok(id > connections, `the program has accepted ${id} connections`);
    await assertEqual(group);
  });

  it('leaves no output of the program piled up at followers', async () => {
    const client = await group.client(leader.address.slot);
    await client.call('SET', 'wide', 'w'.repeat(64 * kilobyte));
    const follower = group.replicas.find((replica) => replica !== leader) as Replica;
    const get = Array.from({ length: 100 }, () => ['GET', 'wide']);
    await client.pipeline(get);
    await group.quiesce();
    const before = residentBytes(follower.pid);
    for (let i = 0; i < 50; i++) await client.pipeline(get); // 320 MB of replies
    client.close();
    await assertEqual(group);
    const grown = residentBytes(follower.pid) - before;
    assert.ok(grown < 32 * megabyte, `a follower grew by ${grown} bytes`);
  });

  it('takes the connections of a killed leader for ended, not for its own', async () => {
    const abandoned = await Promise.all(Array.from({ length: 20 }, () => group.client(leader.address.slot)));
    await Promise.all(abandoned.map((client, i) => client.call('SET', `abandoned${i}`, i)));
    await group.kill(leader);
    const heir = await group.leader();
    const client = await group.client(heir.address.slot);
    const others = async () =>
      String(await client.call('CLIENT', 'LIST'))
        .trim()
        .split('\n').length === 1;
    await eventually('clients of the killed leader are still known', others);
    assert.equal(await client.call('GET', 'abandoned19'), '19');
    client.close();
    await assertEqual(group);
  });
});

async function assertEqual(group: Group): Promise<void> {
  await group.quiesce();
  for (const comparison of compareLiving(group)) assert.deepEqual(comparison.differences.slice(0, 3), []);
}

function residentBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * kilobyte;
}

/** One connection, one command. */
function ping(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', () => socket.resetAndDestroy());
    socket.once('error', reject);
    socket.once('close', () => resolve());
  });
}
