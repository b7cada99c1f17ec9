/** A client on a host itself, where a pulled cable does not reach: redis-cli, which reads commands and writes answers, a line each. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until } from '../../e2e/system.js';
import type { NamespaceHost } from '../../namespaces.js';
import { patienceMs } from '../machine.js';
import type { GuestPlace } from './failover.js';

export class LocalClient {
  /** Numbers that were answered, in order. */
  readonly answers: number[] = [];

  private constructor(private readonly child: ChildProcess) {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (/^\d+$/.test(line)) this.answers.push(Number(line));
    });
    child.stdin?.on('error', () => {});
  }

  /** Has been answered once. */
  static async start(host: NamespaceHost, guest: GuestPlace): Promise<LocalClient> {
    const [command, ...words] = [...host.enter, 'redis-cli', '-h', guest.host, '-p', String(guest.port)];
    const client = new LocalClient(spawn(command as string, words, { stdio: ['pipe', 'pipe', 'ignore'] }));
    client.ask('STRLEN nothing');
    await until('redis-cli is answered', patienceMs, async () => client.answers.length > 0);
    client.answers.length = 0;
    return client;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  ask(command: string): void {
    this.child.stdin?.write(`${command}\n`);
  }

  close(): void {
    this.child.kill('SIGKILL');
  }
}
