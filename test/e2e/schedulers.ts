/** Several frameworks on one ZooKeeper and one embedded Mesos of two masters, each a process of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalCluster, startLocalCluster } from '../../framework/mesos-local/cluster.js';
import { FrameworkProcess } from '../framework-process.js';
import { ZooKeeperServers } from '../zookeeper.js';
import { until } from './system.js';

const living = ['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING'];

export interface Answer {
  status: number;
  headers: Headers;
  body: any;
}

export class Scheduler extends FrameworkProcess {
  static start(args: string[]): Promise<Scheduler> {
    return new Scheduler(['--zk-session-timeout-seconds', '3', ...args]).ready();
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

export class Ensemble {
  /** Those that run, or stand still. */
  schedulers: Scheduler[] = [];

  private constructor(
    readonly directory: string,
    readonly zooKeeper: ZooKeeperServers,
    readonly mesos: LocalCluster,
    readonly args: string[],
  ) {}

  /** `zkSessionTimeoutMs`: of Mesos' masters, which end with their session. */
  static async start(timings = { zkSessionTimeoutMs: 2000 }): Promise<Ensemble> {
    const directory = await mkdtemp(join(tmpdir(), 'gaia-schedulers-'));
    const zooKeeper = await ZooKeeperServers.start({ tickMs: 250 });
    try {
      const agents = [1, 2, 3].map((n) => ({ hostname: `box${n}`, resources: 'cpus:2;mem:1024;disk:1000' }));
      const masters = { count: 2, zk: zooKeeper.url('/mesos') };
      const options = { directory: join(directory, 'cluster'), agents, masters, timings, detached: false };
      const args = ['--master', masters.zk, '--store', zooKeeper.url('/gaia')];
      const ensemble = new Ensemble(directory, zooKeeper, await startLocalCluster(options), args);
      await Promise.all([1, 2, 3].map(() => ensemble.add()));
      return ensemble;
    } catch (error) {
      await zooKeeper.stop();
      throw error;
    }
  }

  async add(): Promise<void> {
    this.schedulers.push(await Scheduler.start(this.args));
  }

  async stop(): Promise<void> {
    for (const { process } of this.schedulers) process.kill('SIGKILL');
    await this.mesos.stop();
    await this.zooKeeper.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Once all that run name the same, and it has a master. */
  leader(all = this.schedulers): Promise<Scheduler> {
    return until('they agree about the leader', 30_000, async () => {
      const named = await Promise.all(all.map(async (one) => (await one.request('GET', '/v2/leader')).body.leader));
      const leader = all.find(({ address }) => named.every((name) => name === address));
      if (!leader) throw new Error(`they name ${named.join(', ')}\n${all.map(({ log }) => log).join('\n')}`);
      return (await leader.request('GET', '/health')).status === 200 ? leader : null;
    });
  }

  async standby(): Promise<Scheduler> {
    const leader = await this.leader();
    return this.schedulers.find((one) => one !== leader) as Scheduler;
  }

  /** The ids of exactly `count` tasks, once they run. */
  running(asked: Scheduler, app: string, count: number): Promise<string[]> {
    return until(`${count} tasks run`, 30_000, async () => {
      const { tasks } = (await asked.request('GET', `${app}/tasks`)).body;
      const found = tasks.filter(({ state }: { state: string }) => state === 'TASK_RUNNING');
      if (found.length !== count || tasks.length !== count) throw new Error(JSON.stringify(tasks));
      return tasks.map(({ id }: { id: string }) => id).sort();
    });
  }

  /** What the leading master says; tasks that have ended, and are not acknowledged yet, left out. */
  async inMesos(): Promise<{ frameworks: string[]; tasks: string[] }> {
    const { master } = (await (await this.leader()).request('GET', '/v2/info')).body;
    const page = (await (await fetch(`http://${master.address}/state`)).json()) as any;
    const tasks = page.frameworks.flatMap(({ tasks }: any) => tasks.filter(({ state }: any) => living.includes(state)));
    const idsOf = (list: { id: string }[]) => list.map(({ id }) => id);
    return { frameworks: idsOf(page.frameworks), tasks: idsOf(tasks).sort() };
  }
}
