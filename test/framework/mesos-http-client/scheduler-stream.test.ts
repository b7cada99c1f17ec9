import assert from 'node:assert/strict';
import { encodeRecord } from '../../../framework/mesos-http-client/index.js';
import { accept, schedulerAndMasters } from './scheduler-harness.js';
import { type Exchange, until } from './scripted-server.js';

describe('SchedulerClient, its event stream', () => {
  const { serve, watch } = schedulerAndMasters();

  it('delivers one event after the other, and reads no further meanwhile', async () => {
    // More than the kernel's socket buffers take.
    const updates = 4000;
    const status = (n: number) => ({
      type: 'UPDATE',
      update: { status: { task_id: { value: `t${n}` }, message: 'x'.repeat(6000) } },
    });
    let streamed: Exchange | undefined;
    const master = await serve((exchange) => {
      accept(exchange);
      if (exchange.request.json.type === 'SUBSCRIBE') streamed = exchange;
    });
    const log: string[] = [];
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    watch([master.address], {
      onEvent: async (event) => {
        if (event.type !== 'UPDATE') return;
        log.push(`begin ${event.update.status.task_id.value}`);
        if (log.length === 1) await gate;
        await Promise.resolve();
        log.push(`end ${event.update.status.task_id.value}`);
      },
    });
    await until('a stream', () => streamed !== undefined);
    for (let n = 0; n < updates; n += 1) streamed?.event(status(n));
    await until('the first event', () => log.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok((streamed?.backlogBytes ?? 0) > 1e6, 'the client reads on while its handler is busy');
    release();
    await until('all events', () => log.length === 2 * updates);
    const expected = Array.from({ length: updates }, (_, n) => [`begin t${n}`, `end t${n}`]).flat();
    assert.deepEqual(log, expected);
  });

  it('decodes characters that are split between chunks', async () => {
    const record = encodeRecord(JSON.stringify({ type: 'UPDATE', update: { status: { message: 'grüße 漢字 👋🏽' } } }));
    const master = await serve((exchange) => {
      accept(exchange);
      if (exchange.request.json.type === 'SUBSCRIBE') for (const byte of record) exchange.chunk(Buffer.of(byte));
    });
    const { events } = watch([master.address]);
    await until('the update', () => events.length === 2);
    assert.deepEqual(events[1], { type: 'UPDATE', update: { status: { message: 'grüße 漢字 👋🏽' } } });
  });

  it('subscribes again with its framework id after heartbeats stay away', async () => {
    const master = await serve((exchange) => accept(exchange, `stream-${master.requests.length}`, 0.01));
    const client = watch([master.address]);
    await client.subscribedTimes(3);
    assert.ok(
      client.causes.every((cause) => cause === 'heartbeatsMissed'),
      client.causes.join(),
    );
    const [first, second] = master.requestsOf('SUBSCRIBE').map(({ json }) => json);
    assert.equal(first?.framework_id, undefined);
    assert.deepEqual(second?.framework_id, { value: 'F1' });
    assert.deepEqual((second?.subscribe as { framework_info?: object } | undefined)?.framework_info, {
      user: 'root',
      name: 'test',
      roles: ['test'],
      capabilities: [{ type: 'MULTI_ROLE' }],
      id: { value: 'F1' },
    });
  });

  it('remembers suppressed roles over a re-subscription, until they are revived', async () => {
    let stream: Exchange | undefined;
    const master = await serve((exchange) => {
      accept(exchange);
      if (exchange.request.json.type === 'SUBSCRIBE') stream = exchange;
    });
    const client = watch([master.address]);
    const suppressed = () =>
      (master.requestsOf('SUBSCRIBE').at(-1)?.json.subscribe as { suppressed_roles?: string[] } | undefined)
        ?.suppressed_roles;
    await client.subscribedTimes(1);
    await client.client.suppress();
    stream?.lastChunk();
    await client.subscribedTimes(2);
    assert.deepEqual(suppressed(), ['test']);
    await client.client.revive();
    stream?.lastChunk();
    await client.subscribedTimes(3);
    assert.equal(suppressed(), undefined);
  });

  it('acts on the last chunk though no FIN comes, and on a FIN though no last chunk came', async () => {
    for (const [end, cause] of [
      ['lastChunk', 'streamEnded'],
      ['fin', 'connectionFailed'],
    ] as const) {
      const master = await serve((exchange) => {
        accept(exchange);
        if (master.requestsOf('SUBSCRIBE').length === 1) exchange[end]();
      });
      const client = watch([master.address]);
      await client.subscribedTimes(2);
      assert.deepEqual(client.causes, [cause]);
    }
  });

  it('survives a master that goes away and comes back', async () => {
    const script = (exchange: Exchange) => accept(exchange);
    const before = await serve(script);
    const { port } = before;
    const client = watch([before.address]);
    await client.subscribedTimes(1);
    await before.close();
    await until('two failed attempts', () => client.causes.length >= 3);
    await serve(script, port);
    await client.subscribedTimes(2);
    assert.equal(client.count('ended'), 0);
  });

  it('drops a stream with a record over the limit, or that is no RecordIO or JSON, or is nested without end', async () => {
    const deep = `{"type":"NEW","more":${'['.repeat(64)}${']'.repeat(64)}}`;
    const bad = ['201\n', 'no record', '3\n{"a', '2\n{}', '4\nnull', `${deep.length}\n${deep}`];
    const master = await serve((exchange) => {
      accept(exchange);
      const garbage = bad[master.requestsOf('SUBSCRIBE').length - 1];
      if (garbage !== undefined) exchange.chunk(Buffer.from(garbage));
    });
    const client = watch([master.address], { recordBytesMax: 200 });
    await client.subscribedTimes(bad.length + 1);
    assert.deepEqual(
      client.causes,
      bad.map(() => 'protocol'),
    );
  });

  it('tells a stream that ends within a record from one that ends', async () => {
    const master = await serve((exchange) => {
      accept(exchange);
      if (master.requestsOf('SUBSCRIBE').length > 1) return;
      exchange.chunk(Buffer.from('20\n{"type":'));
      exchange.lastChunk();
    });
    const client = watch([master.address]);
    await client.subscribedTimes(2);
    assert.deepEqual(client.causes, ['protocol']);
  });

  it('finds the leader through a redirection of SUBSCRIBE, and calls it there', async () => {
    const leader = await serve((exchange) => accept(exchange));
    const standby = await serve((exchange) =>
      exchange.answer('307 Temporary Redirect', '', `Location: //${leader.address}/master/api/v1/scheduler\r\n`),
    );
    const client = watch([standby.address]);
    await client.subscribedTimes(1);
    await client.client.revive();
    assert.deepEqual(
      leader.requests.map(({ line }) => line),
      new Array(2).fill('POST /master/api/v1/scheduler HTTP/1.1'),
    );
    assert.equal(standby.requests.length, 1);
    assert.deepEqual(client.causes, []);
  });

  it('waits while the master has not recovered', async () => {
    const master = await serve((exchange) => {
      if (master.requests.length <= 3) exchange.answer('503 Service Unavailable', 'Master has not finished recovery');
      else accept(exchange);
    });
    const client = watch([master.address]);
    await client.subscribedTimes(1);
    assert.deepEqual(client.causes, ['unavailable', 'unavailable', 'unavailable']);
  });
});
