import assert from 'node:assert/strict';
import net from 'node:net';
import { eventually } from '../group.js';
import { type Group, startGroup } from './group.js';
import { ask, assertEqualTurns, assertExact, OwnServer } from './own-server.js';

describe('a replicated server of one’s own', function () {
  this.timeout(60_000);
  let server: OwnServer;
  let group: Group;

  before(() => {
    server = new OwnServer('server.c');
  });
  after(() => server.remove());
  afterEach(() => group?.stop());

  const start = async (wait: string) => {
    group = await startGroup({ program: (port) => [server.binary, wait, String(port)] });
    return group.client((await group.leader()).address.slot);
  };

  for (const wait of ['poll', 'ppoll', 'select', 'pselect', 'epoll', 'edge', 'oneshot']) {
    it(`is exact when it waits by ${wait}, also after a kill of the leader`, async () => {
      let client = await start(wait);
      const others = await Promise.all(group.replicas.map((replica) => group.client(replica.address.slot)));
      for (const other of [...others, client]) assert.match(await ask(other, 'count'), /^\d+\.\d{6}\/\d+\/\d+ \d+$/);
      for (const other of others) other.close();
      await group.kill(await group.leader());
      client = await group.client((await group.leader()).address.slot);
      assert.match(await ask(client, 'count'), / 5$/);
      client.close();
      await assertEqualTurns(group);
      assertExact(group);
    });
  }

  it('is exact when it waits for nobody but reads from one client after the other', async () => {
    const first = await start('blocking');
    const second = await group.client(((await group.leader()).address.slot + 1) % 3);
    assert.match(await ask(first, 'count'), / 1$/);
    second.sendRaw('count\r\n');
    assert.match(await ask(first, 'count'), / 2$/);
    assert.deepEqual(second.pushed, []);
    first.close();
    await eventually('the second client is not served', () => second.pushed.length > 0);
    assert.match(String(second.pushed[0]), / 3$/);
    second.close();
    await assertEqualTurns(group);
    assertExact(group);
  });

  it('is exact when it writes to itself by a pair, and not when its child does', async () => {
    const client = await start('epoll');
    for (let i = 0; i < 5; i++) assert.equal(await ask(client, 'pair'), 'pair 1');
    await assertEqualTurns(group);
    assertExact(group);
    assert.equal(await ask(client, 'child-pair'), 'child-pair 1');
    await assertCounted('child-pair', 'programDescriptorReady');
    client.close();
  });

  it('is given the group’s clock and randomness also by number, and no io_uring', async () => {
    const client = await start('poll');
    for (let i = 0; i < 5; i++) assert.match(await ask(client, 'by-number'), /^\d+\.\d{9}\/\d+\/30000 -38$/);
    client.close();
    await assertEqualTurns(group, 4);
    assertExact(group);
  });

  it('starts processes by posix_spawn and vfork and is told of their ends', async () => {
    const client = await start('poll');
    for (let i = 1; i <= 3; i++) assert.equal(await ask(client, 'spawn'), `spawn ${730_000 + i}`);
    assert.equal(await ask(client, 'spawn-path'), 'spawn-path 730004');
    assert.equal(await ask(client, 'vfork'), 'vfork 830005');
    client.close();
    await assertEqualTurns(group, 2);
    assertExact(group);
  });

  it('is told of an edge once', async () => {
    const client = await start('edge');
    for (let i = 1; i <= 20; i++) assert.match(await ask(client, 'count'), new RegExp(` ${i}$`));
    const told = Number((await ask(client, 'reports')).split(' ')[1]);
    assert.ok(told >= 20 && told <= 22, `${told} reports for 20 requests and a connection`);
    client.close();
  });

  /** What is not carried by turns: the reply that the program gets, and the name it is counted by on every replica. */
  const outside: [command: string, reply: RegExp, counted: string][] = [
    ['dup2', /^dup2 -9$/, 'descriptorCopied'],
    ['clone', /^clone 930001$/, 'clientInChild'],
    ['fork-number', /^fork-number 930002$/, 'clientInChild'],
    ['fork-past', /^fork-past 91$/, 'foreignProcess'],
    ['fork', /^fork 1$/, 'clientInChild'],
    ['accept-child', /^accept-child 9$/, 'acceptInChild'],
    ['ring', /^ring 1$/, 'ioUring'],
    ['spawn-none', /^spawn-none -2$/, 'childStatus'],
    ['stranger', /^stranger 1$/, 'foreignThread'],
  ];
  it('is refused what turns do not carry, and loses the label exact', async () => {
    const client = await start('epoll');
    for (const [command, reply] of outside) assert.match(await ask(client, command), reply);
    for (const [command, , counted] of outside) await assertCounted(command, counted);
    assert.match(await ask(client, 'count'), / 1$/);
    client.close();
    await assertEqualTurns(group);
  });

  it('loses the label exact when it connects to another server', async () => {
    const peer = net.createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    try {
      await eventually('the peer does not listen', () => peer.listening);
      const client = await start('epoll');
      const { port } = peer.address() as net.AddressInfo;
      assert.equal(await ask(client, `connect ${port}`), 'connect 0');
      await assertCounted('connect', 'connect');
      client.close();
    } finally {
      peer.close();
    }
  });

  async function assertCounted(command: string, counted: string): Promise<void> {
    for (const replica of group.replicas) {
      const counts = () => replica.state?.unexpected[counted];
      await eventually(`member ${replica.address.member} does not count ${command}`, counts);
      assert.equal(replica.state?.label, 'checked');
    }
  }
});
