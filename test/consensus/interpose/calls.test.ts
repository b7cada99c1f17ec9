import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { endTracer } from '../../chaos/strikes/tracer.js';
import { RespConnection } from '../../resp.js';
import { eventually } from '../group.js';
import { type Group, type Replica, startGroup } from './group.js';
import { ask, assertEqualTurns, assertExact, OwnServer } from './own-server.js';

/** States of a connection of TCP, as Linux numbers them. */
const established = 1;
const finWait2 = 5;
const closed = 7;
const closeWait = 8;

/** Every call is made by all replicas; their output, which says what it gave, is compared turn by turn. */
describe('a call that turns carry', function () {
  this.timeout(60_000);
  let server: OwnServer;
  let group: Group;
  let client: RespConnection;

  before(async () => {
    server = new OwnServer('calls.c');
    group = await startGroup({ program: (port) => [server.binary, String(port)] });
    client = await group.client((await group.leader()).address.slot);
  });
  after(async () => {
    client?.close();
    await group?.stop();
    server.remove();
  });
  afterEach(async () => {
    await assertEqualTurns(group, 3);
    assertExact(group);
  });

  /** All that it says until a line begins with `last`. */
  async function hear(line: string, last: string): Promise<string[]> {
    const before = client.pushed.length;
    client.sendRaw(`${line}\r\n`);
    const said = () => client.pushed.slice(before).map(String);
    await eventually(`${line}: ${said()}`, () => said().some((reply) => reply.startsWith(last)));
    return said();
  }

  it('sendfile sends a part of a file, from its position and from an offset', async () => {
    assert.deepEqual(await hear('sendfile position', 'position'), ['from a file', 'position 1430']);
    assert.deepEqual(await hear('sendfile offset', 'offset'), ['from a file', 'offset 1430']);
  });

  it('sendmmsg and recvmmsg carry several messages', async () => {
    assert.deepEqual(await hear('sendmmsg', 'sendmmsg'), ['two in one', 'sendmmsg 285']);
    assert.equal(await ask(client, 'recvmmsg'), 'next 1');
    assert.equal(await ask(client, 'abcdef'), 'abcd/ef 2');
  });

  it('splice moves what a client has sent, and a file, by a pipe', async () => {
    for (let i = 0; i < 3; i++) {
      assert.equal(await ask(client, 'splice'), 'next 1');
      assert.deepEqual(await hear('+back', 'spliced'), ['back', 'spliced 707']);
      assert.deepEqual(await hear('splice-file', 'file'), ['by a pipe', 'file 1212']);
    }
  });

  it('splice takes nothing from a client for a pipe that is full, and refuses what the kernel refuses', async () => {
    assert.equal(await ask(client, 'splice-full'), 'next 1');
    assert.equal(await ask(client, 'kept'), `kept -${constants.errno.EAGAIN}`);
    assert.equal(await ask(client, 'splice-wrong'), 'wrong 1');
  });

  it('timerfd expires by the clock of the log', async () => {
    const [name, ms] = (await ask(client, 'timerfd')).split(' ');
    assert.equal(name, 'timerfd');
    assert.ok(Number(ms) >= 50, `after ${ms} ms`);
  });

  it('a blocking read of a timerfd takes its time on every replica', async () => {
    const [name, ms] = (await ask(client, 'wait')).split(' ');
    assert.equal(name, 'waited');
    assert.ok(Number(ms) >= 30, `after ${ms} ms`);
  });

  it('all clocks are the log’s, and no processor time is told', async () => {
    const told = new Map((await hear('clocks', 'used')).map((line) => line.split(' ') as [string, string]));
    assert.deepEqual([...told.keys()], ['base', 'seconds', 'nanoseconds', 'clock', 'ticks', 'used']);
    const value = (name: string) => Number(told.get(name));
    assert.ok(Math.abs(value('seconds') - Date.now() / 1000) < 60, `${value('seconds')} s`);
    assert.ok(value('clock') > 0 && value('ticks') > 0, 'clocks run');
    assert.equal(value('used'), 0);
  });

  it('getsockopt tells what was set here or at the listener', async () => {
    assert.equal(await ask(client, 'options'), 'type 1 nodelay 1 keepalive 1 domain 2 0');
  });

  it('TCP_INFO tells whether the client has ended, as the log knows it', async () => {
    const other = await RespConnection.open((await group.leader()).clientPort, '127.0.0.1', true);
    assert.equal(await ask(other, 'state'), `state ${established}`);
    other.sendRaw('end\r\n');
    other.socket.end();
    await eventually('no state', () => other.pushed.length > 1);
    assert.equal(other.pushed[1], `state ${closeWait}`);
  });

  it('TCP_INFO tells what the server itself has ended, and that a connection was reset', async () => {
    const last = (state: number) =>
      eventually(`no state ${state}`, async () => (await ask(client, 'last')) === `last ${state}`);
    const other = await RespConnection.open((await group.leader()).clientPort, '127.0.0.1', true);
    other.sendRaw('shut\r\n');
    await last(finWait2);
    other.socket.end();
    await last(closed);
    const third = await group.client((await group.leader()).address.slot);
    assert.equal(await ask(third, 'state'), `state ${established}`);
    third.socket.resetAndDestroy();
    await last(closed);
  });

  it('descriptors have the same numbers on members that serve others meanwhile', async () => {
    const followers = group.replicas.filter((replica) => replica.state?.role === 'follower');
    let over = false;
    const come = async (slot: number) => {
      while (!over) (await group.client(slot)).close();
    };
    const visits = followers.flatMap(({ address }) => Array.from({ length: 4 }, () => come(address.slot)));
    const said = new Set<string>();
    for (let i = 0; i < 100; i++) said.add(await ask(client, 'numbers'));
    over = true;
    await Promise.all(visits);
    assert.equal(said.size, 1);
  });

  it('a copy of an epoll instance, a counter or a timer is the same one, and goes on when the first number is closed', async () => {
    assert.equal(await ask(client, 'copies'), 'copies 6');
  });

  for (const word of ['numbers', 'duplicate', 'fresh'])
    it(`descriptors have the same numbers on a member whose own one is long in being opened (${word})`, async () => {
      const [follower] = group.replicas.filter((replica) => replica.state?.role === 'follower') as [Replica];
      // Its own accept() of a client for the leader returns with a low number and a second late.
      const delayed = ['-e', 'trace=accept4', '-e', 'inject=accept4:delay_exit=1000000:when=1'];
      const tracer = spawn('strace', ['-f', '-p', `${follower.pid}`, ...delayed], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      try {
        let said = '';
        tracer.stderr.on('data', (bytes) => (said += bytes));
        await eventually('no strace', () => said.includes('attached'));
        const other = group.client(follower.address.slot);
        await eventually('no delay', () => said.includes('DELAYED'));
        await ask(client, word);
        await group.settled();
        (await other).close();
      } finally {
        await endTracer(tracer);
      }
    });

  it('a copy of a client’s descriptor goes on when the first number is closed', async () => {
    const other = await group.client((await group.leader()).address.slot);
    assert.equal(await ask(other, 'dup'), 'moved 127');
    assert.match(await ask(other, 'options'), /^type 1/);
    assert.match(await ask(other, 'options'), /^type 1/);
    other.socket.end();
    await eventually('the client is not closed', () => other.closed);
    const next = await group.client((await group.leader()).address.slot);
    assert.equal(await ask(next, 'dup'), 'moved 127');
    next.close();
  });

  it('a stream made of a client says what is written to it, and closes the client', async () => {
    const other = await group.client((await group.leader()).address.slot);
    assert.equal(await ask(other, 'fdopen'), 'stream 1');
    await eventually('the client is not closed', () => other.closed);
  });
});
