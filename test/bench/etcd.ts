import { until } from '../e2e/system.js';
import { freePorts, memoryDirectory, type Peer, Processes } from './peer.js';

/**
 * etcd of the distribution, `replicas` nodes on loopback with their data below `directory`; the port is the leading
 * node's.
 */
export async function startEtcd(replicas: number, directory = memoryDirectory('etcd')): Promise<Peer> {
  const processes = new Processes(directory);
  const ports = await freePorts(replicas * 2);
  const url = (index: number) => `http://127.0.0.1:${ports[index]}`;
  const nodes = Array.from({ length: replicas }, (_, id) => ({
    name: `n${id}`,
    client: url(id * 2),
    peer: url(id * 2 + 1),
  }));
  const cluster = nodes.map((node) => `${node.name}=${node.peer}`).join(',');
  for (const node of nodes) processes.start(node.name, 'etcd', nodeArguments(node, cluster, processes.directory));
  try {
    const port = await until('etcd leads', 30_000, () => findLeader(nodes.map((node) => node.client)));
    return { service: 'etcd', port, stop: () => processes.stop() };
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

interface Node {
  name: string;
  client: string;
  peer: string;
}

function nodeArguments(node: Node, cluster: string, directory: string): string[] {
  return [
    ...['--name', node.name, '--data-dir', `${directory}/${node.name}`, '--initial-cluster', cluster],
    ...['--listen-client-urls', node.client, '--advertise-client-urls', node.client],
    ...['--listen-peer-urls', node.peer, '--initial-advertise-peer-urls', node.peer, '--initial-cluster-state', 'new'],
  ];
}

async function findLeader(clients: string[]): Promise<number> {
  for (const client of clients) {
    const answer = await fetch(`${client}/v3/maintenance/status`, { method: 'POST', body: '{}' });
    const status = (await answer.json()) as { leader?: string; header: { member_id: string } };
    if (status.leader !== undefined && status.leader === status.header.member_id) return Number(new URL(client).port);
  }
  throw new Error('etcd has no leader yet');
}
