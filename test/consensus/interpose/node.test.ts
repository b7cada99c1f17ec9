import assert from 'node:assert/strict';
import { connect } from 'node:net';
import path from 'node:path';
import { eventually } from '../group.js';
import { type Group, repository, startGroup } from './group.js';
import { assertEqualTurns, assertExact } from './own-server.js';

describe('a replicated HTTP server in Node', function () {
  this.timeout(90_000);
  let group: Group;
  const server = path.join(repository, 'test/consensus/interpose/http.mjs');

  before(async () => {
    group = await startGroup({
      program: (port) => ['/bin/sh', '-c', `PORT0=${port} exec ${process.execPath} ${server}`],
    });
  });
  after(() => group?.stop());

  async function page(name: string, body?: string): Promise<string> {
    const { clientPort } = await group.leader();
    const options = { signal: AbortSignal.timeout(20_000), ...(body === undefined ? {} : { method: 'POST', body }) };
    return (await fetch(`http://127.0.0.1:${clientPort}${name}`, options)).text();
  }

  it('is exact with timers, files, a pool of threads and a worker, many clients at a time', async () => {
    for (let round = 0; round < 5; round++) {
      const names = ['/', '/', '/memory', '/pool', '/worker', '/file'];
      const said = await Promise.all(names.map((name, i) => page(name, `note ${round * 10 + i}`)));
      assert.match(said[0] as string, / 30000\n$/);
      assert.equal(said[2], 'rss 0\n');
      assert.match(said[4] as string, /^worker 0\./);
    }
    await assertEqualTurns(group, 30);
    assertExact(group);
  });

  it('knows one port on all replicas, which listen on different ones', async () => {
    assert.equal(await page('/port'), '65000 65000 65000\n');
    await assertEqualTurns(group);
    assertExact(group);
  });

  it('is rid of a client that ends in the middle of a request', async () => {
    const { clientPort } = await group.leader();
    const client = connect(clientPort, '127.0.0.1');
    client.on('error', () => {}).resume();
    client.end('PUT /file HT');
    await eventually('the connection is not closed', () => client.closed, 20_000);
  });

  it('goes on where it was when its leader is killed', async () => {
    const before = await page('/file');
    await group.kill(await group.leader());
    assert.equal(await page('/file'), before);
    assert.equal(await page('/port'), '65000 65000 65000\n');
    await assertEqualTurns(group, 30);
    assertExact(group);
  });

  it('hears of its children’s ends and output; what they say is not in turns, and it is said so', async () => {
    assert.equal(await page('/child'), 'a child\n\n');
    for (const replica of group.living())
      await eventually('the label is still exact', () => replica.state?.label === 'checked');
    assert.equal(await page('/child'), 'a child\n\n');
  });

  it('ends by its own handler when it is told to', async () => {
    const [replica] = group.living();
    replica?.process.kill('SIGTERM');
    await eventually('it does not end', () => replica?.exit, 10_000);
    assert.deepEqual(replica?.exit, { code: 0, signal: null });
  });
});
