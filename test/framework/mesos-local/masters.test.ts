/** Several masters with Debian's ZooKeeper: who leads, what the others answer, and what a new leader finds again. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containerProcesses } from '../../../framework/mesos-local/agent/process-tree.js';
import { type LocalCluster, startLocalCluster } from '../../../framework/mesos-local/cluster.js';
import { ZooKeeper } from '../../../framework/zookeeper/index.js';
import { send } from '../../conformance/raw-http.js';
import { frameworkInfo } from '../../conformance/scheduler.js';
import { isRunning, until } from '../../conformance/wait.js';
import { FrameworkProcess } from '../../framework-process.js';
import { commandLineOf } from '../../proc.js';
import { ZooKeeperServers } from '../../zookeeper.js';
import { KeepingScheduler } from './keeping-scheduler.js';

const TIMINGS = {
  allocationIntervalMs: 100,
  heartbeatIntervalMs: 300,
  agentReregisterTimeoutMs: 2000,
  zkSessionTimeoutMs: 1000,
};

describe('mesos-local: several masters', function () {
  this.timeout(90_000);
  let directory: string;
  let servers: ZooKeeperServers;
  let cluster: LocalCluster;
  let scheduler: KeepingScheduler;
  let framework: FrameworkProcess;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'mesos-local-masters-'));
    servers = await ZooKeeperServers.start({ tickMs: 250 });
    const agents = ['one', 'two'].map((hostname) => ({ hostname, resources: 'cpus:1;mem:256' }));
    const masters = { count: 2, zk: servers.url('/mesos') };
    cluster = await startLocalCluster({ directory, agents, masters, timings: TIMINGS, detached: false });
  });
  after(async () => {
    await scheduler?.client.close();
    framework?.process.kill('SIGKILL');
    await cluster?.stop();
    await servers?.stop();
    rmSync(directory, { recursive: true });
  });

  const urlOf = (index: number) => cluster.masters[index]?.url as string;
  const page = (index: number, path: string) => send(urlOf(index), { method: 'GET', path });
  const leads = async (index: number) => (await page(index, '/state').catch(() => null))?.status === 200;
  const activeAgents = async (index: number) => {
    const { slaves } = JSON.parse((await page(index, '/slaves')).text) as { slaves: { id: string; active: boolean }[] };
    return slaves.filter(({ active }) => active).map(({ id }) => id);
  };

  it('the first one leads; the other points to it before it looks at a request', async () => {
    await until(
      'the first leads and has both agents',
      async () => (await leads(0)) && (await activeAgents(0)).length === 2,
    );
    const leader = new URL(urlOf(0)).host;
    const places: [string, string][] = [
      ['/api/v1/scheduler', '/master/api/v1/scheduler'],
      ['/master/state', '/master/state'],
      ['/slaves?x=1', '/master/slaves?x=1'],
      ['/redirect', ''],
      ['/master/redirect', ''],
    ];
    for (const [path, place] of places) {
      const answer = await page(1, path);
      assert.deepEqual([answer.status, answer.headers.location], [307, `//${leader}${place}`], path);
    }
    assert.equal((await page(1, '/version')).status, 200);
    assert.equal((await page(1, '/health')).status, 200);
  });

  it('a framework finds the leader through any of them and runs a task', async () => {
    scheduler = new KeepingScheduler({
      masters: [1, 0].map((index) => new URL(urlOf(index)).host),
      framework: frameworkInfo(),
      timing: { backoffMaxMs: 500 },
    });
    await scheduler.launch('stays', 'sleep 1000');
    await until('RUNNING', () => scheduler.statuses.at(-1)?.state === 'TASK_RUNNING');
    await scheduler.client.suppress();
    await scheduler.client.decline(scheduler.offers.map(({ id }) => id.value));
  });

  interface AppTask {
    id: string;
    state: string;
  }
  const appTasks = async () => {
    const answer = await fetch(`${framework.url}/v2/apps/sleeper/tasks`, { headers: { Accept: 'application/json' } });
    return ((await answer.json()) as { tasks: AppTask[] }).tasks;
  };
  const running = async () => (await appTasks()).filter(({ state }) => state === 'TASK_RUNNING').map(({ id }) => id);
  /** Whatever of it runs on the agents, whoever knows of it. */
  const copies = () => containerProcesses(directory, null).filter((pid) => commandLineOf(pid).startsWith('sleep 2000'));

  it('our framework runs an app there, too', async () => {
    const masters = [0, 1].map((index) => new URL(urlOf(index)).host).join(',');
    framework = new FrameworkProcess(['--master', masters, '--store', join(directory, 'store')]);
    await framework.ready();
    const app = { id: '/sleeper', cmd: 'exec sleep 2000', cpus: 0.1, mem: 32, instances: 2 };
    const body = JSON.stringify(app);
    await fetch(`${framework.url}/v2/apps`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    await until('both tasks', async () => (await running()).length === 2, 30_000);
  });

  it('when the leader dies the other one leads: same framework, same agents, the task as it was', async () => {
    const agentIds = await activeAgents(0);
    const told = scheduler.statuses.length;
    await cluster.killMaster(0);
    await until(
      'the second leads and has both agents',
      async () => (await leads(1)) && (await activeAgents(1)).length === 2,
    );
    assert.deepEqual((await activeAgents(1)).sort(), agentIds.sort());
    await until('a new subscription', () => scheduler.subscriptions.length > 1);
    assert.equal(scheduler.subscriptions.at(-1)?.id, scheduler.subscriptions[0]?.id);
    assert.equal(scheduler.subscriptions.at(-1)?.port, Number(new URL(urlOf(1)).port));
    assert.equal(scheduler.statuses.length, told, 'a return tells nothing by itself');
    await scheduler.client.reconcile([]);
    await until('the answer', () => scheduler.statuses.at(-1)?.reason === 'REASON_RECONCILIATION');
    assert.equal(scheduler.statuses.at(-1)?.state, 'TASK_RUNNING');
  });

  it('our framework finds the new leader: its tasks are the same, there is no second copy, and it can start another', async () => {
    const ids = (await running()).sort();
    const body = JSON.stringify({ instances: 3 });
    const headers = { 'Content-Type': 'application/json' };
    await fetch(`${framework.url}/v2/apps/sleeper`, { method: 'PUT', headers, body });
    await until('three tasks', async () => (await running()).length === 3, 30_000);
    const now = await running();
    assert.ok(
      ids.every((id) => now.includes(id)),
      `${ids} are among ${now}`,
    );
    assert.equal(copies().length, 3);
  });

  it('a leader that stands still is replaced, and ends when it goes on', async () => {
    await cluster.restartMaster(0);
    await until('a standby', async () => (await page(0, '/state')).status === 307);
    await cluster.pauseMaster(1);
    await until('the first leads again', async () => (await leads(0)) && (await activeAgents(0)).length === 2);
    const pid = cluster.masters[1]?.pid as number;
    cluster.resumeMaster(1);
    await until('the former leader has ended', () => !isRunning(pid));
    await until('a third subscription', () => scheduler.subscriptions.at(-1)?.port === Number(new URL(urlOf(0)).port));
    await scheduler.client.reconcile([{ taskId: 'stays' }]);
    await until('the answer', () => scheduler.statuses.at(-1)?.reason === 'REASON_RECONCILIATION');
    assert.equal(scheduler.statuses.at(-1)?.state, 'TASK_RUNNING');
  });

  it('an agent that is not back in time is unreachable for the new leader', async () => {
    await cluster.restartMaster(1);
    await until('a standby', async () => (await page(1, '/state').catch(() => null))?.status === 307);
    const [, gone] = cluster.agents;
    const before = await activeAgents(0);
    await cluster.killAgent(1);
    await cluster.killMaster(0);
    await until(
      'the second leads with one agent',
      async () => (await leads(1)) && (await activeAgents(1)).length === 1,
    );
    const [stayed] = await activeAgents(1);
    const lost = before.find((id) => id !== stayed) as string;
    await until('a subscription', () => scheduler.subscriptions.at(-1)?.port === Number(new URL(urlOf(1)).port));
    assert.ok(gone);
    await until('unreachable', async () => {
      await scheduler.client.reconcile([{ taskId: 'never', agentId: lost }]).catch(() => {});
      return scheduler.statuses.at(-1)?.state === 'TASK_UNREACHABLE';
    });
  });

  it('without a leader nobody is pointed to', async () => {
    await cluster.restartMaster(0);
    await until('a standby', async () => (await page(0, '/state').catch(() => null))?.status === 307);
    const [port] = servers.ports as [number];
    const session = new ZooKeeper({ servers: [{ host: '127.0.0.1', port }], timeoutMs: 3000 });
    const registry = String((await session.get('/mesos/mesos-local-registry')).data);
    assert.match(registry, /"agents":\[\{/);
    session.close();
    await servers.stop();
    await until('503', async () => {
      const answer = await page(0, '/api/v1/scheduler').catch(() => null);
      return answer?.status === 503 && answer.text === 'No leader elected';
    });
    await until('the leader has ended', () => !isRunning(cluster.masters[1]?.pid as number));
  });
});
