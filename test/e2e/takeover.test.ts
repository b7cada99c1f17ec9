/**
 * Three schedulers on one ZooKeeper and one Mesos: whatever becomes of the one that leads, another one does within ten seconds, with
 * the same tasks under the same framework id, and the old one changes nothing any more.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import _ from 'lodash';
import { type LocalCluster, startLocalCluster } from '../../framework/mesos-local/cluster.js';
import { readStore } from '../../framework/store/place.js';
import { openZooKeeperStore } from '../../framework/store/zookeeper.js';
import { parseZooKeeperUrl, ZooKeeper } from '../../framework/zookeeper/index.js';
import { ZooKeeperServers } from '../zookeeper.js';
import { runCli, until } from './system.js';

const main = fileURLToPath(new URL('../../framework/main.js', import.meta.url));
const takeoverMaxMs = 10_000;
const APP = '/v2/apps/sleeper';

interface Answer {
  status: number;
  headers: Headers;
  body: any;
}

class Scheduler {
  log = '';
  url = '';

  private constructor(readonly process: ChildProcess) {
    process.stderr?.on('data', (bytes) => {
      this.log += bytes;
    });
  }

  static async start(...args: string[]): Promise<Scheduler> {
    const flags = ['--listen', '127.0.0.1:0', '--zk-session-timeout-seconds', '3', ...args];
    const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    const scheduler = new Scheduler(child);
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const ended = once(child, 'exit').then(() => assert.fail(scheduler.log));
    const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
    scheduler.url = JSON.parse(line).url;
    return scheduler;
  }

  get address(): string {
    return this.url.slice('http://'.length);
  }

  async request(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(20_000),
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    const json = answer.headers.get('content-type')?.includes('json') && text !== '';
    return { status: answer.status, headers: answer.headers, body: json ? JSON.parse(text) : text };
  }
}

describe('three schedulers', function () {
  this.timeout(120_000);
  let directory: string;
  let zooKeeper: ZooKeeperServers;
  let mesos: LocalCluster;
  let schedulers: Scheduler[] = [];
  let ids: string[] = [];
  let frameworkId: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gaia-takeover-'));
    const agents = [1, 2].map((n) => ({ hostname: `box${n}`, resources: 'cpus:2;mem:1024;disk:1000' }));
    zooKeeper = await ZooKeeperServers.start({ tickMs: 250 });
    const masters = { count: 2, zk: zooKeeper.url('/mesos') };
    const timings = { zkSessionTimeoutMs: 2000 };
    mesos = await startLocalCluster({
      directory: join(directory, 'cluster'),
      agents,
      masters,
      timings,
      detached: false,
    });
    const args = ['--master', masters.zk, '--store', zooKeeper.url('/gaia')];
    schedulers = await Promise.all([1, 2, 3].map(() => Scheduler.start(...args)));
  });

  after(async () => {
    for (const { process } of schedulers) process.kill('SIGKILL');
    await mesos?.stop();
    await zooKeeper?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** Once all of them name the same, and it has a master. */
  const leaderOf = (all: Scheduler[]): Promise<Scheduler> =>
    until('they agree about the leader', 30_000, async () => {
      const named = await Promise.all(all.map(async (one) => (await one.request('GET', '/v2/leader')).body.leader));
      const leader = all.find(({ address }) => named.every((name) => name === address));
      if (!leader) throw new Error(`they name ${named.join(', ')}\n${all.map(({ log }) => log).join('\n')}`);
      return (await leader.request('GET', '/health')).status === 200 ? leader : null;
    });

  const running = (asked: Scheduler, count: number): Promise<string[]> =>
    until(`${count} tasks run`, 30_000, async () => {
      const { tasks } = (await asked.request('GET', `${APP}/tasks`)).body;
      const found = tasks.filter(({ state }: { state: string }) => state === 'TASK_RUNNING');
      if (found.length !== count || tasks.length !== count) throw new Error(JSON.stringify(tasks));
      return tasks.map(({ id }: { id: string }) => id).sort();
    });

  const inMesos = async (): Promise<{ frameworks: string[]; tasks: string[] }> => {
    const address = (await (await leaderOf(schedulers)).request('GET', '/v2/info')).body.master.address;
    const page = (await (await fetch(`http://${address}/state`)).json()) as any;
    const tasks = page.frameworks.flatMap((one: any) => one.tasks.map(({ id }: { id: string }) => id));
    return { frameworks: page.frameworks.map(({ id }: { id: string }) => id), tasks: tasks.sort() };
  };

  /** Gives back the successor, which was asked through all survivors and takes changes. */
  async function takenOver(survivors: Scheduler[], sinceMs: number): Promise<Scheduler> {
    const leader = await leaderOf(survivors);
    const tookMs = Math.round(performance.now() - sinceMs);
    console.log(`      taken over after ${tookMs} ms`);
    assert.ok(tookMs < takeoverMaxMs, `${tookMs} ms`);
    assert.equal((await leader.request('GET', '/v2/info')).body.frameworkId, frameworkId);
    return leader;
  }

  it('have one leader, and each takes requests for it', async () => {
    const leader = await leaderOf(schedulers);
    const [first, second] = schedulers.filter((one) => one !== leader) as [Scheduler, Scheduler];
    const app = { id: '/sleeper', cmd: 'exec sleep 600', cpus: 0.1, mem: 32, instances: 2 };
    const posted = await first.request('POST', '/v2/apps', app);
    assert.equal(posted.status, 201, JSON.stringify(posted.body));
    assert.equal(posted.headers.get('x-marathon-leader'), leader.url);
    assert.equal(posted.headers.get('x-marathon-via'), first.address);
    ids = await running(second, 2);
    const info = (await second.request('GET', '/v2/info')).body;
    assert.deepEqual([info.leader, info.elected], [leader.address, true]);
    assert.equal(info.zookeeper_config.zk, zooKeeper.url('/gaia'));
    frameworkId = info.frameworkId;
    assert.deepEqual((await inMesos()).frameworks, [frameworkId]);
  });

  it('answer for themselves what is about them, and redirect who follows events', async () => {
    const leader = await leaderOf(schedulers);
    const standby = schedulers.find((one) => one !== leader) as Scheduler;
    assert.deepEqual((await standby.request('GET', '/health')).body, { status: 'standby', leader: leader.address });
    assert.match((await standby.request('GET', '/metrics')).body, /^gaia_leading 0$/m);
    assert.match((await leader.request('GET', '/metrics')).body, /^gaia_leading 1$/m);
    const events = await standby.request('GET', '/v2/events?event_type=x');
    assert.deepEqual([events.status, events.headers.get('location')], [307, `${leader.url}/v2/events?event_type=x`]);
  });

  it('go on without a leader that is killed: another one leads, and no task has noticed', async () => {
    const leader = await leaderOf(schedulers);
    const sinceMs = performance.now();
    leader.process.kill('SIGKILL');
    schedulers = schedulers.filter((one) => one !== leader);
    const successor = await takenOver(schedulers, sinceMs);
    assert.deepEqual(await running(successor, 2), ids);
    assert.deepEqual(await inMesos(), { frameworks: [frameworkId], tasks: ids });
  });

  it('go on without a leader that stands still; when it goes on, it changes nothing and stands by', async () => {
    const leader = await leaderOf(schedulers);
    const standby = schedulers.find((one) => one !== leader) as Scheduler;
    const sinceMs = performance.now();
    leader.process.kill('SIGSTOP');
    // It will read this as the first thing when it goes on.
    const late = leader.request('PUT', APP, { instances: 9 });
    assert.equal(await takenOver([standby], sinceMs), standby);
    assert.equal((await standby.request('PATCH', APP, { instances: 3 })).status, 200);
    ids = await running(standby, 3);
    leader.process.kill('SIGCONT');
    const { status, body } = await late;
    assert.equal(status, 503, JSON.stringify(body));
    assert.equal(await leaderOf(schedulers), standby);
    assert.match(leader.log, /this scheduler does not lead any more/);
    assert.equal((await leader.request('GET', APP)).body.app.instances, 3, 'and passes on what it is asked');
    assert.deepEqual(await running(leader, 3), ids);
    assert.deepEqual(await inMesos(), { frameworks: [frameworkId], tasks: ids });
  });

  it('do nothing as a leader whose store has been taken, though its session lives', async () => {
    const leader = await leaderOf(schedulers);
    const other = new ZooKeeper({ ...parseZooKeeperUrl(zooKeeper.url('')), timeoutMs: 5000 });
    try {
      await openZooKeeperStore(other, '/gaia/state');
      const refused = await leader.request('PATCH', APP, { instances: 9 });
      assert.equal(refused.status, 503, JSON.stringify(refused.body));
    } finally {
      other.close();
    }
    const successor = await takenOver(schedulers, performance.now());
    assert.match(leader.log, /another scheduler holds the store now/);
    assert.equal((await successor.request('GET', APP)).body.app.instances, 3);
    assert.deepEqual((await inMesos()).tasks, ids);
  });

  it('find the next Mesos master when the one that leads ends', async () => {
    const leader = await leaderOf(schedulers);
    const address = async () => (await leader.request('GET', '/v2/info')).body.master.address;
    const before = await address();
    await mesos.killMaster(mesos.masters.findIndex(({ url }) => url === `http://${before}`));
    await until('another master', 30_000, async () => ![before, null].includes(await address()));
    await until('the same tasks there', 30_000, async () => _.isEqual((await inMesos()).tasks, ids));
    assert.deepEqual(await running(leader, 3), ids);
  });

  it('are backed up while they run; what is restored elsewhere is the same', async () => {
    const file = join(directory, 'backup');
    const gaia = (...args: string[]) => runCli([...args, '--json']);
    const taken = await gaia('backup', file, '--store', zooKeeper.url('/gaia'));
    assert.equal(taken.status, 0, taken.stderr);
    const used = await gaia('restore', file, '--store', zooKeeper.url('/gaia'), '--force');
    assert.equal(used.status, 4);
    assert.match(used.stderr, /schedulers use this store; stop them first/);
    const restored = await gaia('restore', file, '--store', join(directory, 'store'));
    assert.equal(restored.status, 0, restored.stderr);
    const keys = (await readStore(join(directory, 'store'))).map(([key]) => key);
    const id = keys.filter((key) => key.startsWith('framework:'));
    const tasks = keys.filter((key) => key.startsWith('task:')).map((key) => key.slice('task:'.length));
    assert.deepEqual([id.length, tasks.sort()], [1, ids]);
  });

  it('are reached by gaia through whichever runs', async () => {
    const leader = await leaderOf(schedulers);
    const standby = schedulers.find((one) => one !== leader) as Scheduler;
    const status = await runCli(['status', '--json', '--api', `http://127.0.0.1:1,${standby.url}`]);
    assert.equal(status.status, 0, status.stderr);
    assert.equal(JSON.parse(status.stdout).info.leader, leader.address);
    const events = await runCli(['events', '--json', '--api', standby.url]);
    assert.equal(events.status, 0, events.stderr);
    assert.ok(JSON.parse(events.stdout).events.length > 0, 'those that the leader has');
  });

  it('change the leader on demand, and when it is stopped in an orderly way', async () => {
    const leader = await leaderOf(schedulers);
    const standby = schedulers.find((one) => one !== leader) as Scheduler;
    const abdicated = await standby.request('DELETE', '/v2/leader');
    assert.deepEqual([abdicated.status, abdicated.body], [200, { message: 'Leadership abdicated' }]);
    assert.equal(await takenOver(schedulers, performance.now()), standby);
    const exit = once(standby.process, 'exit');
    standby.process.kill('SIGTERM');
    assert.equal((await exit)[0], 0, standby.log);
    schedulers = [leader];
    assert.equal(await takenOver(schedulers, performance.now()), leader);
    assert.deepEqual(await running(leader, 3), ids);
  });
});
