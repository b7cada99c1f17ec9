import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RespConnection } from '../../resp.js';
import { eventually } from '../group.js';
import { compareLiving } from './exactness.js';
import { type Group, repository, startGroup } from './group.js';

const source = path.join(repository, 'test/consensus/interpose/server.c');

/** One line to the server, its reply without what may differ between runs. */
async function ask(client: RespConnection, line: string): Promise<string> {
  const before = client.pushed.length;
  client.sendRaw(`${line}\r\n`);
  await eventually(`no reply to ${line}`, () => client.pushed.length > before);
  return String(client.pushed.at(-1));
}

describe('a replicated server of one’s own', function () {
  this.timeout(60_000);
  let directory: string;
  let server: string;
  let group: Group;

  before(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'gaia-server-'));
    server = path.join(directory, 'server');
    execFileSync('gcc', ['-O2', '-D_FORTIFY_SOURCE=2', '-o', server, source]);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));
  afterEach(() => group?.stop());

  const start = async (wait: string) => {
    group = await startGroup({ program: (port) => [server, wait, String(port)] });
    return group.client((await group.leader()).address.slot);
  };

  async function assertEqualTurns(): Promise<void> {
    await group.quiesce();
    for (const comparison of compareLiving(group)) {
      assert.deepEqual(comparison.differences, []);
      assert.ok(comparison.turns > 5, `only ${comparison.turns} turns compared`);
    }
  }

  for (const wait of ['poll', 'select', 'epoll']) {
    it(`is exact when it waits by ${wait}, also after a kill of the leader`, async () => {
      let client = await start(wait);
      const others = await Promise.all(group.replicas.map((replica) => group.client(replica.address.slot)));
      for (const other of [...others, client]) assert.match(await ask(other, 'count'), /^\d+\.\d{6}\/\d+\/\d+ \d+$/);
      for (const other of others) other.close();
      await group.kill(await group.leader());
      client = await group.client((await group.leader()).address.slot);
      assert.match(await ask(client, 'count'), / 5$/);
      client.close();
      await assertEqualTurns();
      for (const replica of group.living()) {
        assert.deepEqual(replica.state?.unexpected, {});
        assert.equal(replica.state?.label, 'exact');
      }
    });
  }

  /** What is not carried by turns: the reply that the program gets, and the name it is counted by on every replica. */
  const outside: [command: string, reply: RegExp, counted: string][] = [
    ['dup', /^dup -9$/, 'descriptorCopied'],
    ['sendfile', /^sendfile -22$/, 'refusedCall'],
    ['recvmmsg', /^recvmmsg -38$/, 'refusedCall'],
    ['fork', /^fork 1$/, 'clientInChild'],
  ];
  it('is refused what turns do not carry, and loses the label exact', async () => {
    const client = await start('epoll');
    for (const [command, reply] of outside) assert.match(await ask(client, command), reply);
    for (const [command, , counted] of outside) await assertCounted(command, counted);
    assert.match(await ask(client, 'count'), / 1$/);
    client.close();
    await assertEqualTurns();
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
