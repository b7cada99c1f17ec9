import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../group.js';
import { type Group, type Replica, startGroup } from './group.js';
import { assertEqualTurns, assertExact } from './own-server.js';

const run = promisify(execFile);

describe('visitors at the Unix socket of a replicated redis-server', function () {
  this.timeout(60_000);
  let group: Group;

  before(async () => {
    const args = [
      '--save',
      '',
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--unixsocket',
      'visit.sock',
      '--enable-debug-command',
      'yes',
    ];
    group = await startGroup({ args });
  });
  after(() => group?.stop());

  const visit = async (replica: Replica, ...command: string[]) => {
    const { stdout } = await run('redis-cli', ['-s', 'visit.sock', ...command], {
      cwd: replica.directory,
      timeout: 20_000,
    });
    return stdout.trim();
  };

  it('see each replica’s state while the group works, and leave its turns alone', async () => {
    const client = await group.client((await group.leader()).address.slot);
    let working = true;
    const load = async () => {
      let count = 0;
      while (working) {
        count++;
        await client.call('INCR', 'count');
        await client.call('SET', `key${count % 100}`, 'x'.repeat(count % 1000), 'EX', '100');
        await client.call('EVAL', "return {redis.call('TIME'), redis.call('RANDOMKEY')}", '0');
      }
      return count;
    };
    const done = load();
    for (let round = 0; round < 3; round++)
      for (const replica of group.replicas) {
        const seen = Number(await visit(replica, 'GET', 'count'));
        assert.ok(
          seen >= 0 && seen <= Number(await client.call('GET', 'count')),
          `member ${replica.address.member} shows ${seen}`,
        );
      }
    working = false;
    const count = await done;
    await group.quiesce();
    for (const replica of group.replicas) assert.equal(await visit(replica, 'GET', 'count'), `${count}`);
    const digest = await client.call('DEBUG', 'DIGEST');
    await group.quiesce();
    for (const replica of group.replicas) assert.equal(await visit(replica, 'DEBUG', 'DIGEST'), digest);
    await client.call('INFO', 'clients');
    client.close();
    await assertEqualTurns(group, count);
    assertExact(group);
  });

  it('change nothing, whatever they ask for', async () => {
    const client = await group.client((await group.leader()).address.slot);
    await client.call('SET', 'kept', 'yes');
    await group.quiesce();
    const files = group.replicas.map(appended);
    for (const replica of group.replicas) {
      assert.equal(await visit(replica, 'GET', 'kept'), 'yes');
      for (const command of [['DEL', 'kept'], ['FLUSHALL'], ['SAVE'], ['BGREWRITEAOF'], ['SHUTDOWN', 'NOSAVE']])
        await visit(replica, ...command).catch(() => {});
    }
    assert.deepEqual(group.replicas.map(appended), files);
    for (const replica of group.replicas) assert.equal(await visit(replica, 'GET', 'kept'), 'yes');
    assert.equal(await client.call('GET', 'kept'), 'yes');
    await client.call('DEBUG', 'DIGEST');
    client.close();
    await assertEqualTurns(group);
    assertExact(group);
  });

  it('are eight at a time, and gone when they have hung up or the replica has ended', async () => {
    const leader = await group.leader();
    const sockets = await Promise.all(Array.from({ length: 10 }, () => talk(leader)));
    await eventually(`${forksOf(leader).length} forks`, () => forksOf(leader).length === 8);
    await eventually('nobody was sent away', () => sockets.filter((socket) => socket.destroyed).length === 2);
    for (const socket of sockets.slice(0, 9)) socket.destroy();
    const left = sockets[9]?.destroyed ? 0 : 1;
    await eventually(`${forksOf(leader).length} forks`, () => forksOf(leader).length === left);
    const [last] = [await talk(leader)];
    await eventually('no fork', () => forksOf(leader).length > 0);
    const forks = forksOf(leader);
    await group.kill(leader);
    await eventually('a fork outlives its program', () => !forks.some(lives));
    last?.destroy();
    for (const socket of sockets) socket.destroy();
    const heir = await group.leader();
    assert.equal(await visit(heir, 'GET', 'kept'), 'yes');
    assertExact(group);
  });

  async function talk(replica: Replica) {
    const socket = connect(path.relative(process.cwd(), path.join(replica.directory, 'visit.sock')));
    socket.on('error', () => {});
    socket.on('close', () => socket.destroy());
    socket.write('PING\r\n');
    await eventually('no connection', () => socket.bytesWritten > 0 || socket.destroyed);
    socket.resume();
    return socket;
  }
});

function appended(replica: Replica): string[] {
  const directory = path.join(replica.directory, 'appendonlydir');
  return readdirSync(directory)
    .sort()
    .map((name) => `${name} ${readFileSync(path.join(directory, name)).length}`);
}

/** Running ones: those that have ended are collected at the next visit. */
function forksOf(replica: Replica): number[] {
  const children = readFileSync(`/proc/${replica.pid}/task/${replica.pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number).filter(lives);
}

function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
