/**
 * The programs of the catalogue with three replicas beside themselves without GAIA, loaded in turn by one and the same
 * client; medians of the rounds after the first ones, in which programs compile and memory is touched. All replicas, the
 * program beside them and the client share this machine; files of all, journals too, lie in memory, so that no disk is
 * measured. Where there are two processors or more, the leader and the program alone have one to themselves, as on a
 * machine of their own, and all else has the others. There the followers, which a client does not meet on its machine,
 * give way to it: what a request costs depends on how many come at once, so that both servers must be asked as much.
 * Nor do these processors ever sleep: followers keep them awake while the leader is asked, and to wake a client there
 * costs a server more than where nothing runs. Before the next round followers have executed everything.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { commandAlone, type ProgramEntry, programNames, readProgram, shellCommand } from '../../catalogue/entry.js';
import { eventually } from '../../consensus/group.js';
import { type Group, type Replica, startGroup } from '../../consensus/interpose/group.js';
import { processTree } from '../../growth/usage.js';
import type { BenchOptions } from '../main.js';
import { median, round, told } from '../measure.js';
import { freePorts, memoryDirectory, Processes } from '../peer.js';
import { giveWay, keepAwake, pin, processors, processorUs } from '../processor.js';
import { clients, type Load, loads, type Sample } from './loads.js';

const roundsMin = 5;
/** A program on Node compiles for some 200,000 requests. */
const roundsBefore = 6;
/** So short that followers that have no processor meanwhile do not stop their leader: what it sends them has room in their memory. */
const roundSeconds = 1;
/** A follower that has executed nothing while its leader was asked needs as long as that and shares the processor. */
const settledLimitMs = 120_000;

interface Server {
  port: number;
  pid: number;
}

interface Figures {
  requestsPerSecond: number;
  p50Us: number;
  p99Us: number;
  cpuUsPerRequest: number;
}

export interface ProgramFigures {
  version: string;
  equality: string;
  unreplicated: Figures;
  replicated: Figures;
  /** Of an unreplicated server's. */
  throughputRatio: number;
  /** Processor time of the leader's processes per request, consensus, interposer or gateway, and journal with it, above an unreplicated server's. */
  leaderCpuOverheadPercent: number;
}

export async function run({ replicas, seconds }: BenchOptions): Promise<object> {
  const programs: Record<string, ProgramFigures> = {};
  const rounds = Math.max(roundsMin, Math.round(seconds / roundSeconds));
  const [measured, ...others] = processors() as [number, ...number[]];
  if (others.length > 0) pin(process.pid, others);
  const conditions = { replicas, rounds, pinned: others.length === 0 ? null : measured };
  const awake = others.map(keepAwake);
  try {
    for (const name of programNames())
      programs[name] = told(name, await compare(readProgram(name), loads[name] as Load, conditions));
  } finally {
    for (const one of awake) one.kill('SIGKILL');
  }
  const exact = Object.values(programs).filter(({ equality }) => equality === 'exact');
  const sum = exact.reduce((total, { leaderCpuOverheadPercent }) => total + leaderCpuOverheadPercent, 0);
  return { clients, rounds, meanLeaderCpuOverheadPercent: round(sum / exact.length), programs };
}

interface Conditions {
  replicas: number;
  rounds: number;
  /** The processor of whichever is measured. */
  pinned: number | null;
}

async function compare(entry: ProgramEntry, load: Load, conditions: Conditions): Promise<ProgramFigures> {
  const { replicas } = conditions;
  const directory = memoryDirectory(entry.name);
  try {
    const program = (port: number) => shellCommand(entry, port);
    const gateway = entry.replication.via === 'gateway';
    const group = await startGroup({ replicas, program, gateway, trace: 0, directory });
    try {
      return await compareWith(group, entry, load, conditions);
    } finally {
      await group.stop();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function compareWith(group: Group, entry: ProgramEntry, load: Load, { rounds, pinned }: Conditions) {
  const leader = await group.leader();
  const alone = new Processes(directoryLike(leader.directory));
  try {
    const servers = {
      unreplicated: await startAlone(alone, entry),
      replicated: { port: leader.clientPort, pid: leader.pid },
    };
    if (pinned !== null) for (const pid of Object.values(servers).flatMap(processesOf)) pin(pid, [pinned]);
    for (const pid of followersOf(group, leader).flatMap(processesOf)) giveWay(pid);
    const figures = await interleaved(servers, rounds, async (server) => {
      const figures = await measureOne(server, load);
      if (server === servers.replicated) await group.quiesce(settledLimitMs);
      return figures;
    });
    if (leader !== (await group.leader())) throw new Error(`${entry.name}: another replica has come to lead`);
    return { version: versionOf(entry), equality: entry.labels.equality, ...figures };
  } finally {
    await alone.stop();
  }
}

/** A name as long at the same place: the kernel walks it for each file that a program opens. */
function directoryLike(replicas: string): string {
  const directory = `${replicas.slice(0, -1)}0`;
  mkdirSync(directory);
  return directory;
}

/** With a gateway the program is another process. */
const processesOf = ({ pid }: { pid: number }): number[] => [...processTree(pid).keys()];

const followersOf = (group: Group, leader: Replica) => group.living().filter((replica) => replica !== leader);

async function startAlone(alone: Processes, entry: ProgramEntry): Promise<Server> {
  const [port] = (await freePorts(1)) as [number];
  const [file, ...args] = commandAlone(entry, port);
  const pid = alone.start(entry.name, file, args);
  await eventually(`${entry.name} does not listen`, () => listens(port), 20_000);
  return { port, pid };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

type Both<T> = Record<'unreplicated' | 'replicated', T>;

async function interleaved(servers: Both<Server>, rounds: number, measure: (server: Server) => Promise<Figures>) {
  const samples: Both<Figures[]> = { unreplicated: [], replicated: [] };
  for (let i = -roundsBefore; i < rounds; i++)
    for (const name of ['unreplicated', 'replicated'] as const) {
      const figures = await measure(servers[name]);
      if (i >= 0) samples[name].push(figures);
    }
  const unreplicated = medians(samples.unreplicated);
  const replicated = medians(samples.replicated);
  return {
    unreplicated,
    replicated,
    throughputRatio: round(replicated.requestsPerSecond / unreplicated.requestsPerSecond),
    leaderCpuOverheadPercent: round((replicated.cpuUsPerRequest / unreplicated.cpuUsPerRequest - 1) * 100),
  };
}

async function measureOne(server: Server, load: Load): Promise<Figures> {
  const usedUs = () => processesOf(server).reduce((sum, pid) => sum + processorUs(pid), 0);
  const beforeUs = usedUs();
  const sample: Sample = await load(server.port, roundSeconds);
  return { ...sample, cpuUsPerRequest: (usedUs() - beforeUs) / sample.requests };
}

function medians(samples: Figures[]): Figures {
  const of = (pick: (figures: Figures) => number) => median(samples.map(pick));
  return {
    requestsPerSecond: Math.round(of((one) => one.requestsPerSecond)),
    p50Us: Math.round(of((one) => one.p50Us)),
    p99Us: Math.round(of((one) => one.p99Us)),
    cpuUsPerRequest: Number(of((one) => one.cpuUsPerRequest).toFixed(3)),
  };
}

/** Of Debian's first package, without what Debian adds. */
function versionOf({ labels }: ProgramEntry): string {
  const name = labels.package.split(' ')[0] as string;
  const asked = spawnSync('dpkg', ['-s', name], { encoding: 'utf8' });
  return /^Version: (?:\d+:)?([\d.]+)/m.exec(asked.stdout ?? '')?.[1] ?? 'unknown';
}
