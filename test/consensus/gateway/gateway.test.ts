/** A server that cannot be preloaded, in three replicas behind gateways. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { usageOf } from '../../growth/usage.js';
import { randomFrom } from '../../random.js';
import { eventually } from '../group.js';
import { type Group, type Replica, repository, startGroup } from '../interpose/group.js';
import { askBehind, LineConnection, pidBehind } from './lines.js';

const server = path.join(repository, 'build/native/gaia-static-server');
const clients = 12;
const megabyte = 1 << 20;
/** More than a gateway waits for a server that works without an end. */
const stillMs = 2000;
/** More than passes until the log knows of what a server has said. */
const loggedMs = 300;

const start = () => startGroup({ gateway: true, program: () => [server] });
const open = (replica: Replica) => LineConnection.open(replica.clientPort);

/** What the servers themselves say of their changes: how many, and a digest of all in their order. */
async function dumps(group: Group): Promise<string[]> {
  return Promise.all(group.living().map((replica) => askBehind(replica, 'DUMP')));
}

/** What a client has been answered, the leader's server has done: who equals it has all of it. */
async function equalDumps(group: Group): Promise<string> {
  return eventually(
    'the replicas are not equal',
    async () => {
      const said = await dumps(group);
      const indices = new Set(group.living().map((replica) => replica.state?.appliedIndex));
      return indices.size === 1 && said.every((dump) => dump === said[0]) ? said[0] : undefined;
    },
    40_000,
  );
}

function assertUndiverged(group: Group): void {
  for (const replica of group.living()) {
    assert.equal(replica.state?.label, 'gateway');
    assert.equal(replica.state?.divergence, null, replica.output());
  }
}

describe('a static server with a thread per client, behind gateways', function () {
  this.timeout(120_000);
  let group: Group;
  before(async () => {
    group = await start();
  });
  after(() => group?.stop());

  it('takes writes and reads at every replica', async () => {
    for (const replica of group.replicas) {
      const client = await open(replica);
      assert.match(await client.ask(`PUT slot${replica.address.slot} x`), /^OK \d+$/);
      for (const other of group.replicas) {
        const reader = await open(other);
        assert.match(await reader.ask(`GET slot${replica.address.slot}`), /^x \d+$/);
        reader.close();
      }
      client.close();
    }
    assert.match(await equalDumps(group), /^3 3 /);
    assertUndiverged(group);
  });

  it('executes what clients ask at the same time in one order on all replicas', async () => {
    const random = randomFrom(7);
    const changesBefore = Number((await equalDumps(group)).split(' ')[1]);
    const leader = await group.leader();
    await Promise.all(
      Array.from({ length: clients }, async (_, number) => {
        const client = await open(leader);
        for (let i = 0; i < 15; i++) await client.ask(`SLOWLY ${Math.floor(random() * 3)} key ${number}.${i}`);
        client.close();
      }),
    );
    const [, changes] = (await equalDumps(group)).split(' ');
    assert.equal(Number(changes), changesBefore + clients * 15);
    assertUndiverged(group);
  });

  it('lets a server end a connection, and a client that has sent all hear the rest', async () => {
    const client = await open(await group.leader());
    await client.ask('PUT closing 1');
    client.socket.write('CLOSE\n');
    await eventually('the connection does not end', () => client.closed);
    const other = await open(await group.leader());
    const answer = other.ask('GET closing');
    other.socket.end();
    assert.match(await answer, /^1 \d+$/);
    await eventually('the connection does not end', () => other.closed);
    await equalDumps(group);
    assertUndiverged(group);
  });

  // As one that has no processor for long: clients' ends come after their requests have been served, here as elsewhere.
  it('tells a server that stood still of an end no earlier than the others', async () => {
    const leader = await group.leader();
    const still = group.living().find((replica) => replica !== leader) as Replica;
    process.kill(pidBehind(still), 'SIGSTOP');
    const client = await open(leader);
    const answer = client.ask('ENDED');
    client.socket.end();
    assert.equal(await answer, 'NO');
    await delay(stillMs);
    process.kill(pidBehind(still), 'SIGCONT');
    const next = await open(leader);
    await next.ask('PUT next 1'); // before this is taken there, the answer has been compared
    next.close();
    await equalDumps(group);
    assertUndiverged(group);
  });

  it('keeps its clients while another member is replaced', async () => {
    const leader = await group.leader();
    const client = await open(leader);
    await client.ask('PUT kept 1');
    const lost = group.living().find((replica) => replica !== leader) as Replica;
    await group.kill(lost);
    await group.replace(lost.address.slot);
    assert.equal(await group.leader(), leader);
    assert.match(await client.ask('GET kept'), /^1 \d+$/);
    client.close();
    await equalDumps(group);
    assertUndiverged(group);
  });

  // The end of its connection comes by a timer, in which a server looks as one that has said all.
  it('waits until a server has said what the lost leader’s had said before its clients were broken off', async () => {
    const leader = await group.leader();
    const others = group.living().filter((replica) => replica !== leader);
    for (const other of others) process.kill(pidBehind(other), 'SIGSTOP');
    const client = await open(leader);
    client.socket.end('half a line');
    await eventually('the connection does not end', () => client.closed);
    await delay(loggedMs);
    await group.kill(leader);
    await group.leader();
    for (const other of others) process.kill(pidBehind(other), 'SIGCONT');
    await group.replace(leader.address.slot);
    await equalDumps(group);
    assertUndiverged(group);
  });

  it('keeps nothing of clients that have come and gone', async () => {
    const before = group.living().map(({ pid }) => usageOf(pid)?.descriptors ?? 0);
    for (const replica of group.living())
      for (const end of ['end', 'destroy', 'resetAndDestroy'] as const)
        for (let i = 0; i < 5; i++) {
          const client = await open(replica);
          await client.ask('GET none');
          client.socket[end]();
        }
    for (const megabytes of [12, 24]) {
      const client = await open(await group.leader());
      client.socket.pause();
      client.socket.end(`BIG ${megabytes * megabyte}\n`);
      await delay(100);
      client.socket.resetAndDestroy();
    }
    const over = () => group.living().map(({ pid }, i) => (usageOf(pid)?.descriptors ?? 0) - (before[i] as number));
    await eventually('descriptors are left', () => over().every((more) => more <= 0), 20_000);
    assertUndiverged(group);
  });

  it('carries answers of many megabytes', async () => {
    const client = await open(await group.leader());
    assert.equal((await client.ask(`BIG ${8 * megabyte}`)).length, 8 * megabyte);
    client.close();
    await equalDumps(group);
    assertUndiverged(group);
  });

  it('closes a client that does not read, and serves others meanwhile', async () => {
    const slow = await open(await group.leader());
    slow.socket.pause();
    slow.socket.write(`BIG ${64 * megabyte}\n`);
    const other = await open(await group.leader());
    assert.match(await other.ask('PUT meanwhile 1'), /^OK/);
    other.close();
    await eventually(
      'its words still find somebody',
      () => !slow.socket.writable || !slow.socket.write('GET none\n'),
      30_000,
    );
    slow.close();
    assert.match(await askBehind(await group.leader(), 'DUMP'), /^\d+ /);
    await equalDumps(group);
    assertUndiverged(group);
  });

  it('does not take the time of day in an answer for a difference', async () => {
    const client = await open(await group.leader());
    for (let i = 0; i < 3; i++) {
      client.socket.write('DATE\n');
      await client.ask('GET none');
    }
    client.close();
    await equalDumps(group);
    assertUndiverged(group);
  });

  it('keeps all that was acknowledged when the leader is killed, and a new member joins by replay', async () => {
    const acknowledged: string[] = [];
    let ends = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; !ends; i++) {
        const key = `w${writer}.${i}`;
        try {
          const follower = group.living().at(-1) as Replica;
          const client = await open(follower);
          await client.ask(`PUT ${key} ${i}`);
          acknowledged.push(key);
          client.close();
        } catch {
          // Unknown outcome: a new leader, perhaps.
        }
      }
    });
    await eventually('nothing is acknowledged', () => acknowledged.length > 50, 30_000);
    const killed = await group.leader();
    await group.kill(killed);
    const sofar = acknowledged.length;
    await eventually('nothing is acknowledged after the fail-over', () => acknowledged.length > sofar + 50, 30_000);
    await group.replace(killed.address.slot);
    ends = true;
    await Promise.all(writers);
    assert.equal(group.living().length, 3);
    await equalDumps(group);
    for (const replica of group.living())
      for (const key of acknowledged) assert.notEqual(await askBehind(replica, `GET ${key}`), 'NONE', key);
    assertUndiverged(group);
  });

  it('reports an answer that is another at each replica, with the entry', async () => {
    const client = await open(await group.leader());
    await client.ask('WHO');
    client.close();
    const leader = await group.leader();
    await eventually('the difference is not found', () =>
      group.living().every((replica) => (replica === leader) === (replica.state?.divergence === null)),
    );
    for (const replica of group.living().filter((other) => other !== leader)) {
      assert.equal(replica.state?.divergence?.otherMember, leader.address.member);
      assert.ok((replica.state?.divergence?.index ?? 0) > 0);
      assert.match(replica.output(), /entry \d+, connection \d+: the program has answered otherwise/);
    }
  });

  it('ends as its program ends, after it has handed leadership over', async () => {
    const leader = await group.leader();
    leader.command('stop');
    await eventually('it does not end', () => leader.exit !== null);
    assert.deepEqual(leader.exit, { code: 143, signal: null });
    const client = await open(await group.leader());
    assert.match(await client.ask('PUT after 1'), /^OK/);
    client.close();
  });
});
