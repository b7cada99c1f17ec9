import assert from 'node:assert/strict';
import { OperatorClient } from '../../../framework/mesos-http-client/index.js';
import { ScriptedServer } from './scripted-server.js';
import { entriesOf, readTrace } from './trace-server.js';

const RECORDED = entriesOf(readTrace('operator'), 'exchange');

/** Answers as the recorded server did: by the type of the call, or by the path. */
async function serveRecorded(server: 'master' | 'agent'): Promise<ScriptedServer> {
  return ScriptedServer.start((exchange) => {
    const { line, json } = exchange.request;
    const recorded = RECORDED.find(
      ({ label, requestHead, request }) =>
        label.startsWith(server) && (json.type ? request?.type === json.type : requestHead === line),
    );
    if (recorded) exchange.write(recorded.response);
    else exchange.answer('404 Not Found');
  });
}

function bodyOf(label: string): Record<string, Record<string, unknown>> {
  const recorded = RECORDED.find((exchange) => exchange.label === label);
  return JSON.parse(recorded?.response.split('\r\n\r\n')[1] ?? '');
}

describe('OperatorClient', () => {
  let server: ScriptedServer;
  afterEach(() => server.close());

  it('reads the recorded answers of a master', async () => {
    server = await serveRecorded('master');
    const client = new OperatorClient({ address: server.address });
    assert.equal(await client.getHealth(), true);
    assert.equal((await client.getVersion()).version, '1.12.0');
    const { agents } = await client.getAgents();
    assert.deepEqual(agents, bodyOf('master POST /api/v1 GET_AGENTS').get_agents?.agents);
    assert.deepEqual(
      agents?.map(({ agent_info }) => agent_info.domain?.fault_domain?.region.name),
      ['reg1', 'reg1'],
    );
  });

  it('reads the recorded answers of an agent', async () => {
    server = await serveRecorded('agent');
    const client = new OperatorClient({ address: `http://${server.address}/` });
    assert.deepEqual(await client.getState(), bodyOf('agent POST /api/v1 GET_STATE').get_state);
    assert.deepEqual(await client.getStateDocument(), bodyOf('agent GET /state'));
  });

  it('reads files as bytes', async () => {
    const data = Buffer.from([0, 255, 10]);
    server = await ScriptedServer.start((exchange) =>
      exchange.answer(
        '200 OK',
        JSON.stringify({ type: 'READ_FILE', read_file: { size: 9, data: data.toString('base64') } }),
      ),
    );
    const client = new OperatorClient({ address: server.address });
    assert.deepEqual(await client.readFile('/slave/log', 6, 3), { size: 9, data });
    await client.readFile('/slave/log');
    assert.deepEqual(
      server.requests.map(({ json }) => json),
      [
        { type: 'READ_FILE', read_file: { path: '/slave/log', offset: 6, length: 3 } },
        { type: 'READ_FILE', read_file: { path: '/slave/log', offset: 0 } },
      ],
    );
  });

  it('follows a master that does not lead, but not in circles', async () => {
    server = await serveRecorded('master');
    const redirect = (to: string) => `Location: //${to}/api/v1\r\n`;
    const standby = await ScriptedServer.start((exchange) =>
      exchange.answer('307 Temporary Redirect', '', redirect(server.address)),
    );
    const circle = await ScriptedServer.start((exchange) =>
      exchange.answer('307 Temporary Redirect', '', redirect(circle.address)),
    );
    try {
      const { version } = await new OperatorClient({ address: standby.address }).getVersion();
      assert.equal(version, '1.12.0');
      await assert.rejects(new OperatorClient({ address: circle.address }).getVersion(), { code: 'notLeader' });
      assert.equal(circle.requests.length, 4);
    } finally {
      await Promise.all([standby.close(), circle.close()]);
    }
  });

  it('says what went wrong', async () => {
    const answers: [string, string][] = [
      ['401 Unauthorized', ''],
      ['403 Forbidden', ''],
      ['404 Not Found', ''],
      ['503 Service Unavailable', 'Master has not finished recovery'],
      ['200 OK', '<html>'],
      ['200 OK', '{}'],
    ];
    const codes = ['unauthenticated', 'forbidden', 'unexpectedStatus', 'unavailable', 'protocol', 'protocol'];
    server = await ScriptedServer.start((exchange) =>
      exchange.answer(...(answers[server.requests.length - 1] ?? ['500 X', ''])),
    );
    const client = new OperatorClient({ address: server.address, credentials: { principal: 'p', secret: 's' } });
    for (const code of codes) await assert.rejects(client.getAgents(), { code });
    assert.equal(server.requests[0]?.headers.authorization, 'Basic cDpz');
  });

  it('goes to no other server than the one named, if that is told', async () => {
    const elsewhere = await ScriptedServer.start((exchange) => exchange.answer('200 OK', '{}'));
    server = await ScriptedServer.start((exchange) =>
      exchange.answer('307 Temporary Redirect', '', `Location: //${elsewhere.address}/api/v1\r\n`),
    );
    try {
      const client = new OperatorClient({ address: server.address, redirectsMax: 0 });
      await assert.rejects(client.readFile('/x'), { code: 'notLeader' });
      assert.equal(elsewhere.requests.length, 0);
    } finally {
      await elsewhere.close();
    }
  });

  it('takes no file that is none, and no answer that never ends', async () => {
    const bodies = [null, 7, {}, { size: '1' }, { size: 1, data: 7 }];
    server = await ScriptedServer.start((exchange) => {
      const body = bodies[server.requests.length - 1];
      if (server.requests.length <= bodies.length) {
        exchange.answer('200 OK', JSON.stringify({ type: 'READ_FILE', read_file: body }));
        return;
      }
      exchange.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
      const dripping = setInterval(() => exchange.write('x'), 10);
      setTimeout(() => clearInterval(dripping), 5000).unref();
    });
    const client = new OperatorClient({ address: server.address, timeoutMs: 50 });
    for (const body of bodies) await assert.rejects(client.readFile('/x'), { code: 'protocol' }, JSON.stringify(body));
    await assert.rejects(client.readFile('/x'), { code: 'timeout', message: 'no whole answer within 500 ms' });
  });

  it('bounds the time and the length of answers, and leaves no connection', async () => {
    server = await ScriptedServer.start((exchange) => {
      if (exchange.request.json.type === 'GET_STATE') exchange.answer('200 OK', 'x'.repeat(2000));
    });
    const client = new OperatorClient({ address: server.address, timeoutMs: 50, responseBytesMax: 1000 });
    await assert.rejects(client.getState(), /longer than 1000 bytes/);
    await assert.rejects(client.getHealth(), { code: 'timeout' });
    assert.throws(() => new OperatorClient({ address: 'no address' }), /expected host:port/);
  });
});
