/** Masters and agents of somebody else, the agents on this host; a scheduler of the run's own, with all it keeps in `directory`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { page } from '../conformance/raw-http.js';
import { frameworkInfo, RawScheduler } from '../conformance/scheduler.js';
import { type Api, until } from '../e2e/system.js';
import type { FrameworkProcess } from '../framework-process.js';
import { groups } from './apps.js';
import {
  apiOfAny,
  type Cluster,
  endSchedulers,
  type Kept,
  keptSchedulers,
  logsOf,
  principal,
  readyMaxMs,
  role,
  startScheduler,
} from './cluster.js';
import { isOnThisNetwork, type ReplicaProcess, replicaProcesses } from './replica-processes.js';

/** So many that those of a group of three can be replaced while one is drained. */
export const agentsMin = 5;

export class GivenCluster implements Cluster {
  readonly machines = null;
  readonly volumes = [];
  readonly schedulers: FrameworkProcess[] = [];
  readonly masterUrls: readonly string[];
  readonly disks: readonly string[];
  #frameworkId = '';

  private constructor(
    readonly directory: string,
    readonly masterUrl: string,
    readonly agents: readonly string[],
  ) {
    this.masterUrls = [masterUrl];
    this.disks = [join(directory, 'replicas')];
  }

  static async start(directory: string, masterUrl: string): Promise<GivenCluster> {
    mkdirSync(logsOf(directory), { recursive: true });
    const { slaves } = await page<{ slaves: { hostname: string; active: boolean }[] }>(masterUrl, '/slaves');
    const agents = slaves.filter(({ active }) => active).map(({ hostname }) => hostname);
    if (agents.length < agentsMin)
      throw new Error(
        `--master ${masterUrl} has ${agents.length} active agents; give one with ${agentsMin}, idle, on this host`,
      );
    const cluster = new GivenCluster(directory, masterUrl, agents);
    try {
      await cluster.#startScheduler(0);
      await cluster.#subscribed();
    } catch (error) {
      endSchedulers(cluster.schedulers, directory);
      throw error;
    }
    return cluster;
  }

  async #subscribed(): Promise<void> {
    this.#frameworkId = await until('the scheduler is subscribed', readyMaxMs, async () => {
      const { body } = await this.api.request('GET', '/v2/info');
      return body.master.connected ? (body.frameworkId as string) : null;
    });
  }

  get api(): Api {
    return apiOfAny(this.schedulers);
  }

  replicas(): ReplicaProcess[] {
    const isOurs = (one: ReplicaProcess) =>
      groups.some(({ id }) => one.group.startsWith(`${id}@`)) && isOnThisNetwork(one);
    return replicaProcesses().filter(isOurs);
  }

  get kept(): Kept[] {
    return keptSchedulers(this.schedulers, (at) => this.#startScheduler(at));
  }

  #startScheduler(at: number): Promise<void> {
    const kept = ['--store', join(this.directory, 'store'), '--data-directory', ...this.disks];
    return startScheduler(this.schedulers, at, ['--master', this.masterUrl, ...kept, '--name', role]);
  }

  /** Leaves nothing of it in Mesos. */
  async stop(): Promise<void> {
    endSchedulers(this.schedulers, this.directory);
    const info = frameworkInfo({ id: { value: this.#frameworkId }, roles: [role], principal });
    await (await RawScheduler.subscribe(this.masterUrl, info)).teardown();
  }
}
