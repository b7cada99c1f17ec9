import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperatorClient } from '../../framework/mesos-http-client/index.js';
import type { ExecutorInfo, Offer, TaskInfo } from '../../framework/mesos-http-client/types.js';
import { credential } from './credential.js';
import { send } from './raw-http.js';
import { commandTask, frameworkInfo, RawScheduler, ROLE } from './scheduler.js';
import { startTarget, type Target } from './target.js';
import { isRunning, until } from './wait.js';

const EXECUTOR = fileURLToPath(new URL('custom-executor.js', import.meta.url));

function executorInfo(frameworkId: string, id: string, environment: Record<string, string> = {}): ExecutorInfo {
  return {
    type: 'CUSTOM',
    executor_id: { value: id },
    framework_id: { value: frameworkId },
    command: {
      value: `exec ${process.execPath} ${EXECUTOR}`,
      environment: { variables: Object.entries(environment).map(([name, value]) => ({ name, value })) },
    },
    resources: [
      { name: 'cpus', type: 'SCALAR', scalar: { value: 0.1 }, allocation_info: { role: ROLE } },
      { name: 'mem', type: 'SCALAR', scalar: { value: 64 }, allocation_info: { role: ROLE } },
    ],
  };
}

function customTask(offer: Offer, id: string, executor: ExecutorInfo): TaskInfo {
  const { command: _, ...task } = commandTask(offer, id, '');
  return { ...task, executor };
}

describe('conformance: tasks and executors', () => {
  let target: Target;
  let scheduler: RawScheduler;
  let offer: Offer;
  let directory: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'mesos-tasks-'));
    target = await startTarget();
  });
  after(async () => {
    await target.stop();
    rmSync(directory, { recursive: true });
  });
  beforeEach(async () => {
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo());
    [offer] = (await scheduler.nextOffers(0)) as [Offer];
  });
  afterEach(() => scheduler.teardown());

  const states = (id: string) => [...new Set(scheduler.statuses(id).map(({ state }) => state))];

  it('a custom executor: STARTING, RUNNING with its container, messages both ways, KILL', async () => {
    scheduler.acknowledgeAll();
    const executor = executorInfo(scheduler.frameworkId, 'custom');
    await scheduler.launch(offer, [customTask(offer, 'a', executor), customTask(offer, 'b', executor)]);
    await scheduler.reached('b', 'TASK_RUNNING');
    const running = await scheduler.reached('a', 'TASK_RUNNING');
    assert.deepEqual(states('a'), ['TASK_STARTING', 'TASK_RUNNING']);
    assert.equal(running.executor_id, undefined, 'its executor does not say who it is');
    assert.equal(running.source, 'SOURCE_EXECUTOR');
    assert.ok(running.container_status?.container_id?.value);
    assert.ok(running.container_status?.executor_pid);
    const { agent_id } = offer;
    const message = { agent_id, executor_id: { value: 'custom' }, data: Buffer.from('ping').toString('base64') };
    await scheduler.call({ type: 'MESSAGE', message });
    await until('the answer', () => scheduler.of('MESSAGE').length > 0);
    const [answer] = scheduler.of('MESSAGE');
    assert.equal(Buffer.from(answer?.message.data ?? '', 'base64').toString(), 'pong:ping');
    await scheduler.call({ type: 'KILL', kill: { task_id: { value: 'a' } } });
    await scheduler.reached('a', 'TASK_KILLED');
    assert.deepEqual(states('b'), ['TASK_STARTING', 'TASK_RUNNING'], 'the other task lives on');
  });

  it('the executor stays the same for a second launch and is shown in offers; a different one is refused', async () => {
    scheduler.acknowledgeAll();
    const executor = executorInfo(scheduler.frameworkId, 'same');
    await scheduler.launch(offer, [customTask(offer, 'first', executor)]);
    const first = await scheduler.reached('first', 'TASK_RUNNING');
    await until(
      'an offer of the agent',
      () => scheduler.offers.filter((o) => o.agent_id.value === offer.agent_id.value).length > 1,
    );
    const next = scheduler.offers.filter((o) => o.agent_id.value === offer.agent_id.value).at(-1) as Offer;
    assert.deepEqual(next.executor_ids, [{ value: 'same' }]);
    const different = executorInfo(scheduler.frameworkId, 'same', { OTHER: '1' });
    await scheduler.launch(next, [customTask(next, 'second', executor), customTask(next, 'third', different)]);
    const second = await scheduler.reached('second', 'TASK_RUNNING');
    assert.equal(second.container_status?.executor_pid, first.container_status?.executor_pid);
    const error = await scheduler.reached('third', 'TASK_ERROR');
    assert.match(
      error.message ?? '',
      /^ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID/,
    );
  });

  it('an executor that exits: FAILURE with the wait status, then TASK_FAILED', async () => {
    scheduler.acknowledgeAll();
    const executor = executorInfo(scheduler.frameworkId, 'dying', { EXIT_AFTER_MS: '200' });
    await scheduler.launch(offer, [customTask(offer, 'victim', executor)]);
    const failed = await scheduler.reached('victim', 'TASK_FAILED');
    assert.equal(failed.reason, 'REASON_EXECUTOR_TERMINATED');
    assert.equal(failed.source, 'SOURCE_AGENT');
    assert.equal(failed.message, 'Executor terminated');
    const { agent_id } = offer;
    assert.deepEqual(scheduler.of('FAILURE')[0]?.failure, { agent_id, executor_id: { value: 'dying' }, status: 768 });
    const types = scheduler.events.map(({ event }) =>
      event.type === 'UPDATE' ? event.update.status.state : event.type,
    );
    assert.ok(types.indexOf('FAILURE') < types.indexOf('TASK_FAILED'));
  });

  it('an executor that exits 0 without subscribing fails its task, too', async () => {
    scheduler.acknowledgeAll();
    const executor = { ...executorInfo(scheduler.frameworkId, 'mute'), command: { value: 'true' } };
    await scheduler.launch(offer, [customTask(offer, 'unheard', executor)]);
    const failed = await scheduler.reached('unheard', 'TASK_FAILED');
    assert.equal(failed.reason, 'REASON_EXECUTOR_TERMINATED');
    assert.equal(scheduler.of('FAILURE')[0]?.failure.status, 0);
  });

  it('SHUTDOWN: an executor that does not go is killed after the grace period', async () => {
    scheduler.acknowledgeAll();
    const grace = { nanoseconds: 500e6 };
    const executor = {
      ...executorInfo(scheduler.frameworkId, 'stubborn', { IGNORE_SHUTDOWN: '1' }),
      shutdown_grace_period: grace,
    };
    await scheduler.launch(offer, [customTask(offer, 'held', executor)]);
    const running = await scheduler.reached('held', 'TASK_RUNNING');
    const askedMs = Date.now();
    const { agent_id } = offer;
    await scheduler.call({ type: 'SHUTDOWN', shutdown: { agent_id, executor_id: { value: 'stubborn' } } });
    await scheduler.reached('held', 'TASK_FAILED');
    assert.ok(Date.now() - askedMs >= 450, 'not before the grace period');
    assert.equal(scheduler.of('FAILURE')[0]?.failure.status, 9);
    if (target.cluster) assert.ok(!isRunning(running.container_status?.executor_pid ?? 0));
  });

  it('command tasks: finish, fail, run a bad command', async () => {
    scheduler.acknowledgeAll();
    await scheduler.launch(offer, [
      commandTask(offer, 'fine', 'echo out; echo err >&2'),
      commandTask(offer, 'seven', 'exit 7'),
      commandTask(offer, 'missing', '/no/such/program'),
    ]);
    const fine = await scheduler.reached('fine', 'TASK_FINISHED');
    const seven = await scheduler.reached('seven', 'TASK_FAILED');
    const missing = await scheduler.reached('missing', 'TASK_FAILED');
    assert.deepEqual(states('fine'), ['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
    assert.equal(fine.executor_id?.value, 'fine');
    assert.deepEqual(
      [fine.message, seven.message, missing.message],
      ['Command exited with status 0', 'Command exited with status 7', 'Command exited with status 127'],
    );
    assert.equal(scheduler.of('FAILURE').length, 0, 'the end of a command executor is no FAILURE');
  });

  it('KILL of a command: TASK_KILLING, SIGTERM, and SIGKILL after the grace period of the policy', async () => {
    const trapped = join(directory, 'deaf');
    scheduler.acknowledgeAll();
    await scheduler.launch(offer, [
      commandTask(offer, 'polite', 'sleep 100'),
      commandTask(offer, 'deaf', `trap "" TERM; touch ${trapped}; while true; do sleep 0.1; done`, {
        kill_policy: { grace_period: { nanoseconds: 400e6 } },
      }),
    ]);
    for (const id of ['polite', 'deaf']) {
      await scheduler.reached(id, 'TASK_RUNNING');
      if (id === 'deaf') await until('it is deaf', () => existsSync(trapped));
      await scheduler.call({ type: 'KILL', kill: { task_id: { value: id } } });
    }
    const polite = await scheduler.reached('polite', 'TASK_KILLED');
    const deaf = await scheduler.reached('deaf', 'TASK_KILLED');
    assert.deepEqual(states('polite'), ['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
    assert.equal(polite.message, 'Command terminated with signal Terminated');
    assert.equal(deaf.message, 'Command terminated with signal Killed');
  });

  it('the environment and the sandbox of an executor, read over HTTP', async () => {
    scheduler.acknowledgeAll();
    const environment = { variables: [{ name: 'MYVAR', value: 'x y' }] };
    const command = { value: 'env | sort; pwd', environment };
    await scheduler.launch(offer, [commandTask(offer, 'env', '', { command })]);
    const finished = await scheduler.reached('env', 'TASK_FINISHED');
    const container = finished.container_status?.container_id?.value ?? '';
    const agentUrl = `http://${offer.url?.address.ip}:${offer.url?.address.port}`;
    const read = async (path: string) => {
      const query = new URLSearchParams({ path, offset: '0', length: '100000' });
      return send(agentUrl, { method: 'GET', path: `/files/read?${query}` });
    };
    const agentState = JSON.parse((await send(agentUrl, { method: 'GET', path: '/state' })).text);
    const root = agentState.flags.work_dir;
    const runs = `${root}/slaves/${offer.agent_id.value}/frameworks/${scheduler.frameworkId}/executors/env/runs`;
    const page = JSON.parse((await read(`${runs}/latest/stdout`)).text) as { data: string; offset: number };
    const lines = page.data.split('\n');
    const credentials = credential();
    const agent = new OperatorClient({ address: agentUrl, ...(credentials && { credentials }) });
    const virtual = `/frameworks/${scheduler.frameworkId}/executors/env/runs/latest/stdout`;
    const [whole, part] = [await agent.readFile(virtual), await agent.readFile(virtual, 5, 10)];
    assert.equal(whole.data.toString(), page.data);
    assert.deepEqual([part.size, part.data.toString()], [whole.size, page.data.slice(5, 15)]);
    assert.equal((await agent.readFile(virtual, 0, 0)).size, whole.size);
    await assert.rejects(agent.readFile(`${virtual}.none`), { status: 404 });
    const sandbox = `${runs}/${container}`;
    const wanted = [
      `MESOS_DIRECTORY=${sandbox}`,
      `MESOS_SANDBOX=${sandbox}`,
      'MESOS_EXECUTOR_ID=env',
      'MESOS_CHECKPOINT=1',
      `MESOS_FRAMEWORK_ID=${scheduler.frameworkId}`,
      `MESOS_SLAVE_ID=${offer.agent_id.value}`,
      'MYVAR=x y',
      `MESOS_AGENT_ENDPOINT=${offer.url?.address.ip}:${offer.url?.address.port}`,
      'MESOS_RECOVERY_TIMEOUT=15mins',
      'MESOS_SUBSCRIPTION_BACKOFF_MAX=2secs',
      `MESOS_ALLOCATION_ROLE=${ROLE}`,
      'LIBPROCESS_PORT=0',
      sandbox,
    ];
    for (const line of wanted) assert.ok(lines.includes(line), `${line} in ${page.data}`);
    assert.ok(!lines.some((line) => /^(HOME|USER|MESOS_TASK_ID)=/.test(line)));
    if (target.cluster) {
      for (const path of ['/etc/passwd', `${root}/slaves/../meta/agent.json`, `${root}/slaves`]) {
        assert.equal((await read(path)).status, 404, path);
      }
    }
  });

  it('KILL before the executor has subscribed: TASK_KILLED / REASON_TASK_KILLED_DURING_LAUNCH', async function () {
    if (!target.cluster) return this.skip();
    scheduler.acknowledgeAll();
    const executor = { ...executorInfo(scheduler.frameworkId, 'slow'), command: { value: 'sleep 100' } };
    await scheduler.launch(offer, [customTask(offer, 'early', executor)]);
    await scheduler.call({ type: 'KILL', kill: { task_id: { value: 'early' } } });
    const killed = await scheduler.reached('early', 'TASK_KILLED');
    assert.equal(killed.reason, 'REASON_TASK_KILLED_DURING_LAUNCH');
    await until('FAILURE', () => scheduler.of('FAILURE').length > 0);
  });

  it('an executor that never subscribes is killed after the registration timeout', async function () {
    if (!target.cluster) return this.skip();
    scheduler.acknowledgeAll();
    const executor = { ...executorInfo(scheduler.frameworkId, 'never'), command: { value: 'sleep 100' } };
    await scheduler.launch(offer, [customTask(offer, 'waiting', executor)]);
    const failed = await scheduler.reached('waiting', 'TASK_FAILED');
    assert.equal(failed.reason, 'REASON_EXECUTOR_REGISTRATION_TIMEOUT');
  });

  it('URIs: local files are copied, others and missing ones fail the launch', async () => {
    scheduler.acknowledgeAll();
    const task = (id: string, uri: string, value: string) =>
      commandTask(offer, id, '', { command: { value, uris: [{ value: uri, output_file: 'got', extract: false }] } });
    await scheduler.launch(offer, [task('copied', EXECUTOR, 'test -s got'), task('gone', '/no/such/file', 'true')]);
    await scheduler.reached('copied', 'TASK_FINISHED');
    const gone = await scheduler.reached('gone', 'TASK_FAILED');
    assert.equal(gone.reason, 'REASON_CONTAINER_LAUNCH_FAILED');
    assert.match(gone.message ?? '', /^Failed to launch container: /);
  });

  const launchGroup = (id: string, tasks: TaskInfo[]) => {
    const scalar = (name: string, value: number) => ({ name, type: 'SCALAR' as const, scalar: { value } });
    const resources = [scalar('cpus', 0.1), scalar('mem', 32), scalar('disk', 32)];
    const ids = { executor_id: { value: id }, framework_id: { value: scheduler.frameworkId } };
    const executor: ExecutorInfo = { type: 'DEFAULT', ...ids, resources };
    const operations = [{ type: 'LAUNCH_GROUP' as const, launch_group: { executor, task_group: { tasks } } }];
    return scheduler.call({ type: 'ACCEPT', accept: { offer_ids: [offer.id], operations } });
  };

  it('a task group: containers in the one of their executor, which share their fate; it ends with the last', async () => {
    scheduler.acknowledgeAll();
    const first = commandTask(offer, 'first', 'test "$(basename $(dirname $PWD))" = containers && sleep 1; exit 9');
    await launchGroup('group', [first, commandTask(offer, 'second', 'sleep 1000')]);
    const failed = await scheduler.reached('first', 'TASK_FAILED');
    assert.equal(failed.message, 'Command exited with status 9');
    const killed = await scheduler.reached('second', 'TASK_KILLED');
    assert.deepEqual(states('second'), ['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
    const containers = [failed, killed].map(({ container_status }) => container_status?.container_id);
    assert.equal(containers[0]?.parent?.value, containers[1]?.parent?.value);
    assert.notEqual(containers[0]?.value, containers[1]?.value);
    await until('the executor ends', () => scheduler.of('FAILURE').length === 1);
    assert.deepEqual(scheduler.of('FAILURE')[0]?.failure.executor_id, { value: 'group' });
    assert.equal(scheduler.of('FAILURE')[0]?.failure.status, 0);
    const running = scheduler.statuses('second').find(({ state }) => state === 'TASK_RUNNING');
    assert.ok(!isRunning(running?.container_status?.executor_pid ?? 0));
  });

  it('a task group of which one is wrong: none is launched', async () => {
    const wrong = { ...commandTask(offer, 'wrong', 'true'), resources: [] };
    await launchGroup('half', [commandTask(offer, 'right', 'true'), wrong]);
    for (const id of ['right', 'wrong']) {
      const error = await scheduler.reached(id, 'TASK_ERROR');
      assert.equal(error.reason, 'REASON_TASK_GROUP_INVALID');
      assert.match(error.message ?? '', /uses no resources/);
    }
  });

  it('an unknown user: TASK_DROPPED', async function () {
    if (process.getuid?.() !== 0) return this.skip();
    scheduler.acknowledgeAll();
    await scheduler.launch(offer, [commandTask(offer, 'who', '', { command: { value: 'true', user: 'nosuchuser' } })]);
    const dropped = await scheduler.reached('who', 'TASK_DROPPED');
    assert.match(dropped.message ?? '', /^Failed to create executor directory '.*No such user 'nosuchuser'$/);
  });
});
