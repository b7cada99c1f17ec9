/** A Mesos cluster on this host, embedded or given, and the framework on it, in a process of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalCluster, startLocalCluster } from '../../framework/mesos-local/cluster.js';
import { frameworkInfo, RawScheduler } from '../conformance/scheduler.js';
import { Api, until } from '../e2e/system.js';
import { FrameworkProcess } from '../framework-process.js';
import { EmbeddedMachines } from './embedded-machines.js';
import { type InMesos, inMesosOf, type Machines, type Platform } from './platform.js';

const ROLE = 'gaia-acceptance';
const PRINCIPAL = 'gaia-acceptance';
const READY_MAX_MS = 60_000;
/** Of the embedded cluster: four agents in two zones, as the suite needs. */
const AGENTS = [1, 2, 3, 4].map((n) => ({
  hostname: `agent-${n}`,
  region: 'local',
  zone: n % 2 === 0 ? 'b' : 'a',
  attributes: `rack:r${n}`,
  resources: 'cpus:2;mem:1024;disk:4096',
}));

export class Cluster implements Platform {
  readonly bind = '127.0.0.1';
  readonly transport = null;
  readonly machines: Machines | null;
  #framework: FrameworkProcess | null = null;

  private constructor(
    readonly masterUrl: string,
    readonly directory: string,
    readonly embedded: LocalCluster | null,
  ) {
    this.machines = embedded && new EmbeddedMachines(embedded, AGENTS);
  }

  /** Of `MASTER_URL` (set by `main.ts`), or an embedded one. */
  static async start(): Promise<Cluster> {
    const directory = mkdtempSync(join(tmpdir(), 'gaia-acceptance-'));
    const given = process.env.MASTER_URL;
    if (given) return new Cluster(given, directory, null);
    const mesos = await startLocalCluster({
      directory: join(directory, 'mesos'),
      agents: AGENTS,
      timings: { allocationIntervalMs: 200, agentPingIntervalMs: 1000 },
      detached: false,
    });
    return new Cluster(mesos.masterUrl, directory, mesos);
  }

  /** Starts it. */
  async framework(): Promise<Api> {
    const state = ['--store', join(this.directory, 'store'), '--data-directory', join(this.directory, 'replicas')];
    const who = ['--name', 'gaia-acceptance', '--role', ROLE, '--principal', PRINCIPAL];
    this.#framework = new FrameworkProcess(['--master', this.masterUrl, ...state, ...who]);
    const { url } = await this.#framework.ready(READY_MAX_MS);
    const api = new Api(url);
    await until('the framework is subscribed', READY_MAX_MS, async () => {
      const { body } = await api.request('GET', '/v2/info');
      return body.frameworkId !== null && body.master.connected;
    });
    return api;
  }

  frameworkAgain(): Promise<Api> {
    this.#framework?.process.kill('SIGKILL');
    return this.framework();
  }

  async kill(_host: string, pid: number): Promise<void> {
    process.kill(pid, 'SIGKILL');
  }

  inMesos(): Promise<InMesos> {
    return inMesosOf(this.masterUrl, ROLE);
  }

  async stop(frameworkId: string | null): Promise<void> {
    this.#framework?.process.kill('SIGKILL');
    if (frameworkId !== null) {
      const info = frameworkInfo({ id: { value: frameworkId }, roles: [ROLE], principal: PRINCIPAL });
      await (await RawScheduler.subscribe(this.masterUrl, info)).teardown();
    }
    await this.embedded?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
