import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { until } from '../e2e/system.js';
import { freePorts, memoryDirectory, type Peer, Processes } from './peer.js';

/** The jar's manifest names the rest; the first entry holds its logging configuration. */
const classPath = '/etc/zookeeper/conf:/usr/share/java/zookeeper.jar';

/** ZooKeeper of the distribution, `replicas` servers on loopback; the port is the leading server's. */
export async function startZooKeeper(replicas: number): Promise<Peer> {
  const processes = new Processes(memoryDirectory('zookeeper'));
  const ports = await freePorts(replicas * 3);
  const servers = Array.from(
    { length: replicas },
    (_, id) => `server.${id + 1}=127.0.0.1:${ports[id * 3 + 1]}:${ports[id * 3 + 2]}`,
  );
  const clientPorts = Array.from({ length: replicas }, (_, id) => ports[id * 3] as number);
  for (const [id, port] of clientPorts.entries()) startServer(processes, id + 1, port, servers);
  try {
    const port = await until('all ZooKeeper servers serve', 60_000, () => findLeader(clientPorts));
    return { service: 'zookeeper', port, stop: () => processes.stop() };
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

function startServer(processes: Processes, id: number, clientPort: number, servers: string[]): void {
  const data = join(processes.directory, `data${id}`);
  mkdirSync(data);
  writeFileSync(join(data, 'myid'), `${id}\n`);
  const settings = [
    ...['tickTime=2000', 'initLimit=10', 'syncLimit=5', `dataDir=${data}`, `clientPort=${clientPort}`],
    ...[
      'clientPortAddress=127.0.0.1',
      'maxClientCnxns=0',
      'admin.enableServer=false',
      '4lw.commands.whitelist=stat,srvr',
    ],
    ...servers,
  ];
  const file = join(processes.directory, `zoo${id}.cfg`);
  writeFileSync(file, `${settings.join('\n')}\n`);
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  processes.start(`server${id}`, 'java', [
    '-Xmx512m',
    '-Dzookeeper.root.logger=WARN,CONSOLE',
    '-cp',
    classPath,
    main,
    file,
  ]);
}

/** Once all servers take part. */
async function findLeader(ports: number[]): Promise<number> {
  const modes = await Promise.all(
    ports.map(async (port) => /Mode: (\w+)/.exec(await fourLetterWord(port, 'srvr'))?.[1]),
  );
  const leader = ports[modes.indexOf('leader')];
  if (leader === undefined || modes.filter((mode) => mode === 'follower').length < ports.length - 1)
    throw new Error(`the ZooKeeper servers are ${modes.map((mode) => mode ?? 'not serving').join(', ')}`);
  return leader;
}

/** ZooKeeper's administrative commands: four letters in, text out, connection closed. */
function fourLetterWord(port: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = createConnection(port, '127.0.0.1', () => socket.write(word));
    socket
      .on('data', (chunk) => (text += chunk))
      .on('end', () => resolve(text))
      .on('error', reject);
  });
}
