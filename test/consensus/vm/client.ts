/** Whom a guest answers that a test plays. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { eventually } from '../group.js';

/** A client of one member's door; what it sends is heard by the guest as "NAME NUMBER". */
export class Client {
  readonly answers: string[] = [];
  private readonly socket: dgram.Socket;

  constructor(
    readonly name: string,
    readonly port: number,
    readonly host = '127.0.0.1',
  ) {
    this.socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
    this.socket.on('message', (bytes) => this.answers.push(bytes.toString('latin1')));
  }

  async listens(): Promise<number> {
    await new Promise<void>((resolve) => this.socket.bind(0, '127.0.0.1', resolve));
    return this.socket.address().port;
  }

  say(text: string): void {
    this.socket.send(`${this.name} ${text}`, this.port, this.host);
  }

  async isAnswered(text: string): Promise<void> {
    this.say(text);
    await eventually(`"${this.name} ${text}" is not answered`, () => this.answers.includes(`${this.name} ${text}`));
  }

  async close(): Promise<void> {
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }
}
