import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { agentsOf } from '../../framework/cli/agents.js';
import { writeLocalCluster } from '../../framework/cli/local-cluster.js';
import { containerProcesses } from '../../framework/mesos-local/agent/process-tree.js';
import {
  type ClusterTimings,
  type LocalCluster,
  openLocalCluster,
  startLocalCluster,
} from '../../framework/mesos-local/cluster.js';
import { commandLineOf } from '../proc.js';

/** Virtual machines may be slow; who waits for less says so by `--timeout`. */
const CLI_MAX_MS = 900_000;
const cli = fileURLToPath(new URL('../../framework/cli/main.js', import.meta.url));

/** What starts a program, and with which further variables. */
export interface Launcher {
  argv: string[];
  env: Record<string, string>;
}

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** One row of `GET /v2/apps/{id}/replicas`; what is not known yet is null. */
export interface Replica {
  slot: number;
  member: number;
  address: string;
  state: string;
  role: string | null;
  term: number | null;
  pid: number | null;
  appliedIndex: number | null;
  lagEntries: number | null;
  transports?: { member: number; connected: boolean; transport: string }[];
  divergence: object | null;
  label: string | null;
  unexpected: Record<string, number> | null;
  journal: { from: number; to: number } | null;
  snapshotIndex: number | null;
  taskId: string;
  host: string;
  agentId: string;
}

export interface Group {
  group: {
    state: string;
    generation: number;
    leader: { slot: number; member: number; address: string; term: number } | null;
  };
  replicas: Replica[];
}

/** How the Redis of the tests is replicated. */
export const redisReplication = {
  protocol: 'apus',
  transport: 'auto',
  // Busy machines let members stand still; who dies is found without it.
  suspicionMs: 5_000,
  durability: 'memory',
  spread: ['zone', 'rack', 'host'],
};

/** The replicated Redis of the tests; its own persistence is off, so that only replication keeps the data. */
export function redisSpec(id: string, extra: object = {}): object {
  return {
    id,
    cmd: "exec redis-server --bind 127.0.0.1 --port $PORT0 --save ''",
    cpus: 0.1,
    mem: 64,
    instances: 3,
    backoffSeconds: 0,
    replication: redisReplication,
    ...extra,
  };
}

const POLL_MS = 25;

/** The time that something may take is over. */
export class NotInTime extends Error {}

/** Repeats `probe` until it gives something; its last error is the reason when the time is over. @throws NotInTime */
export async function until<T>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<T | null | undefined | false>,
  pollMs = POLL_MS,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown = 'the condition did not hold';
  while (Date.now() < deadline) {
    try {
      const found = await probe();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await sleep(pollMs);
  }
  throw new NotInTime(`${what}: not within ${timeoutMs} ms (${last instanceof Error ? last.message : String(last)})`);
}

/** A framework as its users reach it: by its REST API and by `gaia`. */
export class Api {
  constructor(
    readonly apiUrl: string,
    /** How often it is asked for what has not come yet. */
    readonly pollMs = POLL_MS,
  ) {}

  gaia(...args: string[]): Promise<Ran> {
    return runCli([...args, '--api', this.apiUrl]);
  }

  async request(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
    const init =
      body === undefined
        ? {}
        : {
            headers: { 'content-type': 'application/json' },
            body: typeof body === 'string' ? body : JSON.stringify(body),
          };
    const answer = await fetch(this.apiUrl + path, { method, ...init });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  }

  async group(appId: string): Promise<Group> {
    const answer = await this.request('GET', `/v2/apps${appId}/replicas`);
    if (answer.status !== 200) throw new Error(`replicas of ${appId}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as Group;
  }

  async deploy(spec: object): Promise<void> {
    const answer = await this.request('POST', '/v2/apps', spec);
    if (answer.status !== 201)
      throw new Error(`POST /v2/apps answered ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  /** The group once it is whole with `instances` running replicas and a leader. */
  whole(appId: string, instances = 3, timeoutMs = 60_000): Promise<Group> {
    return until(
      `${appId} is whole`,
      timeoutMs,
      async () => {
        const found = await this.group(appId);
        const running = found.replicas.filter((replica) => replica.state === 'TASK_RUNNING');
        const known = running.length === instances && running.every((replica) => replica.pid !== null);
        if (found.group.state === 'whole' && known && leaderOf(found)) return { ...found, replicas: running };
        throw new Error(
          `state ${found.group.state}, replicas ${found.replicas.map((one) => `${one.member}:${one.state}:${one.role}`).join(' ')}`,
        );
      },
      this.pollMs,
    );
  }

  /** The group once it is whole again without this member: that it is gone may not have been seen yet. */
  replaced(appId: string, member: number, instances = 3, timeoutMs = 60_000): Promise<Group> {
    return until(
      `member ${member} of ${appId} is replaced`,
      timeoutMs,
      async () => {
        const now = await this.whole(appId, instances, timeoutMs);
        return now.replicas.every((replica) => replica.member !== member) ? now : null;
      },
      this.pollMs,
    );
  }
}

/** A local cluster with the framework, started and stopped by `gaia up` and `gaia down` as a user would. */
export class System extends Api {
  private constructor(
    readonly directory: string,
    apiUrl: string,
  ) {
    super(apiUrl);
  }

  /** `timings`: of Mesos, where the defaults (an agent is given up after 75 s) are too long for a test. */
  static async start(
    options: { agents?: number; timings?: ClusterTimings; launcher?: Launcher } = {},
  ): Promise<System> {
    const directory = mkdtempSync(join(tmpdir(), 'gaia-e2e-'));
    const { agents = 5, timings, launcher } = options;
    try {
      if (timings) await startMesos(directory, agents, timings);
      const where = ['--directory', directory, '--port', '0', '--agents', `${agents}`];
      const ran = await runCli(['up', '--no-demo', '--json', ...where], launcher);
      if (ran.status !== 0) throw new Error(`gaia up ended with ${ran.status}: ${ran.stderr}${ran.stdout}`);
      const result = JSON.parse(ran.stdout.trim().split('\n').at(-1) as string) as { apiUrl: string };
      return new System(directory, result.apiUrl);
    } catch (error) {
      await runCli(['down', '--directory', directory]);
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Its master and agents, to be killed and started one by one. */
  get mesos(): LocalCluster {
    const cluster = openLocalCluster(mesosDirectory(this.directory));
    if (cluster === null) throw new Error(`no Mesos runs in ${this.directory}`);
    return cluster;
  }

  /** Process ids of all servers of the cluster, whoever knows of them. */
  servers(program = 'redis-server'): number[] {
    const sandboxed = containerProcesses(mesosDirectory(this.directory), null);
    const isServer = (pid: number) => commandLineOf(pid).split(' ')[0]?.split('/').at(-1) === program;
    return sandboxed.filter(isServer).sort((a, b) => a - b);
  }

  get frameworkPid(): number {
    return JSON.parse(readFileSync(join(this.directory, 'gaia-up.json'), 'utf8')).frameworkPid;
  }

  /** `gaia up` once more on the same directory: brings back a framework that has ended. */
  upAgain(): Promise<Ran> {
    return runCli(['up', '--no-demo', '--directory', this.directory]);
  }

  async stop(): Promise<void> {
    const ran = await runCli(['down', '--directory', this.directory]);
    if (ran.status !== 0) throw new Error(`gaia down ended with ${ran.status}: ${ran.stderr}`);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function leaderOf(group: Group): Replica | undefined {
  return group.replicas.find((replica) => replica.member === group.group.leader?.member && replica.role === 'leader');
}

export function leader(group: Group): Replica & { pid: number } {
  return withPid(leaderOf(group));
}

/** Any replica that does not lead, of those that are `meant`. */
export function follower(group: Group, meant: (replica: Replica) => boolean = () => true): Replica & { pid: number } {
  return withPid(group.replicas.find((one) => one.member !== group.group.leader?.member && meant(one)));
}

function withPid(replica: Replica | undefined): Replica & { pid: number } {
  if (!replica || replica.pid === null) throw new Error('there is no such replica, or its process is not known');
  return { ...replica, pid: replica.pid };
}

export const portOf = (replica: { address: string }): number => Number(replica.address.split(':').at(-1));

export const hostOf = (replica: { address: string }): string => replica.address.replace(/:\d+$/, '');

const mesosDirectory = (directory: string): string => join(directory, 'mesos');

/** As `gaia up` starts it, which then finds a cluster whose framework is missing. */
async function startMesos(directory: string, agents: number, timings: ClusterTimings): Promise<void> {
  const { masterUrl } = await startLocalCluster({
    directory: mesosDirectory(directory),
    agents: agentsOf(agents),
    timings,
  });
  writeLocalCluster({ directory, apiUrl: '', masterUrl, frameworkPid: 0 });
}

export function runCli(args: string[], launcher: Launcher = { argv: [], env: {} }): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const [program = process.execPath, ...before] =
      launcher.argv.length > 0 ? [...launcher.argv, process.execPath] : [];
    const env = { ...process.env, ...launcher.env };
    const child = spawn(program, [...before, cli, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: CLI_MAX_MS,
    });
    const ran: Ran = { status: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (ran.stdout += chunk));
    child.stderr.on('data', (chunk) => (ran.stderr += chunk));
    child.once('error', reject);
    child.once('close', (status) => resolve({ ...ran, status }));
  });
}
