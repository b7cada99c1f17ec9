import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Offer } from '../../framework/mesos-http-client/types.js';
import type { LocalCluster } from '../../framework/mesos-local/cluster.js';
import { page, send } from './raw-http.js';
import { commandTask, frameworkInfo, oldFrameworkInfo, RawScheduler, ROLE } from './scheduler.js';
import { agentsRegistered, startTarget, type Target } from './target.js';
import { isRunning, until } from './wait.js';

const EXECUTOR = fileURLToPath(new URL('custom-executor.js', import.meta.url));

/** These kill and pause agents and masters, so they need a cluster of their own. */
describe('conformance: agents and masters that go away', () => {
  let target: Target;
  let cluster: LocalCluster;
  let scheduler: RawScheduler;
  before(async function () {
    if (process.env.MASTER_URL) return this.skip();
    target = await startTarget();
    cluster = target.cluster as LocalCluster;
  });
  after(() => target?.stop());
  afterEach(async () => {
    await scheduler.teardown();
    for (const index of [0, 1]) cluster.resumeAgent(index);
  });

  /** Launches a task with a custom executor on agent 0 and waits until it runs. */
  async function running(info = frameworkInfo()): Promise<Offer> {
    await agentsRegistered(cluster.masterUrl, 2);
    scheduler = await RawScheduler.subscribe(cluster.masterUrl, info);
    scheduler.acknowledgeAll();
    await scheduler.nextOffers(0, 2);
    const offer = scheduler.offers.find((candidate) => candidate.hostname === 'agent-0') as Offer;
    const { command: _, ...task } = commandTask(offer, 'task', '');
    const resources = [{ name: 'cpus', type: 'SCALAR' as const, scalar: { value: 0.1 } }];
    const executor = {
      type: 'CUSTOM' as const,
      executor_id: { value: 'executor' },
      framework_id: { value: scheduler.frameworkId },
      command: { value: `exec ${process.execPath} ${EXECUTOR}` },
      resources: resources.map((resource) => ({ ...resource, allocation_info: { role: ROLE } })),
    };
    await scheduler.launch(offer, [{ ...task, executor }]);
    await scheduler.reached('task', 'TASK_RUNNING');
    const before = scheduler.offers.length;
    await scheduler.nextOffers(before - 1);
    return offer;
  }

  const reasons = () => scheduler.statuses('task').map(({ reason }) => reason);
  const pidOfTask = () => scheduler.statuses('task').at(-1)?.container_status?.executor_pid ?? 0;

  async function killTask(): Promise<void> {
    await scheduler.call({ type: 'KILL', kill: { task_id: { value: 'task' } } });
    await scheduler.reached('task', 'TASK_KILLED');
  }

  it('killed and restarted at once: RESCIND, no task update, same id; the executor is found again', async () => {
    const offer = await running();
    await until('an offer of the rest', () => scheduler.offers.filter((o) => o.hostname === 'agent-0').length > 1);
    const pid = pidOfTask();
    await cluster.killAgent(0);
    await until('RESCIND', () => scheduler.of('RESCIND').length > 0);
    await cluster.restartAgent(0);
    await agentsRegistered(cluster.masterUrl, 2);
    await until(
      'an offer of it',
      () =>
        scheduler.offers.at(-1)?.hostname === 'agent-0' &&
        scheduler.offers.filter((o) => o.hostname === 'agent-0').length > 2,
    );
    assert.equal(scheduler.offers.at(-1)?.agent_id.value, offer.agent_id.value);
    assert.deepEqual(
      reasons().filter((reason) => reason !== undefined),
      [],
    );
    assert.equal(scheduler.of('FAILURE').length, 0);
    assert.ok(isRunning(pid));
    const message = { agent_id: offer.agent_id, executor_id: { value: 'executor' }, data: 'cGluZw==' };
    await scheduler.call({ type: 'MESSAGE', message });
    await until('the answer of the living executor', () => scheduler.of('MESSAGE').length > 0);
    await killTask();
  });

  it('away too long: TASK_UNREACHABLE, FAILURE; on its return TASK_RUNNING / REASON_AGENT_REREGISTERED', async () => {
    const { agent_id } = await running();
    await cluster.killAgent(0);
    const unreachable = await scheduler.reached('task', 'TASK_UNREACHABLE');
    assert.deepEqual([unreachable.reason, unreachable.message], ['REASON_AGENT_REMOVED', 'health check timed out']);
    assert.ok(unreachable.unreachable_time?.nanoseconds);
    assert.equal(unreachable.uuid, undefined);
    await until('FAILURE', () => scheduler.of('FAILURE').length > 0);
    assert.deepEqual(scheduler.of('FAILURE')[0]?.failure, { agent_id });
    const count = scheduler.statuses().length;
    await scheduler.call({ type: 'RECONCILE', reconcile: { tasks: [] } });
    await scheduler.call({ type: 'RECONCILE', reconcile: { tasks: [{ task_id: { value: 'unheard-of' }, agent_id }] } });
    const answer = await scheduler.reached('unheard-of', 'TASK_UNREACHABLE');
    assert.equal(answer.message, 'Reconciliation: Task is unreachable');
    assert.equal(scheduler.statuses().length, count + 1, 'implicit reconciliation skips unreachable tasks');
    await cluster.restartAgent(0);
    await until('the return', () => reasons().includes('REASON_AGENT_REREGISTERED'));
    const back = scheduler.statuses('task').find(({ reason }) => reason === 'REASON_AGENT_REREGISTERED');
    assert.deepEqual([back?.state, back?.message], ['TASK_RUNNING', 'Unreachable agent re-reregistered']);
    await killTask();
  });

  it('paused (a partition): UPDATE, RESCIND, FAILURE in this order; resumed it comes back by itself', async () => {
    await running();
    await until('an offer of the rest', () => scheduler.offers.filter((o) => o.hostname === 'agent-0').length > 1);
    cluster.pauseAgent(0);
    await until('FAILURE', () => scheduler.of('FAILURE').length > 0);
    const last = scheduler.events.filter(({ event }) => event.type !== 'HEARTBEAT').slice(-3);
    assert.deepEqual(
      last.map(({ event }) => event.type),
      ['UPDATE', 'RESCIND', 'FAILURE'],
    );
    cluster.resumeAgent(0);
    await until('the return', () => reasons().includes('REASON_AGENT_REREGISTERED'));
    await killTask();
  });

  it('an old framework without checkpointing: TASK_LOST at once, and its executors end', async () => {
    await running(oldFrameworkInfo({ checkpoint: false, roles: undefined as never }));
    const pid = pidOfTask();
    await cluster.killAgent(0);
    const lost = await scheduler.reached('task', 'TASK_LOST');
    assert.deepEqual([lost.reason, lost.message], ['REASON_AGENT_DISCONNECTED', 'Agent agent-0 disconnected']);
    await cluster.restartAgent(0);
    await agentsRegistered(cluster.masterUrl, 2);
    await until('the executor is gone', () => !isRunning(pid));
  });

  it('an executor that dies while its agent is away: FAILURE and TASK_FAILED after the restart', async () => {
    await running();
    const pid = pidOfTask();
    await cluster.killAgent(0);
    process.kill(pid, 'SIGKILL');
    await cluster.restartAgent(0);
    const failed = await scheduler.reached('task', 'TASK_FAILED');
    assert.equal(failed.reason, 'REASON_EXECUTOR_TERMINATED');
  });

  it('a restart of the master: agents and frameworks come back, tasks run on, removed ids stay removed', async () => {
    const removed = await RawScheduler.subscribe(cluster.masterUrl, frameworkInfo({ name: 'removed' }));
    const removedId = removed.frameworkId;
    await removed.teardown();
    const { agent_id } = await running();
    const { frameworkId } = scheduler;
    const pid = pidOfTask();
    await cluster.killMaster();
    await until('the stream breaks', () => scheduler.closed);
    assert.equal(scheduler.ended, false, 'without a last chunk');
    await cluster.restartMaster();
    scheduler = await RawScheduler.subscribe(cluster.masterUrl, frameworkInfo({ id: { value: frameworkId } }));
    scheduler.acknowledgeAll();
    assert.equal(scheduler.frameworkId, frameworkId);
    await agentsRegistered(cluster.masterUrl, 2);
    await scheduler.call({ type: 'RECONCILE', reconcile: { tasks: [{ task_id: { value: 'task' }, agent_id }] } });
    await until('the answer', () => reasons().includes('REASON_RECONCILIATION'));
    assert.equal(scheduler.statuses('task').at(-1)?.state, 'TASK_RUNNING');
    assert.ok(isRunning(pid));
    const late = await RawScheduler.subscribe(cluster.masterUrl, frameworkInfo({ id: { value: removedId } }));
    assert.equal(late.of('ERROR')[0]?.error.message, 'Framework has been removed');
    await killTask();
  });

  it('reconciliation is silent about tasks of agents that may still come back to a new master', async () => {
    const { agent_id } = await running();
    const { frameworkId } = scheduler;
    await cluster.killAgent(0);
    await cluster.killMaster();
    await cluster.restartMaster();
    scheduler = await RawScheduler.subscribe(cluster.masterUrl, frameworkInfo({ id: { value: frameworkId } }));
    await scheduler.call({ type: 'RECONCILE', reconcile: { tasks: [{ task_id: { value: 'task' }, agent_id }] } });
    await sleep(300);
    assert.equal(scheduler.statuses().length, 0);
    scheduler.acknowledgeAll();
    await cluster.restartAgent(0);
    await agentsRegistered(cluster.masterUrl, 2);
    await scheduler.call({ type: 'RECONCILE', reconcile: { tasks: [{ task_id: { value: 'task' }, agent_id }] } });
    await scheduler.reached('task', 'TASK_RUNNING');
    await killTask();
  });

  it('SIGUSR1: the agent ends its executors and leaves; TASK_LOST even to PARTITION_AWARE frameworks', async () => {
    const { agent_id } = await running();
    const pid = pidOfTask();
    process.kill(cluster.agents[0]?.pid ?? 0, 'SIGUSR1');
    const lost = await scheduler.reached('task', 'TASK_LOST');
    const words = 'Agent agent-0 removed: the agent unregistered';
    assert.deepEqual([lost.reason, lost.message], ['REASON_AGENT_REMOVED', words]);
    await until('FAILURE', () => scheduler.of('FAILURE').length > 0);
    await until('agent and executor end', () => !isRunning(pid) && !isRunning(cluster.agents[0]?.pid ?? 0));
    await cluster.restartAgent(0);
    await agentsRegistered(cluster.masterUrl, 2);
    const { slaves } = await page<{ slaves: { id: string }[] }>(cluster.masterUrl, '/slaves');
    assert.ok(
      slaves.some(({ id }) => id === agent_id.value),
      'its next life has its id',
    );
  });

  it('MARK_AGENT_GONE: TASK_GONE_BY_OPERATOR, RESCIND, FAILURE; the agent ends for good', async () => {
    const { agent_id } = await running();
    await until('an offer of the rest', () => scheduler.offers.filter((o) => o.hostname === 'agent-0').length > 1);
    const pid = pidOfTask();
    const body = JSON.stringify({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id } });
    const headers = { 'Content-Type': 'application/json' };
    const answer = await send(cluster.masterUrl, { path: '/api/v1', headers, body });
    assert.equal(answer.status, 200);
    const gone = await scheduler.reached('task', 'TASK_GONE_BY_OPERATOR');
    assert.deepEqual([gone.reason, gone.message], ['REASON_AGENT_REMOVED_BY_OPERATOR', 'Agent has been marked gone']);
    await until('the executor ends', () => !isRunning(pid));
    await until('the agent ends', () => !isRunning(cluster.agents[0]?.pid ?? 0));
    await scheduler.call({ type: 'RECONCILE', reconcile: { tasks: [{ task_id: { value: 'task' }, agent_id }] } });
    await until('the answer', () => scheduler.statuses('task').at(-1)?.message === 'Reconciliation: Task is gone');
  });
});
