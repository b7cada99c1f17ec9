import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { leaderOf, portOf, redisSpec, System, until } from '../e2e/system.js';
import { encode, RespConnection } from '../resp.js';
import type { BenchOptions } from './main.js';
import { type Figures, measure, median, round } from './measure.js';
import { freePorts, memoryDirectory, Processes } from './peer.js';
import { processorUs } from './processor.js';

const clients = 50;
const rounds = 5;
const requestsPerTest = { 1: 150_000, 16: 1_000_000 } as const;
type Pipeline = keyof typeof requestsPerTest;
const pipelines: Pipeline[] = [1, 16];

interface Server {
  port: number;
  /** Of the process whose processor time is measured. */
  pid: number;
}

interface Sample {
  requestsPerSecond: number;
  p50Us: number;
  p99Us: number;
  cpuUsPerRequest: number;
}

/**
 * redis-benchmark SET and GET on an unreplicated Redis, a Redis with two asynchronous replicas and GAIA with three
 * replicas, in interleaved rounds (medians reported); then `SET` + `WAIT 1` beside GAIA's `SET`, both by one and the
 * same Node client, because redis-benchmark cannot send the pair.
 */
export async function run(options: BenchOptions): Promise<object> {
  const peers = await startPeers();
  const system = await System.start();
  try {
    await system.deploy(redisSpec('/bench/redis', { instances: options.replicas }));
    const leader = leaderOf(await system.whole('/bench/redis', options.replicas));
    if (!leader?.pid) throw new Error('the replicated Redis has no leader');
    const servers = {
      unreplicated: peers.plain,
      redisReplicas: peers.primary,
      gaia: { port: portOf(leader), pid: leader.pid },
    };
    const perPipeline = await interleaved(servers);
    const { wait1, gaiaSet } = await besideWait(peers.primary.port, servers.gaia.port, options.seconds);
    const throughputVsRedisWait1 = round(gaiaSet.opsPerSecond / wait1.opsPerSecond);
    const view = (pipeline: Pipeline) => compare(perPipeline[pipeline]);
    return {
      clients,
      rounds,
      ...view(1),
      throughputVsRedisWait1,
      pipeline16: view(16),
      nodeClient: { gaiaSet, redisSetWait1: wait1 },
    };
  } finally {
    await system.stop();
    await peers.stop();
  }
}

type Medians = Record<
  'unreplicated' | 'redisReplicas' | 'gaia',
  { set: Sample; get: Sample; both: number; bothRequestsPerSecond: number; bothP50Us: number }
>;

function compare(figures: Medians) {
  const { unreplicated, gaia } = figures;
  return {
    leaderCpuOverheadPercent: round((gaia.both / unreplicated.both - 1) * 100),
    throughputVsUnreplicated: round(gaia.bothRequestsPerSecond / unreplicated.bothRequestsPerSecond),
    p50OverheadUs: round(gaia.bothP50Us - unreplicated.bothP50Us),
    figures,
  };
}

async function interleaved(servers: Record<keyof Medians, Server>): Promise<Record<Pipeline, Medians>> {
  const samples: Record<string, Sample[]> = {};
  for (let i = 0; i < rounds; i++) {
    for (const pipeline of pipelines) {
      for (const [name, server] of Object.entries(servers)) {
        for (const test of ['set', 'get'] as const) {
          const key = `${pipeline} ${name} ${test}`;
          samples[key] = [...(samples[key] ?? []), await benchmark(server, test, pipeline)];
        }
      }
    }
  }
  const one = (key: string) => medianOf(samples[key] ?? []);
  const of = (pipeline: Pipeline, name: keyof Medians) =>
    summary(one(`${pipeline} ${name} set`), one(`${pipeline} ${name} get`));
  const all = (pipeline: Pipeline): Medians => ({
    unreplicated: of(pipeline, 'unreplicated'),
    redisReplicas: of(pipeline, 'redisReplicas'),
    gaia: of(pipeline, 'gaia'),
  });
  return { 1: all(1), 16: all(16) };
}

/** `both` is processor time per request over an equal number of SETs and GETs. */
function summary(set: Sample, get: Sample) {
  return {
    set,
    get,
    both: round((set.cpuUsPerRequest + get.cpuUsPerRequest) / 2),
    bothRequestsPerSecond: Math.round(2 / (1 / set.requestsPerSecond + 1 / get.requestsPerSecond)),
    bothP50Us: round((set.p50Us + get.p50Us) / 2),
  };
}

function medianOf(samples: Sample[]): Sample {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick));
  return {
    requestsPerSecond: Math.round(of((sample) => sample.requestsPerSecond)),
    p50Us: round(of((sample) => sample.p50Us)),
    p99Us: round(of((sample) => sample.p99Us)),
    cpuUsPerRequest: Number(of((sample) => sample.cpuUsPerRequest).toFixed(3)),
  };
}

async function benchmark(server: Server, test: 'set' | 'get', pipeline: Pipeline): Promise<Sample> {
  const count = requestsPerTest[pipeline];
  const args = ['-p', server.port, '-t', test, '-c', clients, '-P', pipeline, '-n', count, '--csv'];
  const before = processorUs(server.pid);
  const { stdout } = await promisify(execFile)('redis-benchmark', args.map(String), { timeout: 120_000 });
  const cpuUs = processorUs(server.pid) - before;
  const row =
    stdout
      .trim()
      .split('\n')
      .at(-1)
      ?.split(',')
      .map((cell) => Number(cell.replaceAll('"', ''))) ?? [];
  return {
    requestsPerSecond: row[1] as number,
    p50Us: (row[4] as number) * 1000,
    p99Us: (row[6] as number) * 1000,
    cpuUsPerRequest: cpuUs / count,
  };
}

/** An unreplicated server, and a primary with two replicas; no persistence, as in the replicated app. */
async function startPeers() {
  const processes = new Processes(memoryDirectory('redis'));
  const [plain, primary, ...replicas] = (await freePorts(4)) as [number, number, number, number];
  const start = (port: number, ...extra: string[]) =>
    processes.start(`redis-${port}`, 'redis-server', [
      '--bind',
      '127.0.0.1',
      '--port',
      String(port),
      '--save',
      '',
      ...extra,
    ]);
  try {
    const pids = [start(plain), start(primary)];
    for (const port of replicas) start(port, '--replicaof', `127.0.0.1 ${primary}`);
    await until('the replicas of Redis are online', 20_000, () => replicasOnline(primary, replicas.length));
    return {
      plain: { port: plain, pid: pids[0] as number },
      primary: { port: primary, pid: pids[1] as number },
      stop: () => processes.stop(),
    };
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

async function replicasOnline(port: number, count: number): Promise<true> {
  const connection = await RespConnection.open(port);
  const info = String(await connection.call('INFO', 'replication'));
  connection.close();
  if ((info.match(/state=online/g) ?? []).length !== count)
    throw new Error(`the replicas of Redis are not online: ${info}`);
  return true;
}

/** `SET` + `WAIT 1` on Redis with two replicas and `SET` on GAIA in turn; of each, the round with the median throughput. */
async function besideWait(redisPort: number, gaiaPort: number, seconds: number) {
  const set = encode('SET', 'key', 'value-64');
  const pair = Buffer.concat([set, encode('WAIT', '1', '0')]);
  const wait: Figures[] = [];
  const gaia: Figures[] = [];
  for (let i = 0; i < rounds; i++) {
    wait.push(await load(redisPort, seconds / 2, pair, 2));
    gaia.push(await load(gaiaPort, seconds / 2, set, 1));
  }
  const middle = (figures: Figures[]) =>
    figures.sort((a, b) => a.opsPerSecond - b.opsPerSecond)[rounds >> 1] as Figures;
  return { wait1: middle(wait), gaiaSet: middle(gaia) };
}

async function load(port: number, seconds: number, request: Buffer, replies: number): Promise<Figures> {
  const connections = await Promise.all(Array.from({ length: clients }, () => RespConnection.open(port)));
  const figures = await measure(clients, seconds, async (client) => {
    await (connections[client] as RespConnection).send(request, replies);
  });
  for (const connection of connections) connection.close();
  return figures;
}
