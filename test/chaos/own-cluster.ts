/** The whole system on machines of its own, each a network namespace: agents, masters, schedulers, ZooKeeper. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentsOf } from '../../framework/cli/agents.js';
import { type LocalCluster, startLocalCluster } from '../../framework/mesos-local/cluster.js';
import { Api, until } from '../e2e/system.js';
import type { FrameworkProcess } from '../framework-process.js';
import { makeSwitch, NamespaceHost } from '../namespaces.js';
import { ZooKeeperServers } from '../zookeeper.js';
import { Clocks, withClock } from './clocks.js';
import {
  apiOfAny,
  type Cluster,
  endSchedulers,
  type Kept,
  keptSchedulers,
  readyMaxMs,
  startScheduler,
} from './cluster.js';
import { type ReplicaProcess, replicaProcesses } from './replica-processes.js';
import { type TaskProcess, taskProcesses } from './task-processes.js';

const executor = fileURLToPath(new URL('../../executor/main.js', import.meta.url));
const agentCount = 5;
/** Numbers of machines; their addresses follow from them. */
const numbers = { agents: 1, masters: 21, schedulers: 31, zooKeeper: 41 };
/** Short, so that what they are for comes to pass within a run. */
const timings = {
  allocationIntervalMs: 200,
  agentPingIntervalMs: 500,
  agentPingsMissedMax: 4,
  agentReregisterTimeoutMs: 30_000,
  zkSessionTimeoutMs: 6000,
  retryBaseMs: 1000,
};
/** Of each agent: some segments of logs and journals. */
const diskMib = 192;

export class OwnCluster implements Cluster {
  readonly machines = this;

  private constructor(
    readonly directory: string,
    readonly agentHosts: readonly NamespaceHost[],
    readonly masterHosts: readonly NamespaceHost[],
    readonly schedulerHosts: readonly NamespaceHost[],
    readonly zooKeeperHost: NamespaceHost,
    readonly zooKeeper: ZooKeeperServers,
    readonly mesos: LocalCluster,
    readonly clocks: Clocks,
    /** In the order of their machines. */
    readonly schedulers: FrameworkProcess[] = [],
  ) {}

  /** In namespaces of this process; see `enterNamespaces`. */
  static async start(directory: string): Promise<OwnCluster> {
    makeSwitch();
    const machines = (first: number, count: number) =>
      Array.from({ length: count }, (_, index) => new NamespaceHost(first + index));
    const agents = machines(numbers.agents, agentCount);
    const masters = machines(numbers.masters, 2);
    const schedulers = machines(numbers.schedulers, 2);
    const [keeper] = machines(numbers.zooKeeper, 1) as [NamespaceHost];
    const zooKeeper = await ZooKeeperServers.start({ tickMs: 500, place: placeOf(keeper) });
    const clocks = new Clocks(directory);
    const mesos = await startLocalCluster({
      directory: join(directory, 'mesos'),
      agents: agentsOf(agentCount),
      masters: { count: masters.length, zk: zooKeeper.url('/mesos') },
      places: {
        masters: masters.map((host, at) => placeOf(host, withClock(clocks.fileOf(`master-${at + 1}`)))),
        agents: agents.map((host, at) => agentPlace(directory, clocks, host, at)),
      },
      timings,
      detached: false,
    });
    const cluster = new OwnCluster(directory, agents, masters, schedulers, keeper, zooKeeper, mesos, clocks);
    await Promise.all(schedulers.map((_, at) => cluster.startScheduler(at)));
    await until('all schedulers know who leads', readyMaxMs, async () => {
      const apis = cluster.schedulers.map(({ url }) => new Api(url));
      const answers = await Promise.all(apis.map((api) => api.request('GET', '/v2/deployments')));
      return answers.every(({ status }) => status === 200);
    });
    return cluster;
  }

  async startScheduler(at: number): Promise<void> {
    const host = this.schedulerHosts[at] as NamespaceHost;
    const args = [
      ...['--master', this.zooKeeper.url('/mesos'), '--store', this.zooKeeper.url('/gaia')],
      ...['--zk-session-timeout-seconds', '5', '--listen', `${host.address}:0`, '--no-authentication'],
      ...['--data-directory', dataDirectory(this.directory), '--executor-memory-mb', '0'],
      ...[
        '--executor-command',
        `exec ${[...withClock(clockHere(this.directory)), process.execPath, executor].join(' ')}`,
      ],
    ];
    const enter = [...host.enter, ...withClock(this.clocks.fileOf(`scheduler-${at + 1}`))];
    await startScheduler(this.schedulers, at, args, enter);
  }

  get api(): Api {
    return apiOfAny(this.schedulers);
  }

  get agents(): string[] {
    return this.mesos.agents.map(({ hostname }) => hostname);
  }

  get masterUrls(): string[] {
    return this.mesos.masters.map(({ url }) => url);
  }

  get disks(): string[] {
    return this.agentHosts.map((_, at) => diskOf(this.directory, at));
  }

  get volumes(): string[] {
    return this.mesos.agents.map(({ workDirectory }) => join(workDirectory, 'volumes'));
  }

  replicas(): ReplicaProcess[] {
    return replicaProcesses();
  }

  tasks(): TaskProcess[] {
    return taskProcesses();
  }

  /** Masters and schedulers end when they are fenced off. */
  get kept(): Kept[] {
    const { mesos, zooKeeper } = this;
    return [
      { name: 'zookeeper-1', pid: () => zooKeeper.pidOf(0), start: () => zooKeeper.run(0) },
      ...mesos.masters.map((_, at) => ({
        name: `master-${at + 1}`,
        pid: () => mesos.masters[at]?.pid,
        start: () => mesos.restartMaster(at),
      })),
      ...mesos.agents.map((_, at) => ({
        name: `agent-${at + 1}`,
        pid: () => mesos.agents[at]?.pid,
        start: () => mesos.restartAgent(at),
      })),
      ...keptSchedulers(this.schedulers, (at) => this.startScheduler(at)),
    ];
  }

  /** So that the directory can be removed, whether or not the cluster has started. */
  static unmountDisks(directory: string): void {
    const disks = join(directory, 'disks');
    const names = existsSync(disks) ? readdirSync(disks) : [];
    for (const name of names) spawnSync('umount', ['--lazy', join(disks, name)]);
  }

  async stop(): Promise<void> {
    endSchedulers(this.schedulers, this.directory);
    await this.mesos.stop();
    await this.zooKeeper.stop();
  }
}

const placeOf = (host: NamespaceHost, words: string[] = []) => ({ ip: host.address, enter: [...host.enter, ...words] });

/** The same on every agent, as seen there. */
const dataDirectory = (directory: string): string => join(directory, 'replicas');

/** An agent, with all it runs, sees a disk of its own as the data directory, and a clock of its own. */
function agentPlace(directory: string, clocks: Clocks, host: NamespaceHost, at: number) {
  const disk = diskOf(directory, at);
  mkdirSync(disk, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMib}m`, 'none', disk]);
  mkdirSync(dataDirectory(directory), { recursive: true });
  writeFileSync(clockHere(directory), '');
  const binds = [disk, dataDirectory(directory), clocks.fileOf(`agent-${at + 1}`), clockHere(directory)];
  const script = 'mount --bind "$1" "$2" && mount --bind "$3" "$4" && shift 4 && exec "$@"';
  return placeOf(host, ['sh', '-c', script, 'sh', ...binds, ...withClock(clockHere(directory))]);
}

/** Seen from outside. */
const diskOf = (directory: string, at: number): string => join(directory, 'disks', `agent-${at + 1}`);

/** The clock of an agent's machine, as seen there. */
const clockHere = (directory: string): string => join(directory, 'clock');
