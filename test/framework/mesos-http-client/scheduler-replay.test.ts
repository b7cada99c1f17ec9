import assert from 'node:assert/strict';
import fc from 'fast-check';
import { refusal } from '../../../framework/mesos-http-client/mesos-error.js';
import { Watched } from './scheduler-harness.js';
import { ScriptedServer, until } from './scripted-server.js';
import {
  type Cutting,
  entriesOf,
  eventsOf,
  firstStream,
  playTrace,
  readTrace,
  type TraceEntry,
} from './trace-server.js';

/** What the client is to deliver of a trace. */
function deliverable(trace: readonly TraceEntry[]): { type: string }[] {
  return eventsOf(trace).filter(({ type }) => type !== 'HEARTBEAT' && type !== 'ERROR');
}

async function replay<T>(
  trace: TraceEntry[],
  cutting: Cutting,
  run: (client: Watched, master: ScriptedServer) => Promise<T>,
): Promise<T> {
  const master = await playTrace(trace, cutting);
  const { framework_info } = firstStream(trace).request.subscribe as { framework_info: never };
  const client = new Watched([master.address], { framework: framework_info });
  try {
    return await run(client, master);
  } finally {
    await client.client.close();
    await master.close();
  }
}

describe('SchedulerClient on exchanges recorded from Apache Mesos', () => {
  for (const name of ['subscribe', 'launch', 'teardown', 'failed-over']) {
    it(`sees all events of '${name}', chunk by chunk and byte by byte`, async () => {
      const trace = readTrace(name);
      const expected = deliverable(trace);
      for (const cutting of [null, [1], [1000]]) {
        await replay(trace, cutting, async (client) => {
          await until('all events', () => client.events.length >= expected.length);
          assert.deepEqual(client.events.slice(0, expected.length), expected);
        });
      }
    });
  }

  it('sees all events whatever the chunks are', async () => {
    const trace = readTrace('launch');
    const expected = deliverable(trace);
    const lengths = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(lengths, (cutting) =>
        replay(trace, cutting, async (client) => {
          await until('all events', () => client.events.length >= expected.length);
          assert.deepEqual(client.events, expected);
        }),
      ),
      { numRuns: 25 },
    );
  });

  it('makes the calls of the recorded scheduler, byte for byte the same JSON values', async () => {
    const trace = readTrace('launch');
    await replay(trace, null, async (client, master) => {
      await client.subscribedTimes(1);
      for (const { request } of entriesOf(trace, 'exchange')) {
        const { framework_id, ...body } = request as { framework_id: unknown; type: string };
        assert.deepEqual(framework_id, { value: client.client.frameworkId });
        await client.client.call(body as never);
      }
      const sent = master.requests.map(({ json }) => json);
      assert.deepEqual(sent, [
        firstStream(trace).request,
        ...entriesOf(trace, 'exchange').map(({ request }) => request),
      ]);
      const streamId = /Mesos-Stream-Id: (\S+)/.exec(firstStream(trace).head)?.[1];
      assert.ok(streamId);
      for (const { headers } of master.requests.slice(1)) assert.equal(headers['mesos-stream-id'], streamId);
    });
  });

  it('ends when its id has been taken over, or removed', async () => {
    for (const [name, code] of [
      ['failed-over', 'failedOver'],
      ['removed', 'frameworkRemoved'],
    ] as const) {
      await replay(readTrace(name), null, async (client) => assert.equal((await client.ended())?.code, code));
    }
  });

  it('tears down though the stream ends before the answer comes', async () => {
    const trace = readTrace('teardown');
    const answer = entriesOf(trace, 'exchange').at(-1)?.response as string;
    let subscribeStream: { lastChunk(): void } | undefined;
    const master = await ScriptedServer.start((exchange) => {
      if (exchange.request.json.type === 'SUBSCRIBE') {
        subscribeStream = exchange;
        exchange.write(firstStream(trace).head);
        for (const { raw } of entriesOf(trace, 'chunk')) exchange.write(raw);
        return;
      }
      subscribeStream?.lastChunk();
      setTimeout(() => exchange.write(answer), 20);
    });
    const client = new Watched([master.address], { timing: { backoffMinMs: 5000, backoffMaxMs: 5000 } });
    try {
      await until('all events', () => client.events.length === deliverable(trace).length);
      await client.client.teardown();
      assert.equal(await client.ended(), null);
    } finally {
      await client.client.close();
      await master.close();
    }
  });

  it('follows the recorded redirection', async () => {
    const [recorded] = entriesOf(readTrace('redirect'), 'exchange');
    const leader = await playTrace(readTrace('subscribe'));
    const standby = await ScriptedServer.start((exchange) =>
      exchange.write(recorded?.response.replace('127.0.0.1:5250', leader.address) ?? ''),
    );
    const client = new Watched([standby.address]);
    try {
      await client.subscribedTimes(1);
      assert.equal(leader.requests[0]?.line, 'POST /master/api/v1/scheduler HTTP/1.1');
    } finally {
      await client.client.close();
      await Promise.all([leader.close(), standby.close()]);
    }
  });

  it('goes over to the new leader with its old id when the leader dies', async () => {
    const trace = readTrace('master-failover');
    await replay(trace, null, async (client, master) => {
      await client.subscribedTimes(2);
      await until('all events', () => client.events.length === deliverable(trace).length);
      assert.deepEqual(client.events, deliverable(trace));
      assert.deepEqual(client.causes, ['connectionFailed']);
      const [, second] = entriesOf(trace, 'stream');
      assert.deepEqual(master.requests[1]?.json.framework_id, second?.request.framework_id);
    });
  });

  it('tells the causes of recorded refusals apart', () => {
    const causes = entriesOf(readTrace('refusals'), 'refusal').map(({ label, response }) => {
      const [head = '', body = ''] = response.split('\r\n\r\n');
      const error = refusal(Number(head.split(' ')[1]), body);
      assert.equal(error.message, body.trim());
      return [label, error.code];
    });
    assert.deepEqual(Object.fromEntries(causes), {
      'no Content-Type': 'badRequest',
      'Content-Type text/plain': 'unexpectedStatus',
      'Accept text/html on SUBSCRIBE': 'unexpectedStatus',
      'bad JSON': 'badRequest',
      'empty object': 'badRequest',
      'missing Mesos-Stream-Id': 'wrongStream',
      'wrong Mesos-Stream-Id': 'wrongStream',
      'wrong framework_id': 'unknownFramework',
      'KILL without task_id': 'badRequest',
      'ACKNOWLEDGE bad base64': 'badRequest',
      '/nope': 'unexpectedStatus',
      'SUPPRESS while disconnected': 'notSubscribed',
      'UPDATE of an unknown executor id': 'unknownExecutor',
    });
  });
});
