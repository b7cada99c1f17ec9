/** A program that does not do the same everywhere: who is found out, what is told of it, and that it is rebuilt. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { leaderOf, portOf, type Replica, redisSpec, System, until } from './system.js';

const app = '/demo/odd';
/** Answers otherwise where a file says so: files are each replica's own. */
const server = `cat > server.py <<'END'
import os, socketserver
class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(b"you said " + (b"odd" if os.path.exists("odd") else b"") + line)
class Server(socketserver.TCPServer):
    allow_reuse_address = True
Server(("127.0.0.1", int(os.environ["PORT0"])), Answer).serve_forever()
END
exec /usr/bin/python3 server.py`;

function ask(replica: Replica, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(portOf(replica), '127.0.0.1', () => socket.write(`${line}\n`));
    socket.once('data', (answer) => {
      resolve(answer.toString());
      socket.destroy();
    });
    socket.once('error', reject).once('end', () => reject(new Error('closed without an answer')));
  });
}

describe('a program whose answers differ', function () {
  this.timeout(180_000);
  let system: System;

  before(async () => {
    system = await System.start();
    const replication = { protocol: 'apus', suspicionMs: 5_000 };
    await system.deploy({ ...redisSpec(app), cmd: server, mem: 128, replication });
  });
  after(() => system?.stop());

  it('is found out by its first other answer, rebuilt, and told of with position, connection and bytes', async () => {
    const group = await system.whole(app);
    const leader = leaderOf(group) as Replica;
    const odd = group.replicas.find(({ member }) => member !== leader.member) as Replica;
    writeFileSync(`/proc/${odd.pid}/cwd/odd`, '');
    assert.equal(await ask(leader, 'two'), 'you said two\n');
    const story = await until('the story tells of it', 60_000, async () => {
      const { body } = await system.request('GET', `/v2/apps${app}`);
      const told = JSON.stringify(body.app.story);
      return /have diverged/.test(told) && /it is rebuilt/.test(told) ? told : undefined;
    });
    const [here, there] = [Buffer.from('two\n'), Buffer.from('oddtwo\n')].map((bytes) => bytes.toString('hex'));
    const bytes = `to connection \\d+, from byte 9 on, member ${leader.member} has said 0x${here}, member ${odd.member} 0x${there}`;
    assert.match(story, new RegExp(`and member ${odd.member} of ${app} have diverged at index \\d+: ${bytes}`));
    const whole = await system.replaced(app, odd.member);
    for (const { divergence, label } of whole.replicas)
      assert.deepEqual({ divergence, label }, { divergence: null, label: 'exact' });
    assert.equal(await ask(leaderOf(whole) as Replica, 'three'), 'you said three\n');
  });
});
