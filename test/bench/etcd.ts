import { Agent, request } from 'undici';
import { until } from '../e2e/system.js';
import { freePorts, memoryDirectory, type Peer, Processes } from './peer.js';

/**
 * etcd of the distribution, `replicas` nodes on loopback with their data below `directory`; clients speak its v3 HTTP
 * gateway to the leading node.
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
  const dispatcher = new Agent({ connections: 128, pipelining: 1 });
  try {
    const leader = await until('etcd leads', 30_000, () =>
      findLeader(
        nodes.map((node) => node.client),
        dispatcher,
      ),
    );
    return peerOf(leader, dispatcher, processes);
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

async function post(base: string, path: string, body: object, dispatcher: Agent): Promise<unknown> {
  const answer = await request(base + path, { method: 'POST', body: JSON.stringify(body), dispatcher });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`etcd ${path} answered ${answer.statusCode}: ${text}`);
  return JSON.parse(text);
}

async function findLeader(clients: string[], dispatcher: Agent): Promise<string> {
  for (const client of clients) {
    const status = (await post(client, '/v3/maintenance/status', {}, dispatcher)) as {
      leader?: string;
      header: { member_id: string };
    };
    if (status.leader !== undefined && status.leader === status.header.member_id) return client;
  }
  throw new Error('etcd has no leader yet');
}

function peerOf(leader: string, dispatcher: Agent, processes: Processes): Peer {
  const key = (client: number) => Buffer.from(`client-${client}`).toString('base64');
  return {
    write: async (client, value) => {
      await post(leader, '/v3/kv/put', { key: key(client), value: value.toString('base64') }, dispatcher);
    },
    localRead: async (client) => {
      await post(leader, '/v3/kv/range', { key: key(client), serializable: true }, dispatcher);
    },
    stop: async () => {
      await dispatcher.close();
      await processes.stop();
    },
  };
}
