import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { MesosError, type Subscribe } from '../../../framework/mesos-http-client/index.js';
import { accept, schedulerAndMasters, subscribed, Watched } from './scheduler-harness.js';
import { type Exchange, until } from './scripted-server.js';

describe('SchedulerClient', () => {
  const { serve, watch } = schedulerAndMasters();

  it('subscribes without a stream id and sends it with every other call', async () => {
    const master = await serve((exchange) => accept(exchange, 'stream-7'));
    const { client, ...rest } = watch([master.address]);
    await until('subscribed', () => rest.events.length > 0);
    await client.accept(['O1'], [], 0.5);
    await client.decline(['O2']);
    await client.revive(['test']);
    await client.kill('t1', 'S1', 2500);
    await client.shutdown('e1', 'S1');
    await client.acknowledge({
      task_id: { value: 't1' },
      agent_id: { value: 'S1' },
      state: 'TASK_RUNNING',
      uuid: 'AAA=',
    });
    await client.reconcile([{ taskId: 't1', agentId: 'S1' }, { taskId: 't2' }]);
    await client.message('S1', 'e1', 'grüße');
    const [first, ...calls] = master.requests;
    assert.equal(first?.line, 'POST /api/v1/scheduler HTTP/1.1');
    assert.equal(first?.headers['mesos-stream-id'], undefined);
    assert.equal(first?.headers['accept-encoding'], 'identity');
    assert.deepEqual(
      calls.map(({ headers }) => headers['mesos-stream-id']),
      new Array(8).fill('stream-7'),
    );
    const framework_id = { value: 'F1' };
    const agent_id = { value: 'S1' };
    const task_id = { value: 't1' };
    assert.deepEqual(
      calls.map(({ json }) => json),
      [
        {
          type: 'ACCEPT',
          accept: { offer_ids: [{ value: 'O1' }], filters: { refuse_seconds: 0.5 }, operations: [] },
          framework_id,
        },
        { type: 'DECLINE', decline: { offer_ids: [{ value: 'O2' }] }, framework_id },
        { type: 'REVIVE', revive: { roles: ['test'] }, framework_id },
        {
          type: 'KILL',
          kill: { task_id, agent_id, kill_policy: { grace_period: { nanoseconds: 2.5e9 } } },
          framework_id,
        },
        { type: 'SHUTDOWN', shutdown: { executor_id: { value: 'e1' }, agent_id }, framework_id },
        { type: 'ACKNOWLEDGE', acknowledge: { agent_id, task_id, uuid: 'AAA=' }, framework_id },
        {
          type: 'RECONCILE',
          reconcile: { tasks: [{ task_id, agent_id }, { task_id: { value: 't2' } }] },
          framework_id,
        },
        { type: 'MESSAGE', message: { agent_id, executor_id: { value: 'e1' }, data: 'Z3LDvMOfZQ==' }, framework_id },
      ],
    );
  });

  it('does not acknowledge an update without uuid, and refuses calls before SUBSCRIBED', async () => {
    const master = await serve((exchange) => accept(exchange));
    const { client, ...rest } = watch([master.address]);
    await assert.rejects(client.revive(), { code: 'notSubscribed' });
    await until('subscribed', () => rest.events.length > 0);
    await client.acknowledge({ task_id: { value: 't' }, agent_id: { value: 'S' }, state: 'TASK_LOST' });
    assert.equal(master.requestsOf('ACKNOWLEDGE').length, 0);
  });

  it('fails a call that waits for its answer when the stream is lost', async () => {
    let stream: Exchange | undefined;
    const master = await serve((exchange) => {
      if (exchange.request.json.type === 'SUBSCRIBE') {
        stream = exchange;
        accept(exchange);
      } else stream?.lastChunk();
    });
    const client = watch([master.address]);
    await client.subscribedTimes(1);
    await assert.rejects(client.client.revive(), { code: 'closed' });
    await client.subscribedTimes(2);
  });

  it('subscribes again when a call is told of another stream or another leader', async () => {
    const answers: [string, string, string][] = [
      ['400 Bad Request', "The stream ID 'x' included in this request didn't match", 'wrongStream'],
      ['403 Forbidden', 'Framework is not subscribed', 'notSubscribed'],
      ['307 Temporary Redirect', '', 'notLeader'],
    ];
    const master = await serve((exchange) => {
      if (exchange.request.json.type === 'SUBSCRIBE') return accept(exchange);
      const [status, body] = answers[master.requestsOf('REVIVE').length - 1] ?? ['202 Accepted', ''];
      exchange.answer(status, body);
    });
    const client = watch([master.address]);
    for (const [times, [, , code]] of answers.entries()) {
      await client.subscribedTimes(times + 1);
      await assert.rejects(client.client.revive(), { code });
      await until('the disconnection', () => client.causes.length === times + 1);
    }
    assert.deepEqual(client.causes, ['wrongStream', 'notSubscribed', 'notLeader']);
  });

  it('stays subscribed when a call is refused for what it says', async () => {
    const master = await serve((exchange) => {
      if (exchange.request.json.type === 'SUBSCRIBE') accept(exchange);
      else exchange.answer('400 Bad Request', 'Failed to validate scheduler::Call');
    });
    const client = watch([master.address]);
    await client.subscribedTimes(1);
    await assert.rejects(client.client.kill(''), {
      code: 'badRequest',
      status: 400,
      message: 'Failed to validate scheduler::Call',
    });
    assert.deepEqual(client.causes, []);
  });

  it('reports calls without an answer', async () => {
    const master = await serve((exchange) => {
      if (exchange.request.json.type === 'KILL') exchange.fin();
      else if (exchange.request.json.type !== 'DECLINE') accept(exchange);
    });
    const client = watch([master.address], { callTimeoutMs: 50 });
    await client.subscribedTimes(1);
    await assert.rejects(client.client.kill('t'), { code: 'connectionFailed' });
    await assert.rejects(client.client.decline(['O']), { code: 'timeout' });
    await client.client.revive();
  });

  it('ends when the framework has been refused, removed or taken over, and says so', async () => {
    for (const [message, code] of [
      ["'FrameworkInfo.roles' contains duplicate items: { a }", 'refused'],
      ['Framework has been removed', 'frameworkRemoved'],
    ] as const) {
      const master = await serve((exchange) => {
        exchange.beginStream('s');
        exchange.event({ type: 'ERROR', error: { message } });
        exchange.lastChunk();
      });
      const cause = await watch([master.address]).ended();
      assert.equal(cause?.code, code);
      assert.equal(cause.message, message);
      assert.equal(master.requests.length, 1);
    }
  });

  it('an update is told at once while subscribed, and with every subscription after it', async () => {
    const streams: Exchange[] = [];
    const master = await serve((exchange) => {
      if (exchange.request.json.type === 'SUBSCRIBE') streams.push(exchange);
      accept(exchange, 'stream-7');
    });
    const { client, ...rest } = watch([master.address]);
    await until('subscribed', () => rest.events.length > 0);
    const capabilities = [{ type: 'REVOCABLE_RESOURCES' as const }];
    await client.update({ capabilities }, ['test']);
    const [update] = master.requestsOf('UPDATE_FRAMEWORK').map(({ json }) => json.update_framework);
    const subscribed = () =>
      master.requestsOf('SUBSCRIBE').map(({ json }) => (json.subscribe as Subscribe).framework_info);
    assert.deepEqual(update, {
      framework_info: { ...subscribed()[0], id: { value: 'F1' }, capabilities },
      suppressed_roles: ['test'],
    });
    streams[0]?.fin();
    await until('subscribed again', () => streams.length > 1);
    assert.deepEqual(subscribed()[1]?.capabilities, capabilities);
  });

  it('authenticates with principal and secret, and shows the secret nowhere', async () => {
    const secret = 'p$ssw0rd-ünique';
    const basic = Buffer.from(`p1:${secret}`).toString('base64');
    const master = await serve((exchange) => exchange.answer('401 Unauthorized'));
    const client = watch([master.address], { credentials: { principal: 'p1', secret } });
    const cause = await client.ended();
    assert.equal(cause?.code, 'unauthenticated');
    assert.equal(master.requests[0]?.headers.authorization, `Basic ${basic}`);
    const shown = inspect([client.client, client.states, cause], { depth: 20, showHidden: true });
    assert.ok(!shown.includes(secret) && !shown.includes(basic));
    assert.throws(
      () => new Watched(['http://p1:hidden@127.0.0.1:1']),
      (error: Error) => !error.message.includes('hidden'),
    );
  });

  it('ends with the cause when the handler throws', async () => {
    const master = await serve((exchange) => accept(exchange));
    const client = watch([master.address], {
      onEvent: () => {
        throw new TypeError('no such field');
      },
    });
    const cause = await client.ended();
    assert.equal(cause?.code, 'handlerFailed');
    assert.match(cause.message, /SUBSCRIBED threw: no such field/);
  });

  it('does not let an observer that throws break the subscription', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on('warning', note);
    try {
      const master = await serve((exchange) => accept(exchange));
      const client = watch([master.address], {
        onState: () => {
          throw new Error('observer');
        },
      });
      await client.subscribedTimes(1);
      await until('the warning', () => warnings.some(({ message }) => message.includes('onState threw')));
    } finally {
      process.off('warning', note);
    }
  });

  it('closes cleanly from within a handler: no socket, no event, no attempt afterwards', async () => {
    const master = await serve((exchange) => {
      accept(exchange);
      for (let n = 0; n < 5; n += 1) exchange.event(subscribed());
    });
    const client: Watched = watch([master.address], {
      onEvent: async (event) => {
        client.events.push(event);
        await client.client.close();
      },
    });
    assert.equal(await client.ended(), null);
    await until('no sockets', () => master.socketCount === 0);
    assert.equal(client.events.length, 1);
    assert.equal(client.states.at(-1)?.type, 'ended');
    await assert.rejects(client.client.revive(), MesosError);
    assert.equal(master.requests.length, 1);
  });
});
