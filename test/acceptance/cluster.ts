/** A Mesos cluster that the framework is tried on, and the framework on it, in a process of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalCluster } from '../../framework/mesos-local/cluster.js';
import { page } from '../conformance/raw-http.js';
import { frameworkInfo, RawScheduler } from '../conformance/scheduler.js';
import { Api, until } from '../e2e/system.js';
import { FrameworkProcess } from '../framework-process.js';

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

interface FrameworkPage {
  roles?: string[];
  tasks: { id: string; state: string }[];
}

interface AgentPage {
  hostname: string;
  reserved_resources: Record<string, object>;
}

/** Tasks that Mesos says live, and what its agents keep for the role of the suite. */
export interface InMesos {
  living: string[];
  reserved: string[];
}

export class Cluster {
  #framework: FrameworkProcess | null = null;

  private constructor(
    readonly masterUrl: string,
    readonly directory: string,
    readonly stopMesos: () => Promise<void>,
  ) {}

  /** Of `MASTER_URL` (set by `main.ts`), or an embedded one. */
  static async start(): Promise<Cluster> {
    const directory = mkdtempSync(join(tmpdir(), 'gaia-acceptance-'));
    const given = process.env.MASTER_URL;
    if (given) return new Cluster(given, directory, async () => {});
    const mesos = await startLocalCluster({
      directory: join(directory, 'mesos'),
      agents: AGENTS,
      timings: { allocationIntervalMs: 200 },
      detached: false,
    });
    return new Cluster(mesos.masterUrl, directory, () => mesos.stop());
  }

  /** Starts the framework, or starts it again after `kill`, and waits until its master has it. */
  async framework(): Promise<Api> {
    const state = ['--store', join(this.directory, 'store'), '--data-directory', join(this.directory, 'replicas')];
    const who = ['--name', 'gaia-acceptance', '--role', ROLE, '--principal', PRINCIPAL];
    this.#framework = new FrameworkProcess(['--master', this.masterUrl, ...state, ...who]);
    const { url } = await this.#framework.ready();
    const api = new Api(url);
    await until('the framework is subscribed', READY_MAX_MS, async () => {
      const { body } = await api.request('GET', '/v2/info');
      return body.frameworkId !== null && body.master.connected;
    });
    return api;
  }

  /** As a machine that fails. */
  kill(): void {
    this.#framework?.process.kill('SIGKILL');
  }

  async inMesos(): Promise<InMesos> {
    const { frameworks } = await page<{ frameworks: FrameworkPage[] }>(this.masterUrl, '/state');
    const { slaves } = await page<{ slaves: AgentPage[] }>(this.masterUrl, '/slaves');
    const tasks = frameworks.filter(({ roles }) => roles?.includes(ROLE)).flatMap(({ tasks: all }) => all);
    return {
      living: tasks.filter(({ state }) => /STAGING|STARTING|RUNNING|KILLING/.test(state)).map(({ id }) => id),
      reserved: slaves.filter((agent) => ROLE in agent.reserved_resources).map(({ hostname }) => hostname),
    };
  }

  /** Takes the framework out of Mesos, with all that may be left of it. */
  async stop(frameworkId: string | null): Promise<void> {
    this.#framework?.process.kill('SIGKILL');
    if (frameworkId !== null) {
      const info = frameworkInfo({ id: { value: frameworkId }, roles: [ROLE], principal: PRINCIPAL });
      await (await RawScheduler.subscribe(this.masterUrl, info)).teardown();
    }
    await this.stopMesos();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
