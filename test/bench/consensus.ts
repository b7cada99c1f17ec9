import { mkdtempSync, rmSync } from 'node:fs';
import { startEtcd } from './etcd.js';
import { loadBoth } from './load.js';
import type { BenchOptions } from './main.js';
import { type Figures, round, type With64Clients } from './measure.js';
import { commits, leaderInstructions } from './native.js';
import type { Peer } from './peer.js';
import { plainRedis, replicatedRedis } from './redis-set.js';
import { startZooKeeper } from './zookeeper.js';

const entryBytes = 64;
const peerRestartsMax = 8;

/** As `Figures`; null: cannot be told from the client's own cost. */
interface Consensus {
  p50Us: number | null;
  p99Us: number | null;
  opsPerSecond: number;
}

type Both<F extends Consensus = Figures> = With64Clients<F>;

interface PeerFigures {
  consensus: Both<Consensus>;
  endToEnd: Both;
  localReadP50Us: { clients1: number; clients64: number };
  /** Attempts that came to nothing, since the peer did not answer. */
  restarts: number;
}

/**
 * Two views, never mixed. `consensus`: from proposal to commit as the leader sees it; for etcd and ZooKeeper, which do
 * not show that, a client's write less the median of a read that its server answers alone. `endToEnd`: what a client
 * on loopback sees; for GAIA, SET on a replicated redis-server. All clients are native, in one program (client/).
 * `endToEnd.unreplicatedRedis` is the same SET by the same client without GAIA: what no replication could go below.
 * `leaderInstructionsPerEntry` is counted by callgrind, so it does not depend on how busy the machine is.
 */
export async function run(options: BenchOptions): Promise<object> {
  const shm = proposals('shm', options);
  const tcp = proposals('tcp', options);
  const etcd = await peerFigures(() => startEtcd(options.replicas), options.seconds);
  const zookeeper = await peerFigures(() => startZooKeeper(options.replicas), options.seconds);
  const disk = await onDisk(options);
  const redis = await replicatedRedis(options);
  const unreplicatedRedis = await plainRedis(options.seconds);
  const consensus = {
    gaia: { shm, tcp, shmDisk: disk.shm, tcpDisk: disk.tcp },
    etcd: etcd.consensus,
    etcdDisk: disk.etcd.consensus,
    zookeeper: zookeeper.consensus,
  };
  const endToEnd = { gaia: redis, etcd: etcd.endToEnd, etcdDisk: disk.etcd.endToEnd, zookeeper: zookeeper.endToEnd };
  return {
    entryBytes,
    consensus,
    endToEnd: { ...endToEnd, unreplicatedRedis },
    leaderInstructionsPerEntry: {
      clients1: leaderInstructions(1, entryBytes),
      clients64: leaderInstructions(64, entryBytes),
    },
    localReadP50Us: { etcd: etcd.localReadP50Us, zookeeper: zookeeper.localReadP50Us },
    peerRestarts: { etcd: etcd.restarts, zookeeper: zookeeper.restarts },
    ratios: { consensus: ratios(consensus), endToEnd: ratios(endToEnd), consensusDisk: diskRatios(disk) },
  };
}

/** How many times slower the peers' median is than ours. */
function ratios(view: { gaia: { shm: Both; tcp: Both }; etcd: Both<Consensus>; zookeeper: Both<Consensus> }) {
  const of = (pick: (both: Both<Consensus>) => Consensus) => {
    const times = (peer: Both<Consensus>, ours: Both) => {
      const [slower, faster] = [pick(peer).p50Us, pick(ours).p50Us];
      return slower === null || faster === null ? null : round(slower / faster);
    };
    return {
      shmVsEtcdP50: times(view.etcd, view.gaia.shm),
      shmVsZookeeperP50: times(view.zookeeper, view.gaia.shm),
      tcpVsEtcdP50: times(view.etcd, view.gaia.tcp),
      tcpVsZookeeperP50: times(view.zookeeper, view.gaia.tcp),
    };
  };
  const better = Math.max(view.etcd.clients64.opsPerSecond, view.zookeeper.clients64.opsPerSecond);
  return {
    ...of((both) => both),
    clients64: {
      ...of((both) => both.clients64),
      shmThroughputVsBetterPeer: round(view.gaia.shm.clients64.opsPerSecond / better),
      tcpThroughputVsBetterPeer: round(view.gaia.tcp.clients64.opsPerSecond / better),
    },
  };
}

interface DiskFigures {
  shm: Both;
  tcp: Both;
  etcd: PeerFigures;
}

/** All that count an entry when a majority has synchronised it, on the disk this repository lies on, one after the other. */
async function onDisk(options: BenchOptions): Promise<DiskFigures> {
  const directory = mkdtempSync('build/bench-disk-');
  try {
    const shm = proposals('shm', options, directory);
    const tcp = proposals('tcp', options, directory);
    const etcd = await peerFigures(
      () => startEtcd(options.replicas, mkdtempSync(`${directory}/etcd-`)),
      options.seconds,
    );
    return { shm, tcp, etcd };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function diskRatios({ shm, tcp, etcd }: DiskFigures) {
  const many = etcd.consensus.clients64.opsPerSecond;
  const slower = (ours: Both) => (etcd.consensus.p50Us === null ? null : round(etcd.consensus.p50Us / ours.p50Us));
  return {
    shmVsEtcdP50: slower(shm),
    tcpVsEtcdP50: slower(tcp),
    shmThroughputVsEtcd: round(shm.clients64.opsPerSecond / many),
    tcpThroughputVsEtcd: round(tcp.clients64.opsPerSecond / many),
  };
}

/** `directory`: with durability `disk`, kept there. */
function proposals(transport: 'shm' | 'tcp', { replicas, seconds }: BenchOptions, directory?: string): Both {
  const disk = directory === undefined ? {} : { durability: 'disk' as const, directory };
  const one = (clients: number): Figures => {
    const { p50Us, p99Us, opsPerSecond } = commits({
      transport,
      replicas,
      clients,
      bytes: entryBytes,
      seconds,
      ...disk,
    });
    return { p50Us, p99Us, opsPerSecond };
  };
  return { ...one(1), clients64: one(64) };
}

/** Debian's ZooKeeper 3.8 sometimes leaves the write of a lone client unanswered for good: it is started afresh then. */
async function peerFigures(start: () => Promise<Peer>, seconds: number): Promise<PeerFigures> {
  for (let restarts = 0; ; restarts++) {
    try {
      return { ...(await measurePeer(start, seconds)), restarts };
    } catch (error) {
      if (restarts === peerRestartsMax) throw error;
      console.error(`a peer is started afresh: ${(error as Error).message}`);
    }
  }
}

async function measurePeer(start: () => Promise<Peer>, seconds: number): Promise<Omit<PeerFigures, 'restarts'>> {
  const { service, port, stop } = await start();
  try {
    const options = { service, port, bytes: entryBytes, seconds };
    const write = await loadBoth({ ...options, operation: 'write' });
    const read = await loadBoth({ ...options, operation: 'read' });
    return {
      consensus: { ...less(write, read), clients64: less(write.clients64, read.clients64) },
      endToEnd: write,
      localReadP50Us: { clients1: read.p50Us, clients64: read.clients64.p50Us },
    };
  } finally {
    await stop();
  }
}

/**
 * Write latency less the median local read. Null where a write is hardly slower than a read: then client and server
 * front end are the bottleneck, and the rest says nothing about consensus.
 */
function less(write: Figures, read: Figures): Consensus {
  const separable = write.p50Us > 1.2 * read.p50Us;
  const without = (us: number) => (separable ? round(us - read.p50Us) : null);
  return { p50Us: without(write.p50Us), p99Us: without(write.p99Us), opsPerSecond: write.opsPerSecond };
}
