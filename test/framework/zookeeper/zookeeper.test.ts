/** The client against Debian's server: operations, watches, and what becomes of both when server or connection are lost. */
import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { enter, followLeader } from '../../../framework/zookeeper/candidates.js';
import { ZooKeeper } from '../../../framework/zookeeper/zookeeper.js';
import { until } from '../../e2e/system.js';
import { ZooKeeperServers } from '../../zookeeper.js';

const text = (value: string) => Buffer.from(value);

describe('zookeeper: client', function () {
  this.timeout(90_000);
  let servers: ZooKeeperServers;
  const open: ZooKeeper[] = [];

  before(async () => {
    servers = await ZooKeeperServers.start({ tickMs: 250 });
  });
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });
  after(() => servers?.stop());

  function session(options: { timeoutMs?: number; user?: string; port?: number } = {}): ZooKeeper {
    const { timeoutMs = 3000, user, port = servers.ports[0] as number } = options;
    const address = { host: '127.0.0.1', port };
    const made = new ZooKeeper({ servers: [address], timeoutMs, ...(user === undefined ? {} : { user }) });
    open.push(made);
    return made;
  }

  it('creates, reads, sets, lists and removes, and says why not', async () => {
    const zooKeeper = session();
    await zooKeeper.makePath('/basic/a');
    await zooKeeper.makePath('/basic/a');
    assert.equal(await zooKeeper.create('/basic/a/x', text('1')), '/basic/a/x');
    await assert.rejects(zooKeeper.create('/basic/a/x', text('1')), { code: 'nodeExists' });
    assert.equal((await zooKeeper.set('/basic/a/x', text('2'), 0)).version, 1);
    await assert.rejects(zooKeeper.set('/basic/a/x', text('3'), 0), { code: 'badVersion' });
    assert.equal(String((await zooKeeper.get('/basic/a/x')).data), '2');
    assert.deepEqual(await zooKeeper.children('/basic'), ['a']);
    await assert.rejects(zooKeeper.remove('/basic/a'), { code: 'notEmpty' });
    await zooKeeper.remove('/basic/a/x');
    assert.equal(await zooKeeper.stat('/basic/a/x'), null);
    await assert.rejects(zooKeeper.get('/basic/a/x'), { code: 'noNode' });
  });

  it('carries out a multi as a whole or not at all', async () => {
    const zooKeeper = session();
    await zooKeeper.makePath('/multi');
    const create = (path: string) => ({ type: 'create', path, data: text('1') }) as const;
    assert.deepEqual(await zooKeeper.multi([create('/multi/a'), { type: 'check', path: '/multi', version: 0 }]), [
      '/multi/a',
    ]);
    const refused = zooKeeper.multi([create('/multi/b'), { type: 'check', path: '/multi', version: 7 }]);
    await assert.rejects(refused, { code: 'badVersion', message: /check \/multi:/ });
    assert.deepEqual(await zooKeeper.children('/multi'), ['a']);
  });

  it('refuses what a server would end the connection for, and goes on', async () => {
    const zooKeeper = session();
    const refused = zooKeeper.create('/large', Buffer.alloc(1024 * 1024));
    await assert.rejects(refused, {
      code: 'tooLarge',
      message: /create \/large: 104\d{4} bytes, ZooKeeper takes 1047552/,
    });
    await zooKeeper.create('/large', Buffer.alloc(1024 * 1024 - 2048));
    assert.equal((await zooKeeper.get('/large')).data.length, 1024 * 1024 - 2048);
  });

  it('tells a watcher once, of what it asked for', async () => {
    const [watching, changing] = [session(), session()];
    const told: string[] = [];
    assert.equal(await watching.stat('/watched', () => told.push('stat')), null);
    await changing.makePath('/watched');
    await until('its creation is told', 2000, async () => told.length === 1);
    await watching.children('/watched', () => told.push('children'));
    await changing.set('/watched', text('x'));
    await changing.makePath('/watched/a');
    await changing.makePath('/watched/b');
    await until('a child is told', 2000, async () => told.length === 2);
    assert.deepEqual(await watching.children('/watched'), await changing.children('/watched'));
    assert.deepEqual(told, ['stat', 'children']);
  });

  it('ends ephemeral nodes with their session', async () => {
    const [leaving, staying] = [session(), session()];
    await leaving.create('/passing', text(''), { ephemeral: true });
    leaving.close();
    assert.match((await leaving.ended).message, /has been closed/);
    await assert.rejects(leaving.get('/passing'), { code: 'sessionEnded' });
    await until('it has gone', 2000, async () => (await staying.stat('/passing')) === null);
  });

  it('keeps nodes to its user', async () => {
    const mine = session({ user: 'ops:secret' });
    await mine.create('/private', text('x'));
    assert.equal(String((await session({ user: 'ops:secret' }).get('/private')).data), 'x');
    await assert.rejects(session({ user: 'ops:other' }).get('/private'), { code: 'noAuth' });
    await assert.rejects(session().set('/private', text('y')), { code: 'noAuth' });
  });

  it('goes on with its session when the server has been started again; watchers look again', async () => {
    const zooKeeper = session({ timeoutMs: 5000 });
    await zooKeeper.create('/kept', text('x'), { ephemeral: true });
    const id = zooKeeper.sessionId;
    let told = false;
    await zooKeeper.children('/', () => {
      told = true;
    });
    servers.signal(0, 'SIGKILL');
    await until('the loss is told', 3000, async () => told);
    servers.run(0);
    assert.equal(String((await zooKeeper.get('/kept')).data), 'x', 'a read waits for the next connection');
    assert.equal(zooKeeper.sessionId, id);
  });

  it('is over by itself when no server answers, within the time-out', async () => {
    const zooKeeper = session({ timeoutMs: 1000 });
    await zooKeeper.started();
    await until('idle sessions live', 3000, async () => zooKeeper.leaseLeftMs > 0);
    const write = zooKeeper.set('/', text('x'));
    await write;
    servers.signal(0, 'SIGSTOP');
    const stoppedMs = performance.now();
    const unanswered = zooKeeper.set('/', text('y'));
    await assert.rejects(unanswered, { code: 'connectionLoss' });
    const cause = await zooKeeper.ended;
    servers.signal(0, 'SIGCONT');
    assert.match(cause.message, /no ZooKeeper server has answered for the session's 1000 ms/);
    assert.ok(performance.now() - stoppedMs < 3000, 'about when its lease ends');
    assert.equal(zooKeeper.leaseLeftMs, 0);
  });

  it('does not take its own busy process for a silent server', async () => {
    const zooKeeper = session({ timeoutMs: 2000 });
    await zooKeeper.started();
    const lost = new Promise((resolve) => zooKeeper.children('/', () => resolve('lost')));
    const written = zooKeeper.set('/', text('busy'));
    const untilMs = performance.now() + 1200;
    while (performance.now() < untilMs);
    await written;
    assert.equal(await Promise.race([lost, zooKeeper.stat('/').then(() => 'connected')]), 'connected');
  });

  it('stays alive for longer than its time-out while nothing is asked', async () => {
    const zooKeeper = session({ timeoutMs: 600 });
    await zooKeeper.create('/idle', text(''), { ephemeral: true });
    const over = await Promise.race([zooKeeper.ended, new Promise((resolve) => setTimeout(resolve, 1500, null))]);
    assert.equal(over, null);
    assert.ok(await session().stat('/idle'));
  });

  const group = { directory: '/made/when/missing', prefix: 'one-' };

  it('tells who follows which candidate leads: one after another', async () => {
    const [watching, first, second] = [session(), session(), session()];
    const told: (string | null)[] = [];
    const following = followLeader(watching, group, (leader) => told.push(leader && String(leader.data)));
    await until('nobody leads at first', 2000, async () => told.length === 1);
    await enter(first, group, text('first'));
    await enter(second, group, text('second'));
    await until('the first leads', 2000, async () => told.at(-1) === 'first');
    first.close();
    await until('then the second', 2000, async () => told.at(-1) === 'second');
    second.close();
    await until('then nobody', 2000, async () => told.at(-1) === null);
    watching.close();
    await assert.rejects(following, { code: 'sessionEnded' });
  });

  it('follows candidates in the root, too', async () => {
    const [watching, candidate] = [session(), session()];
    const root = { directory: '', prefix: 'root-' };
    const told: (string | null)[] = [];
    const following = followLeader(watching, root, (leader) => told.push(leader && String(leader.data)));
    await until('nobody leads at first', 2000, async () => told.length === 1);
    await enter(candidate, root, text('first'));
    await until('the first leads', 2000, async () => told.at(-1) === 'first');
    watching.close();
    await assert.rejects(following, { code: 'sessionEnded' });
  });

  it('enters a candidate once, and makes a path, also when the answer is lost on its way', async () => {
    const cutter = await Cutter.start(servers.ports[0] as number);
    try {
      const zooKeeper = session({ port: cutter.port });
      await zooKeeper.makePath(group.directory);
      cutter.cutBefore('one-');
      const name = await enter(zooKeeper, group, text('cut'));
      assert.equal(cutter.cuts, 1);
      cutter.cutBefore('/lost/on');
      await zooKeeper.makePath('/lost/on/its/way');
      assert.equal(cutter.cuts, 2);
      assert.deepEqual(await zooKeeper.children(group.directory), [name]);
    } finally {
      cutter.stop();
    }
  });
});

/** Between client and server: ends the connection instead of passing on an answer that has a word in it. */
class Cutter {
  cuts = 0;
  #word: string | null = null;
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly port: number,
    private readonly server: Server,
  ) {}

  static async start(target: number): Promise<Cutter> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const cutter = new Cutter((server.address() as { port: number }).port, server);
    server.on('connection', (client) => cutter.#join(client, connect(target, '127.0.0.1')));
    return cutter;
  }

  cutBefore(word: string): void {
    this.#word = word;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
  }

  #join(client: Socket, upstream: Socket): void {
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) this.#sockets.add(socket.on('error', end).on('close', end));
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      if (this.#word === null || !chunk.includes(this.#word)) return client.write(chunk);
      this.#word = null;
      this.cuts += 1;
      end();
    });
  }
}
