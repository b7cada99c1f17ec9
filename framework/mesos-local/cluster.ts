import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Credentials } from '../mesos-http-client/index.js';
import type { Range } from '../mesos-http-client/types.js';
import { killContainerProcesses } from './agent/process-tree.js';
import { sandboxesDirectory } from './agent/sandbox.js';
import { agentSecrets, masterSecrets, writeSecrets } from './cluster-secrets.js';
import { type Daemon, killDaemon, logPathOf, signalDaemon, startDaemon } from './daemon.js';
import { readJsonFile, writeFileAtomically } from './durable-file.js';
import { claimPortRanges, releasePortRanges } from './port-ranges.js';
import { AGENT_TIMINGS, flagOf, MASTER_TIMINGS } from './timings.js';

/** A master and agents on one machine, as processes of their own, described by `cluster.json` in the directory. */

export type ClusterTimings = Partial<Record<keyof typeof MASTER_TIMINGS | keyof typeof AGENT_TIMINGS, number>>;

export interface ClusterAgentOptions {
  /** Shown in offers. It need not resolve: everything listens on 127.0.0.1. */
  hostname: string;
  /** Mesos' text form: `rack:r1` */
  attributes?: string;
  zone?: string;
  region?: string;
  /** Mesos' text form: `cpus:2;mem:1024`. Without ports the agent gets a free range of 100. */
  resources: string;
  /** In the same form, beside `resources`: may be taken away again. */
  revocableResources?: string;
}

/** A machine, or a network namespace that passes for one. */
export interface ClusterPlace {
  /** Of it; what runs there listens on it. */
  ip: string;
  /** What starts a program there, such as `ip netns exec NAME`; it must become that program. */
  enter: readonly string[];
}

export interface LocalClusterOptions {
  directory: string;
  agents: ClusterAgentOptions[];
  /** Default: any free port. */
  masterPort?: number;
  /** So many masters, of which ZooKeeper at `zk://...` says who leads; default one, without it. */
  masters?: { count: number; zk: string };
  timings?: ClusterTimings;
  /** Default true: the processes outlive the caller and `stopLocalCluster` ends them. False: they end with the caller. */
  detached?: boolean;
  /** Where the masters and the agents run, in their order; default: all here, on 127.0.0.1. */
  places?: { masters: readonly ClusterPlace[]; agents: readonly ClusterPlace[] };
  /** Of the order in which agents are offered. */
  seed?: number;
  /** Given: everybody must name a principal, agents and executors too; these frameworks and operators are known. */
  principals?: readonly Credentials[];
  /** Given: all speak HTTPS, and ask for each other's certificates. PEM files. */
  tls?: { certificate: string; key: string; authority: string };
}

export interface LocalAgent {
  hostname: string;
  url: string;
  pid: number;
  workDirectory: string;
  ports: Range | null;
}

export interface LocalCluster {
  readonly directory: string;
  readonly masterUrl: string;
  /** host:port */
  readonly masterAddress: string;
  readonly masterPid: number;
  /** Of all masters, in the order of their start. */
  readonly masters: readonly { url: string; pid: number }[];
  readonly agents: readonly LocalAgent[];
  /** SIGKILL; its executors live on. */
  killAgent(index: number): Promise<void>;
  /** The same agent again, after `killAgent`: it finds its executors. */
  restartAgent(index: number): Promise<void>;
  /** SIGSTOP: a partition. */
  pauseAgent(index: number): void;
  resumeAgent(index: number): void;
  /** @param index of the master, 0 if left out */
  killMaster(index?: number): Promise<void>;
  /** On the same port. */
  restartMaster(index?: number): Promise<void>;
  /** SIGSTOP. */
  pauseMaster(index: number): void;
  resumeMaster(index: number): void;
  /** Ends all processes, the executors' too. */
  stop(): Promise<void>;
}

interface ProcessRecord extends Daemon {
  /** To start it again. */
  args: string[];
  enter: readonly string[];
  name: string;
}

interface AgentRecord extends ProcessRecord {
  hostname: string;
  workDirectory: string;
  ports: Range | null;
}

/** The content of `cluster.json`. */
interface ClusterRecord {
  directory: string;
  detached: boolean;
  masters: ProcessRecord[];
  agents: AgentRecord[];
  /** Claimed for the agents. */
  ports: Range[];
}

const READY_TIMEOUT_MS = 20_000;
/** A busy machine: executors that are a little late to find their agent again are not to be killed. */
const EXECUTOR_REREGISTRATION_TIMEOUT_MS = 10_000;

const recordPath = (directory: string): string => join(directory, 'cluster.json');

function save(record: ClusterRecord): void {
  writeFileAtomically(recordPath(record.directory), `${JSON.stringify(record, null, 2)}\n`);
}

type ProcessOrder = Pick<ProcessRecord, 'name' | 'args' | 'enter'>;

const here: ClusterPlace = { ip: '127.0.0.1', enter: [] };

async function start(record: ClusterRecord, { name, args, enter }: ProcessOrder): Promise<ProcessRecord> {
  const { detached, directory } = record;
  const logPath = logPathOf(directory, name);
  const daemon = await startDaemon({ args, enter, logPath, detached, readyTimeoutMs: READY_TIMEOUT_MS });
  return { ...daemon, args, enter, name };
}

function timingFlags(timings: ClusterTimings, known: object): string[] {
  return Object.entries(timings).flatMap(([name, value]) => (name in known ? [flagOf(name), `${value}`] : []));
}

function tlsFlags({ tls }: LocalClusterOptions): string[] {
  if (tls === undefined) return [];
  const files = ['--tls-certificate', tls.certificate, '--tls-key', tls.key, '--tls-ca', tls.authority];
  return [...files, '--tls-require-certificates'];
}

function masterArgs(options: LocalClusterOptions, name: string, ip: string, port: number): string[] {
  const { directory, timings = {}, seed = 1, masters } = options;
  const zk = masters ? ['--zk', masters.zk] : [];
  const where = ['--work-dir', join(directory, name), '--ip', ip, '--port', `${port}`];
  const flags = [...where, ...zk, '--seed', `${seed}`];
  return ['master', ...flags, ...tlsFlags(options), ...masterSecrets(options), ...timingFlags(timings, MASTER_TIMINGS)];
}

function agentArgs(
  options: LocalClusterOptions,
  agent: ClusterAgentOptions,
  record: AgentPlan,
  masterUrl: string,
): string[] {
  const timings = { executorReregistrationTimeoutMs: EXECUTOR_REREGISTRATION_TIMEOUT_MS, ...options.timings };
  const ports = record.ports ? `;ports:[${record.ports.begin}-${record.ports.end}]` : '';
  return [
    ...['agent', '--master', masterUrl, '--work-dir', record.workDirectory, '--hostname', agent.hostname],
    ...['--ip', record.ip],
    ...['--resources', `${agent.resources}${ports}`],
    ...(agent.revocableResources ? ['--revocable-resources', agent.revocableResources] : []),
    ...(agent.attributes ? ['--attributes', agent.attributes] : []),
    ...(agent.zone ? ['--zone', agent.zone] : []),
    ...(agent.region ? ['--region', agent.region] : []),
    ...tlsFlags(options),
    ...agentSecrets(options),
    ...timingFlags(timings, AGENT_TIMINGS),
  ];
}

interface AgentPlan {
  ip: string;
  workDirectory: string;
  ports: Range | null;
}

/**
 * Starts a cluster and waits until its processes listen; agents register within moments.
 * @throws Error if a cluster runs in the directory already, or a process does not start; then nothing is left running
 */
export async function startLocalCluster(given: LocalClusterOptions): Promise<LocalCluster> {
  const options = { ...given, directory: resolve(given.directory) };
  const { directory } = options;
  if (existsSync(recordPath(directory))) {
    throw new Error(`${recordPath(directory)} exists: a cluster runs there already; stop it first (stopLocalCluster)`);
  }
  mkdirSync(directory, { recursive: true });
  writeSecrets(options);
  const record: ClusterRecord = { directory, detached: options.detached ?? true, masters: [], agents: [], ports: [] };
  save(record);
  try {
    await startAll(options, record);
  } catch (error) {
    await stopRecorded(record);
    throw error;
  }
  return new RecordedCluster(record);
}

async function startAll(options: LocalClusterOptions, record: ClusterRecord): Promise<void> {
  const wanting = options.agents.filter((agent) => !/(^|;)\s*ports:/.test(agent.resources));
  const ranges = await claimPortRanges(wanting.length, options.directory);
  record.ports = ranges;
  save(record);
  await startMasters(options, record);
  const url = options.masters?.zk ?? (record.masters[0] as ProcessRecord).url;
  const starts = options.agents.map(async (agent, index): Promise<AgentRecord> => {
    const ports = wanting.includes(agent) ? (ranges[wanting.indexOf(agent)] ?? null) : null;
    const workDirectory = join(options.directory, `agent-${index}`);
    const { ip, enter } = options.places?.agents[index] ?? here;
    const args = agentArgs(options, agent, { ip, workDirectory, ports }, url);
    const process = await start(record, { name: `agent-${index}`, args, enter });
    return { ...process, workDirectory, ports, hostname: agent.hostname };
  });
  const results = await Promise.allSettled(starts);
  record.agents = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  save(record);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function startMasters(options: LocalClusterOptions, record: ClusterRecord): Promise<void> {
  for (let index = 0; index < (options.masters?.count ?? 1); index += 1) {
    const name = index === 0 ? 'master' : `master-${index}`;
    const { ip, enter } = options.places?.masters[index] ?? here;
    const port = index === 0 ? (options.masterPort ?? 0) : 0;
    const master = await start(record, { name, args: masterArgs(options, name, ip, port), enter });
    master.args = masterArgs(options, name, ip, Number(new URL(master.url).port));
    record.masters.push(master);
    save(record);
  }
}

/**
 * Ends the cluster that runs in `directory`, whoever started it, with all executors.
 * @returns false if there is none
 */
export async function stopLocalCluster(directory: string): Promise<boolean> {
  const record = readJsonFile(recordPath(resolve(directory))) as ClusterRecord | null;
  if (!record) return false;
  await stopRecorded(record);
  return true;
}

/** Agents first, so that nothing is restarted or reported; then what they ran; then the masters. */
async function stopRecorded(record: ClusterRecord): Promise<void> {
  await Promise.all(record.agents.map((agent) => killDaemon(agent.process)));
  await Promise.all(record.agents.map(endContainers));
  await Promise.all(record.masters.map((master) => killDaemon(master.process)));
  releasePortRanges(record.ports, record.directory);
  rmSync(recordPath(record.directory), { force: true });
}

async function endContainers(agent: AgentRecord): Promise<void> {
  const survivors = await killContainerProcesses(sandboxesDirectory(agent.workDirectory), null);
  if (survivors.length > 0) throw new Error(`processes ${survivors.join(', ')} of ${agent.hostname} do not end`);
}

/** The cluster that runs in `directory`, for a caller that did not start it. Null if there is none. */
export function openLocalCluster(directory: string): LocalCluster | null {
  const record = readJsonFile(recordPath(resolve(directory))) as ClusterRecord | null;
  return record && new RecordedCluster(record);
}

class RecordedCluster implements LocalCluster {
  readonly #record: ClusterRecord;

  constructor(record: ClusterRecord) {
    this.#record = record;
  }

  get directory(): string {
    return this.#record.directory;
  }

  get masterUrl(): string {
    return this.#master(0).url;
  }

  get masterAddress(): string {
    return new URL(this.masterUrl).host;
  }

  get masterPid(): number {
    return this.#master(0).process.pid;
  }

  get masters(): readonly { url: string; pid: number }[] {
    return this.#record.masters.map(({ url, process }) => ({ url, pid: process.pid }));
  }

  get agents(): readonly LocalAgent[] {
    return this.#record.agents.map(({ hostname, url, process, workDirectory, ports }) => ({
      hostname,
      url,
      pid: process.pid,
      workDirectory,
      ports,
    }));
  }

  #master(index: number): ProcessRecord {
    const master = this.#record.masters[index];
    if (!master) throw new RangeError(`master ${index}: there are ${this.#record.masters.length}, counted from 0`);
    return master;
  }

  #agent(index: number): AgentRecord {
    const agent = this.#record.agents[index];
    if (!agent) throw new RangeError(`agent ${index}: there are ${this.#record.agents.length}, counted from 0`);
    return agent;
  }

  killAgent(index: number): Promise<void> {
    return killDaemon(this.#agent(index).process);
  }

  async restartAgent(index: number): Promise<void> {
    const agent = this.#agent(index);
    await killDaemon(agent.process);
    Object.assign(agent, await start(this.#record, agent));
    save(this.#record);
  }

  pauseAgent(index: number): void {
    signalDaemon(this.#agent(index).process, 'SIGSTOP');
  }

  resumeAgent(index: number): void {
    signalDaemon(this.#agent(index).process, 'SIGCONT');
  }

  killMaster(index = 0): Promise<void> {
    return killDaemon(this.#master(index).process);
  }

  async restartMaster(index = 0): Promise<void> {
    const master = this.#master(index);
    await killDaemon(master.process);
    Object.assign(master, await start(this.#record, master));
    save(this.#record);
  }

  pauseMaster(index: number): void {
    signalDaemon(this.#master(index).process, 'SIGSTOP');
  }

  resumeMaster(index: number): void {
    signalDaemon(this.#master(index).process, 'SIGCONT');
  }

  stop(): Promise<void> {
    return stopRecorded(this.#record);
  }
}
