/** A client of the server behind gateways in tests (`server.cc`), and a look at that server itself. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Replica } from '../interpose/group.js';

/** Lines out, lines in; answers come in order. */
export class LineConnection {
  closed = false;
  private rest = '';
  private readonly waiters: { resolve(line: string): void; reject(error: Error): void }[] = [];

  private constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.received(text));
    socket.on('error', () => this.ended());
    for (const event of ['end', 'close']) socket.on(event, () => this.ended());
  }

  static async open(port: number): Promise<LineConnection> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => resolve());
    });
    return new LineConnection(socket);
  }

  /** The next line of the server after these words; rejects when the connection ends before. */
  ask(words: string): Promise<string> {
    if (this.closed) return Promise.reject(new Error('the connection has ended'));
    this.socket.write(`${words}\n`);
    return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }));
  }

  close(): void {
    this.socket.destroy();
  }

  private received(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() as string;
    for (const line of lines) this.waiters.shift()?.resolve(line);
  }

  private ended(): void {
    this.closed = true;
    for (const { reject } of this.waiters.splice(0)) reject(new Error('the connection has ended'));
  }
}

/** One answer of the server behind that replica's gateway, past the gateway. */
export async function askBehind(replica: Replica, words: string): Promise<string> {
  const connection = await LineConnection.open(portBehind(replica));
  const answer = await connection.ask(words);
  connection.close();
  return answer;
}

/** The server itself. */
export function pidBehind({ pid }: Replica): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'));
}

export function portBehind(replica: Replica): number {
  const environment = readFileSync(`/proc/${pidBehind(replica)}/environ`, 'latin1').split('\0');
  return Number(environment.find((entry) => entry.startsWith('PORT0='))?.slice('PORT0='.length));
}
