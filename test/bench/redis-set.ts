/** SET of 64 bytes on a redis-server, replicated as a user would deploy it and without GAIA, by the same client. */
import { leaderOf, portOf, redisSpec, System, until } from '../e2e/system.js';
import { RespConnection } from '../resp.js';
import { loadBoth } from './load.js';
import type { BenchOptions } from './main.js';
import type { With64Clients } from './measure.js';
import { freePorts, memoryDirectory, Processes } from './peer.js';

const valueBytes = 64;

type Sets = With64Clients;

/** At the leader's address, over each transport. */
export async function replicatedRedis({ replicas, seconds }: BenchOptions): Promise<{ shm: Sets; tcp: Sets }> {
  const system = await System.start({ agents: Math.max(5, replicas) });
  try {
    const one = async (transport: 'shm' | 'tcp'): Promise<Sets> => {
      const id = `/bench/${transport}`;
      await system.deploy(redisSpec(id, { instances: replicas, replication: { protocol: 'apus', transport } }));
      const leader = leaderOf(await system.whole(id, replicas));
      if (!leader) throw new Error(`${id} has no leader`);
      const figures = await bothSets(portOf(leader), seconds);
      await system.request('DELETE', `/v2/apps${id}`);
      return figures;
    };
    return { shm: await one('shm'), tcp: await one('tcp') };
  } finally {
    await system.stop();
  }
}

export async function plainRedis(seconds: number): Promise<Sets> {
  const processes = new Processes(memoryDirectory('redis'));
  try {
    const [port] = (await freePorts(1)) as [number];
    processes.start('redis', 'redis-server', ['--bind', '127.0.0.1', '--port', String(port), '--save', '']);
    const connection = await until('redis-server listens', 20_000, () => RespConnection.open(port));
    connection.close();
    return await bothSets(port, seconds);
  } finally {
    await processes.stop();
  }
}

const bothSets = (port: number, seconds: number): Promise<Sets> =>
  loadBoth({ service: 'redis', operation: 'write', port, bytes: valueBytes, seconds });
