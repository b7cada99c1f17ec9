import { ZooKeeperServers } from '../zookeeper.js';
import type { Peer } from './peer.js';

/** ZooKeeper of the distribution, `replicas` servers on loopback; the port is the leading server's. */
export async function startZooKeeper(replicas: number): Promise<Peer> {
  const servers = await ZooKeeperServers.start({ servers: replicas, flags: ['-Xmx512m'] });
  return { service: 'zookeeper', port: await servers.leaderPort(), stop: () => servers.stop() };
}
