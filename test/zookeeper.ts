/** Debian's ZooKeeper on loopback, in processes of this one. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePorts, memoryDirectory, Processes } from './bench/peer.js';
import { until } from './e2e/system.js';

/** The jar's manifest names the rest; the first entry holds its logging configuration. */
const plainClassPath = '/etc/zookeeper/conf:/usr/share/java/zookeeper.jar';
/** Its manifest names less of Netty, which serves TLS, than it needs. */
const secureClassPath = `${plainClassPath}:/usr/share/java/netty-codec.jar:/usr/share/java/netty-resolver.jar`;
const loopback = '127.0.0.1';
const mainClass = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';

export interface ZooKeeperOptions {
  /** 1: a server by itself, which starts in a second. */
  servers?: number;
  /** Sessions may be as short as two of them. */
  tickMs?: number;
  /** Serves TLS, too, at the ports `securePorts`, for clients with a certificate of the authority. PEM files. */
  tls?: { certificate: string; key: string; authority: string };
  /** The machine it runs on, if not this one's loopback: its address, and what starts a program there. */
  place?: { ip: string; enter: readonly string[] };
  /** Of Java; by default those with which it starts quickly. */
  flags?: string[];
}

/** Servers that can be killed, paused and started again by their place in `ports`. */
export class ZooKeeperServers {
  readonly #processes = new Processes(memoryDirectory('zookeeper'));
  readonly #flags: string[];
  readonly #classPath: string;
  readonly #pids: number[] = [];
  readonly #place: { ip: string; enter: readonly string[] };

  private constructor(
    readonly ports: readonly number[],
    readonly securePorts: readonly number[],
    classPath: string,
    { flags = ['-Xmx128m', '-XX:TieredStopAtLevel=1'], place = { ip: loopback, enter: [] } }: ZooKeeperOptions,
  ) {
    this.#classPath = classPath;
    this.#flags = flags;
    this.#place = place;
  }

  static async start(options: ZooKeeperOptions = {}): Promise<ZooKeeperServers> {
    const { servers = 1, tickMs = 2000, tls } = options;
    const free = await freePorts(servers * 4);
    const ensemble = new ZooKeeperServers(
      free.slice(0, servers),
      free.slice(servers * 3),
      tls ? secureClassPath : plainClassPath,
      options,
    );
    const peers = ensemble.ports.map(
      (_, at) => `server.${at + 1}=${ensemble.#place.ip}:${free[servers + at * 2]}:${free[servers + at * 2 + 1]}`,
    );
    for (const [at, port] of ensemble.ports.entries()) {
      const secure = tls === undefined ? [] : ensemble.#secure(at, tls);
      ensemble.#configure(at, port, tickMs, [...(servers === 1 ? [] : peers), ...secure]);
      ensemble.run(at);
    }
    try {
      await until('all ZooKeeper servers serve', 60_000, () => ensemble.leaderPort());
      return ensemble;
    } catch (error) {
      await ensemble.stop();
      throw error;
    }
  }

  /** As `--store` and `--master` take it. */
  url(path: string): string {
    return `zk://${this.ports.map((port) => `${this.#place.ip}:${port}`).join(',')}${path}`;
  }

  run(at: number): void {
    const args = ['-Dzookeeper.root.logger=WARN,CONSOLE', '-cp', this.#classPath, mainClass, this.#file(at)];
    const [program = 'java', ...words] = [...this.#place.enter, 'java', ...this.#flags, ...args];
    this.#pids[at] = this.#processes.start(`server${at}`, program, words);
  }

  pidOf(at: number): number {
    return this.#pids[at] as number;
  }

  signal(at: number, signal: NodeJS.Signals): void {
    process.kill(this.pidOf(at), signal);
  }

  /** Of the server that leads, or is alone; throws until all take part. */
  async leaderPort(): Promise<number> {
    const modes = await Promise.all(
      this.ports.map(async (port) => /Mode: (\w+)/.exec(await fourLetterWord(this.#place.ip, port, 'srvr'))?.[1]),
    );
    const leader = this.ports[modes.findIndex((mode) => mode === 'leader' || mode === 'standalone')];
    if (leader === undefined || modes.filter((mode) => mode === 'follower').length < modes.length - 1)
      throw new Error(`the ZooKeeper servers are ${modes.map((mode) => mode ?? 'not serving').join(', ')}`);
    return leader;
  }

  stop(): Promise<void> {
    return this.#processes.stop();
  }

  #file(at: number): string {
    return join(this.#processes.directory, `zoo${at}.cfg`);
  }

  #secure(at: number, { certificate, key, authority }: NonNullable<ZooKeeperOptions['tls']>): string[] {
    const pair = join(this.#processes.directory, `server${at}.pem`);
    writeFileSync(pair, `${readFileSync(key)}${readFileSync(certificate)}`);
    return [
      'serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory',
      ...[`secureClientPort=${this.securePorts[at]}`, `secureClientPortAddress=${this.#place.ip}`],
      ...[`ssl.keyStore.location=${pair}`, 'ssl.keyStore.type=PEM'],
      ...[`ssl.trustStore.location=${authority}`, 'ssl.trustStore.type=PEM'],
    ];
  }

  #configure(at: number, port: number, tickMs: number, more: string[]): void {
    const data = join(this.#processes.directory, `data${at}`);
    mkdirSync(data);
    writeFileSync(join(data, 'myid'), `${at + 1}\n`);
    const settings = [
      ...[`tickTime=${tickMs}`, 'initLimit=10', 'syncLimit=5', `dataDir=${data}`],
      ...[`clientPort=${port}`, `clientPortAddress=${this.#place.ip}`, 'maxClientCnxns=0'],
      ...['admin.enableServer=false', '4lw.commands.whitelist=stat,srvr'],
      ...more,
    ];
    writeFileSync(this.#file(at), `${settings.join('\n')}\n`);
  }
}

/** ZooKeeper's administrative commands: four letters in, text out, connection closed. */
function fourLetterWord(host: string, port: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = createConnection(port, host, () => socket.write(word));
    // A server that is still starting may take the connection and never answer.
    socket
      .setTimeout(1000, () => socket.destroy(new Error('no answer')))
      .on('data', (chunk) => (text += chunk))
      .on('end', () => resolve(text))
      .on('error', reject);
  });
}
