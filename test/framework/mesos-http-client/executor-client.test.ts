import assert from 'node:assert/strict';
import {
  type ConnectionState,
  type DeliveredExecutorEvent,
  ExecutorClient,
  type ExecutorClientOptions,
  parseDuration,
  parseExecutorEnvironment,
} from '../../../framework/mesos-http-client/index.js';
import { type Exchange, type Request, ScriptedServer, until } from './scripted-server.js';
import { eventsOf, firstStream, playTrace, readTrace } from './trace-server.js';

const TASK = { name: 't1', task_id: { value: 't1' }, agent_id: { value: 'S0' } };
const SUBSCRIBED = { type: 'SUBSCRIBED', subscribed: { executor_info: {}, framework_info: {}, agent_info: {} } };

function environment(agentEndpoint: string, more: Record<string, string> = {}) {
  return parseExecutorEnvironment({
    MESOS_AGENT_ENDPOINT: agentEndpoint,
    MESOS_FRAMEWORK_ID: 'F1',
    MESOS_EXECUTOR_ID: 'e1',
    MESOS_SUBSCRIPTION_BACKOFF_MAX: '20ms',
    ...more,
  });
}

class Executor {
  readonly events: DeliveredExecutorEvent[] = [];
  readonly states: ConnectionState[] = [];
  readonly client: ExecutorClient;

  constructor(agent: ScriptedServer, env: Record<string, string> = {}, options: Partial<ExecutorClientOptions> = {}) {
    this.client = new ExecutorClient({
      environment: environment(agent.address, env),
      onEvent: (event) => void this.events.push(event),
      onState: (state) => void this.states.push(state),
      ...options,
    });
    this.client.subscribe();
  }

  async saw(type: string, times = 1): Promise<void> {
    await until(`${times} ${type}`, () => this.events.filter((event) => event.type === type).length >= times);
  }

  get endCode(): string | undefined {
    const last = this.states.at(-1);
    return last?.type === 'ended' ? last.cause?.code : undefined;
  }
}

function statusOf(update: Request | undefined): { uuid: string; timestamp: number; [field: string]: unknown } {
  assert.ok(update, 'no UPDATE came');
  return (update.json.update as { status: { uuid: string; timestamp: number } }).status;
}

interface SubscribeCall {
  unacknowledged_tasks: { task_id: { value: string } }[];
  unacknowledged_updates: { status: { state: string; uuid: string } }[];
}

describe('ExecutorClient', () => {
  let agent: ScriptedServer;
  let stream: Exchange | undefined;
  let executor: Executor | undefined;
  /** Whether the agent answers UPDATEs with ACKNOWLEDGED. */
  let acknowledging: boolean;

  function script(exchange: Exchange): void {
    const { type, update } = exchange.request.json as {
      type: string;
      update?: { status: { task_id: object; uuid: string } };
    };
    if (type === 'SUBSCRIBE') {
      stream = exchange;
      exchange.beginStream(null);
      exchange.event(SUBSCRIBED);
      return;
    }
    exchange.answer('202 Accepted');
    if (update && acknowledging) {
      stream?.event({
        type: 'ACKNOWLEDGED',
        acknowledged: { task_id: update.status.task_id, uuid: update.status.uuid },
      });
    }
  }

  beforeEach(async () => {
    acknowledging = true;
    agent = await ScriptedServer.start(script);
  });
  afterEach(async () => {
    await executor?.client.close();
    await agent.close();
  });

  const subscribeCalls = () => agent.requestsOf('SUBSCRIBE').map(({ json }) => json.subscribe as SubscribeCall);

  it('subscribes, delivers events, and reports updates as Mesos wants them', async () => {
    executor = new Executor(agent, {}, { authenticationToken: 'jwt' });
    await executor.saw('SUBSCRIBED');
    stream?.event({ type: 'LAUNCH', launch: { task: TASK } });
    await executor.saw('LAUNCH');
    executor.client.update('t1', { state: 'TASK_RUNNING', message: 'up', data: 'AA==' });
    await executor.client.drained();
    await executor.client.message('hello');
    const [subscribe, update, message] = agent.requests;
    assert.equal(subscribe?.line, 'POST /api/v1/executor HTTP/1.1');
    assert.ok(agent.requests.every(({ headers }) => headers.authorization === 'Bearer jwt'));
    const identity = { executor_id: { value: 'e1' }, framework_id: { value: 'F1' } };
    const unacknowledged = { unacknowledged_tasks: [], unacknowledged_updates: [] };
    assert.deepEqual(subscribe?.json, { type: 'SUBSCRIBE', subscribe: unacknowledged, ...identity });
    assert.deepEqual(message?.json, { type: 'MESSAGE', message: { data: 'aGVsbG8=' }, ...identity });
    const { uuid, timestamp, ...status } = statusOf(update);
    assert.deepEqual(status, {
      state: 'TASK_RUNNING',
      message: 'up',
      data: 'AA==',
      task_id: { value: 't1' },
      executor_id: { value: 'e1' },
      source: 'SOURCE_EXECUTOR',
    });
    assert.ok(Math.abs(timestamp - Date.now() / 1000) < 60, 'seconds since 1970');
    const bytes = Buffer.from(uuid, 'base64');
    assert.equal(bytes.length, 16);
    assert.equal(bytes.readUInt8(6) >> 4, 4, 'version');
    assert.equal(bytes.readUInt8(8) >> 6, 2, 'variant');
  });

  it('sends updates in the order they were made', async () => {
    executor = new Executor(agent);
    const messages = Array.from({ length: 50 }, (_, n) => `update ${n}`);
    for (const message of messages.slice(0, 20)) executor.client.update('t1', { state: 'TASK_RUNNING', message });
    await executor.saw('SUBSCRIBED');
    for (const message of messages.slice(20)) executor.client.update('t1', { state: 'TASK_RUNNING', message });
    acknowledging = true;
    await until(
      'all updates',
      () => agent.requestsOf('UPDATE').length + (subscribeCalls()[0]?.unacknowledged_updates.length ?? 0) === 50,
    );
    const told = [
      ...(subscribeCalls()[0]?.unacknowledged_updates ?? []),
      ...agent.requestsOf('UPDATE').map(({ json }) => json.update as { status: object }),
    ];
    assert.deepEqual(
      told.map(({ status }) => (status as { message?: string }).message),
      messages,
    );
  });

  it('tells the agent again what it has not acknowledged, after a break', async () => {
    executor = new Executor(agent, { MESOS_CHECKPOINT: '1', MESOS_RECOVERY_TIMEOUT: '1mins' });
    await executor.saw('SUBSCRIBED');
    for (const value of ['t1', 't2'])
      stream?.event({ type: 'LAUNCH', launch: { task: { ...TASK, task_id: { value } } } });
    await executor.saw('LAUNCH', 2);
    executor.client.update('t1', { state: 'TASK_STARTING' });
    await executor.client.drained();
    acknowledging = false;
    executor.client.update('t1', { state: 'TASK_RUNNING' });
    executor.client.update('t2', { state: 'TASK_STARTING' });
    await until('the updates', () => agent.requestsOf('UPDATE').length === 3);
    stream?.fin();
    await executor.saw('SUBSCRIBED', 2);
    const again = subscribeCalls()[1];
    assert.deepEqual(
      again?.unacknowledged_tasks.map(({ task_id }) => task_id.value),
      ['t2'],
    );
    assert.deepEqual(
      again.unacknowledged_updates.map(({ status }) => status.state),
      ['TASK_RUNNING', 'TASK_STARTING'],
    );
    const drained = executor.client.drained();
    for (const [i, value] of ['t1', 't2'].entries()) {
      const uuid = again.unacknowledged_updates[i]?.status.uuid;
      stream?.event({ type: 'ACKNOWLEDGED', acknowledged: { task_id: { value }, uuid } });
    }
    await drained;
    assert.equal(agent.requestsOf('UPDATE').length, 3, 'what SUBSCRIBE told is not sent again');
  });

  it('keeps updates made while the agent is away, until it is back', async () => {
    executor = new Executor(agent, { MESOS_CHECKPOINT: '1' });
    await executor.saw('SUBSCRIBED');
    const { port } = agent;
    await agent.close();
    await until('a break', () => executor?.states.some(({ type }) => type === 'disconnected') ?? false);
    executor.client.update('t1', { state: 'TASK_FAILED' });
    await assert.rejects(executor.client.message('x'), { code: 'notSubscribed' });
    agent = await ScriptedServer.start(script, port);
    await executor.saw('SUBSCRIBED', 2);
    assert.deepEqual(
      subscribeCalls()[0]?.unacknowledged_updates.map(({ status }) => status.state),
      ['TASK_FAILED'],
    );
    await executor.client.message('sent after any update');
    assert.equal(agent.requestsOf('UPDATE').length, 0, 'what SUBSCRIBE told is not sent again');
  });

  it('ends at the first break without checkpointing', async () => {
    executor = new Executor(agent, { MESOS_CHECKPOINT: '0' });
    await executor.saw('SUBSCRIBED');
    acknowledging = false;
    executor.client.update('t1', { state: 'TASK_RUNNING' });
    const drained = assert.rejects(executor.client.drained(), { code: 'recoveryTimeout' });
    stream?.lastChunk();
    await until('the end', () => executor?.endCode === 'recoveryTimeout');
    await drained;
    assert.equal(subscribeCalls().length, 1);
    assert.throws(() => executor?.client.update('t1', { state: 'TASK_RUNNING' }), { code: 'recoveryTimeout' });
  });

  it('ends when the agent stays away for longer than the recovery time-out', async () => {
    executor = new Executor(agent, { MESOS_CHECKPOINT: '1', MESOS_RECOVERY_TIMEOUT: '100ms' });
    await executor.saw('SUBSCRIBED');
    await agent.close();
    await until('the end', () => executor?.endCode === 'recoveryTimeout');
    agent = await ScriptedServer.start(script);
  });

  it('ends when the agent does not know it, and when it refuses an update', async () => {
    const refusing = await ScriptedServer.start((exchange) => {
      if (exchange.request.json.type === 'SUBSCRIBE' && refusing.requests.length > 1) script(exchange);
      else exchange.answer('400 Bad Request', 'Executor cannot be found');
    });
    try {
      const unknown = new Executor(refusing);
      await until('the end', () => unknown.endCode === 'unknownExecutor');
      executor = new Executor(refusing);
      await executor.saw('SUBSCRIBED');
      executor.client.update('t1', { state: 'TASK_RUNNING' });
      await until('the end', () => executor?.endCode === 'unknownExecutor');
    } finally {
      await executor?.client.close();
      await refusing.close();
    }
  });

  it('refuses a state only masters set, and more updates than it may keep', async () => {
    acknowledging = false;
    executor = new Executor(agent);
    const { client } = executor;
    assert.throws(() => client.update('t', { state: 'TASK_STAGING' }), /use TASK_STARTING/);
    for (let n = 0; n < 4096; n += 1) client.update('t', { state: 'TASK_RUNNING' });
    assert.throws(() => client.update('t', { state: 'TASK_RUNNING' }), /the last 4096 updates/);
  });

  it('sees all events of an executor stream recorded from Apache Mesos', async () => {
    const trace = readTrace('executor');
    const expected = eventsOf(trace).filter(({ type }) => type !== 'ACKNOWLEDGED');
    for (const cutting of [null, [1], [333, 2]]) {
      const server = await playTrace(trace, cutting);
      const recorded = firstStream(trace);
      const { framework_id, executor_id } = recorded.request as Record<string, { value: string }>;
      const replayed = new Executor(server, {
        MESOS_FRAMEWORK_ID: framework_id?.value ?? '',
        MESOS_EXECUTOR_ID: executor_id?.value ?? '',
      });
      try {
        await until('all events', () => replayed.events.length >= expected.length);
        assert.deepEqual(replayed.events, expected);
        assert.deepEqual(server.requests[0]?.json, recorded.request);
      } finally {
        await replayed.client.close();
        await server.close();
      }
    }
  });
});

describe('parseExecutorEnvironment', () => {
  it('reads durations in all of their units', () => {
    const durations = { '5secs': 5000, '15mins': 900_000, '1.5hrs': 5_400_000, '250ms': 250, '2days': 172_800_000 };
    for (const [text, ms] of Object.entries(durations)) assert.equal(parseDuration(text), ms);
    assert.deepEqual(
      [parseDuration('1weeks'), parseDuration('1000us'), parseDuration('1000000ns')],
      [604_800_000, 1, 1],
    );
    for (const bad of ['', '5', 'secs', '5 minutes', '-5secs', '5Secs']) assert.equal(parseDuration(bad), null, bad);
  });

  it('takes checkpointing from "1" only, and the agent defaults for what is absent', () => {
    const read = environment('127.0.0.1:5051', { MESOS_CHECKPOINT: '0', MESOS_SLAVE_ID: 'S0', MESOS_SANDBOX: '/s' });
    assert.deepEqual(read, {
      agentEndpoint: '127.0.0.1:5051',
      tls: null,
      frameworkId: 'F1',
      executorId: 'e1',
      agentId: 'S0',
      sandbox: '/s',
      checkpoint: false,
      recoveryTimeoutMs: 900_000,
      subscriptionBackoffMaxMs: 20,
      shutdownGracePeriodMs: 5000,
    });
    assert.equal(environment('a:1', { MESOS_CHECKPOINT: '1' }).checkpoint, true);
  });

  it('takes TLS as libprocess does: a certificate is looked at only where a variable says so', () => {
    const tls = (variables: Record<string, string>) =>
      environment('a:1', Object.fromEntries(Object.entries(variables).map(([k, v]) => [`LIBPROCESS_SSL_${k}`, v]))).tls;
    const files = { CERT_FILE: '/c', KEY_FILE: '/k', CA_FILE: '/a' };
    const read = { authority: '/a', certificate: '/c', key: '/k' };
    for (const off of [{}, files, { ...files, ENABLED: '0' }, { ENABLED: 'false' }]) assert.equal(tls(off), null);
    assert.deepEqual(tls({ ...files, ENABLED: '1' }), { ...read, verify: false });
    assert.deepEqual(tls({ ENABLED: 'true' }), { authority: null, certificate: null, key: null, verify: false });
    for (const name of ['VERIFY_SERVER_CERT', 'VERIFY_CERT', 'REQUIRE_CERT', 'REQUIRE_CLIENT_CERT'])
      assert.deepEqual(tls({ ...files, ENABLED: 'true', [name]: '1' }), { ...read, verify: true }, name);
    assert.throws(() => tls({ ENABLED: '1', VERIFY_CERT: '1', CA_DIR: '/d' }), /CA_DIR is not read: name a file/);
  });

  it('names the variable that is missing or wrong', () => {
    assert.throws(() => parseExecutorEnvironment({}), /MESOS_AGENT_ENDPOINT is not set/);
    assert.throws(() => environment('a:1', { MESOS_RECOVERY_TIMEOUT: 'soon' }), /MESOS_RECOVERY_TIMEOUT: 'soon'/);
  });
});
