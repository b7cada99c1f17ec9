/** Files of sandboxes at an agent that sends elsewhere, or without an end. */
import assert from 'node:assert/strict';
import { sandboxFiles } from '../../framework/sandbox-files.js';
import { ScriptedServer } from './mesos-http-client/scripted-server.js';

describe('files of sandboxes', () => {
  let agent: ScriptedServer;
  const read = () => sandboxFiles()(agent.address, '/sandbox/stdout', 0, 65_536);
  const told = (data: string) => JSON.stringify({ type: 'READ_FILE', read_file: { size: 5, data } });
  afterEach(() => agent.close());

  it('are what the agent tells, as long as it is not much more than was asked for', async () => {
    let data = Buffer.from('hello').toString('base64');
    agent = await ScriptedServer.start((exchange) => exchange.answer('200 OK', told(data)));
    assert.deepEqual(await read(), { size: 5, data: Buffer.from('hello') });
    data = 'A'.repeat(2 ** 20);
    await assert.rejects(read(), { code: 'protocol', message: /longer than 1048576 bytes/ });
  });

  it('are asked for at the agent and nowhere else', async () => {
    const elsewhere = await ScriptedServer.start((exchange) => exchange.answer('200 OK', told('')));
    agent = await ScriptedServer.start((exchange) =>
      exchange.answer('307 Temporary Redirect', '', `Location: //${elsewhere.address}/api/v1\r\n`),
    );
    try {
      await assert.rejects(read(), { code: 'notLeader' });
      assert.equal(elsewhere.requests.length, 0);
    } finally {
      await elsewhere.close();
    }
  });
});
