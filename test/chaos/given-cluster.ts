/** Masters and agents of somebody else, the agents on this host; a scheduler of the run's own, with all it keeps in `directory`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readStore } from '../../framework/store/place.js';
import { StoreError } from '../../framework/store/store.js';
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
import { unlessInterrupted } from './interruption.js';
import { isOnThisNetwork, type ReplicaProcess, replicaProcesses } from './replica-processes.js';
import { type TaskProcess, taskProcesses } from './task-processes.js';

/** So many that those of a group of three can be replaced while one is drained. */
export const agentsMin = 5;

export class GivenCluster implements Cluster {
  readonly machines = null;
  readonly volumes = [];
  readonly schedulers: FrameworkProcess[] = [];
  readonly masterUrls: readonly string[];
  readonly disks: readonly string[];
  #isStopped = false;

  private constructor(
    readonly directory: string,
    readonly masterUrl: string,
    readonly agents: readonly string[],
  ) {
    this.masterUrls = [masterUrl];
    this.disks = [join(directory, 'replicas')];
  }

  static async start(directory: string, masterUrl: string, interrupted: AbortSignal): Promise<GivenCluster> {
    mkdirSync(logsOf(directory), { recursive: true });
    const { slaves } = await page<{ slaves: { hostname: string; active: boolean }[] }>(masterUrl, '/slaves');
    const agents = slaves.filter(({ active }) => active).map(({ hostname }) => hostname);
    if (agents.length < agentsMin)
      throw new Error(
        `--master ${masterUrl} has ${agents.length} active agents; give one with ${agentsMin}, idle, on this host`,
      );
    const cluster = new GivenCluster(directory, masterUrl, agents);
    try {
      await unlessInterrupted(interrupted, () => cluster.#begin());
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async #begin(): Promise<void> {
    await this.#startScheduler(0);
    await until('the scheduler is subscribed', readyMaxMs, async () => {
      const { body } = await this.api.request('GET', '/v2/info');
      return body.master.connected;
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

  tasks(): TaskProcess[] {
    return taskProcesses().filter(isOnThisNetwork);
  }

  get kept(): Kept[] {
    return keptSchedulers(this.schedulers, (at) => this.#startScheduler(at));
  }

  async #startScheduler(at: number): Promise<void> {
    if (this.#isStopped) throw new Error('the run has ended');
    const kept = ['--store', this.#store, '--data-directory', ...this.disks];
    await startScheduler(this.schedulers, at, ['--master', this.masterUrl, ...kept, '--name', role]);
  }

  get #store(): string {
    return join(this.directory, 'store');
  }

  /** Leaves nothing of it in Mesos, and nobody starts a scheduler any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    endSchedulers(this.schedulers, this.directory);
    const id = await this.#frameworkId();
    if (id === null) return;
    const info = frameworkInfo({ id: { value: id }, roles: [role], principal });
    await (await RawScheduler.subscribe(this.masterUrl, info)).teardown();
  }

  /** Null where no store was made yet, or nothing is in it: then nothing was launched. */
  async #frameworkId(): Promise<string | null> {
    const entries = await readStore(this.#store).catch((error) => {
      if (error instanceof StoreError) return [];
      throw error;
    });
    const record = entries.find(([key]) => key.startsWith('framework:'))?.[1] as { id: string } | undefined;
    return record?.id ?? null;
  }
}
