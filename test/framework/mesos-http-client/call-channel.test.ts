import assert from 'node:assert/strict';
import { CallChannel } from '../../../framework/mesos-http-client/call-channel.js';
import { ScriptedServer, until } from './scripted-server.js';

describe('CallChannel', () => {
  it('bounds the calls that wait, and fails those without an answer when it is closed', async () => {
    const server = await ScriptedServer.start(() => {});
    const channel = new CallChannel({
      url: `http://${server.address}/x?y=1`,
      headers: {},
      timeoutMs: 5000,
      callsMax: 2,
    });
    const waiting = [channel.call({ type: 'A' }), channel.call({ type: 'B' })].map((call) =>
      assert.rejects(call, { code: 'closed' }),
    );
    await assert.rejects(channel.call({ type: 'C' }), {
      code: 'tooManyCalls',
      message: '2 calls wait for their answers already',
    });
    await until('the first call', () => server.requests.length === 1);
    await channel.close();
    await Promise.all(waiting);
    await until('no sockets', () => server.socketCount === 0);
    assert.deepEqual(
      server.requests.map(({ line }) => line),
      ['POST /x?y=1 HTTP/1.1'],
    );
    await server.close();
  });

  it('sends a call only after the answer to the one before', async () => {
    const answers: (() => void)[] = [];
    const server = await ScriptedServer.start((exchange) => answers.push(() => exchange.answer('202 Accepted')));
    const channel = new CallChannel({ url: `http://${server.address}/x`, headers: {}, timeoutMs: 5000 });
    const calls = ['A', 'B', 'C'].map((type) => channel.call({ type }));
    for (const [i, call] of calls.entries()) {
      await until(`call ${i}`, () => answers.length > i);
      assert.equal(server.requests.length, i + 1);
      answers[i]?.();
      await call;
    }
    assert.deepEqual(
      server.requests.map(({ json }) => json.type),
      ['A', 'B', 'C'],
    );
    await channel.close();
    await server.close();
  });

  it('does not wait with repeatable calls, but others wait for all answers before them', async () => {
    const answers: (() => void)[] = [];
    const server = await ScriptedServer.start((exchange) => answers.push(() => exchange.answer('202 Accepted')));
    const channel = new CallChannel({ url: `http://${server.address}/x`, headers: {}, timeoutMs: 5000 });
    const calls = [channel.call({ type: 'A' }, true), channel.call({ type: 'B' }, true), channel.call({ type: 'C' })];
    await until('both repeatable calls', () => answers.length === 2);
    answers[0]?.();
    await calls[0];
    assert.equal(answers.length, 2);
    answers[1]?.();
    await until('the other one', () => answers.length === 3);
    answers[2]?.();
    await Promise.all(calls);
    const sent = server.requests.map(({ json }) => json.type);
    assert.deepEqual(sent, ['A', 'B', 'C']);
    await channel.close();
    await server.close();
  });
});
