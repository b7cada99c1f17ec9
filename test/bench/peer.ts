import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** What etcd and ZooKeeper look like to the consensus benchmark. */
export interface Peer {
  service: 'etcd' | 'zookeeper';
  /** Of the leading server, on loopback. */
  port: number;
  stop(): Promise<void>;
}

/** Peers keep their data in memory, so that no disk is measured. */
export function memoryDirectory(name: string): string {
  return mkdtempSync(join('/dev/shm', `gaia-bench-${name}-`));
}

/** `count` ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listenAnywhere() {
  return new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

/** Processes of one peer; ended and their directory removed by `stop`, also when the benchmark is interrupted. */
export class Processes {
  private readonly children: ChildProcess[] = [];
  private readonly endAll = () => this.kill();

  constructor(readonly directory: string) {
    process.once('exit', this.endAll);
  }

  /** Gives back the process id. */
  start(name: string, command: string, args: string[]): number {
    const log = openSync(join(this.directory, `${name}.log`), 'a');
    const child = spawn(command, args, { stdio: ['ignore', log, log], cwd: this.directory });
    if (child.pid === undefined) throw new Error(`${command} cannot be started`);
    this.children.push(child);
    return child.pid;
  }

  async stop(): Promise<void> {
    process.off('exit', this.endAll);
    const ended = this.children.map((child) =>
      child.exitCode !== null || child.signalCode !== null
        ? null
        : new Promise((resolve) => child.once('exit', resolve)),
    );
    this.kill();
    await Promise.all(ended);
    rmSync(this.directory, { recursive: true, force: true });
  }

  private kill(): void {
    for (const child of this.children) child.kill('SIGKILL');
  }
}
